import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { flag } from "../../../registry/config/flag.ts";
import { convert, parseList } from "../../../registry/config/words.ts";
import { type AnySchema, readSchema } from "../../../registry/config/schema.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { fakeRegistry, minimalFile } from "../_fakes.ts";

const number = v.number();
const whole = v.pipe(v.number(), v.integer());
const map = v.record(v.string(), v.unknown());

Deno.test("convert() makes what the schema takes", () => {
  const cases: [AnySchema, string[], unknown][] = [
    [number, ["3"], 3],
    [number, ["-1e-3"], -1e-3],
    [number, [".5"], 0.5],
    [number, ["0x10"], "0x10"],
    [number, [""], ""],
    [whole, ["2.5"], 2.5],
    [v.string(), ["3"], "3"],
    [v.string(), ["true"], "true"],
    [v.string(), ["none"], "none"],
    [v.boolean(), [], true],
    [v.boolean(), ["False"], false],
    [v.boolean(), ["true"], true],
    [v.boolean(), ["yes"], "yes"],
    [v.nullable(number), ["none"], null],
    [v.nullable(v.string()), ["None"], null],
    [number, ["None"], null], // left at its default
    [number, ["none"], "none"],
    [v.string(), ["None"], "None"],
    [v.picklist(["None", "a"]), ["None"], "None"],
    [v.boolean(), ["None"], null],
    [v.picklist([1, 2]), ["2"], 2],
    [v.array(number), ["1", "2"], [1, 2]],
    [v.array(number), ["[1, 2]"], [1, 2]],
    [v.array(v.string()), ["[]"], []],
    [v.array(v.string()), ["1"], ["1"]],
    [v.array(v.string()), ["[a"], ["[a"]],
    [v.tuple([v.string(), number]), ["1", "2"], ["1", 2]],
    [map, ['{"a": [1]}'], { a: [1] }],
    [v.union([v.string(), number]), ["7"], 7],
    [v.unknown(), [], true],
    [v.unknown(), ["a"], "a"],
    [v.unknown(), ["007"], "007"],
    [v.unknown(), ["1e3"], 1000],
    [v.unknown(), ["12345678901234567890"], "12345678901234567890"],
    [v.unknown(), ["False"], false],
    [v.unknown(), ["1", "b"], [1, "b"]],
    [v.optional(number, 1), ["2"], 2],
  ];
  for (const [schema, values, expected] of cases) {
    assertEquals(convert(readSchema(schema), values), { value: expected }, values.join(" "));
  }
});

Deno.test("convert() says what is wrong with the number of words, and with JSON", () => {
  const cases: [AnySchema, string[], string][] = [
    [whole, [], "expected a whole number, received nothing"],
    [v.array(number), [], "expected a list, each a number, received nothing"],
    [whole, ["1", "2"], 'expected a whole number, received 2 values: "1" "2"'],
    [map, ["{a"], 'expected JSON, received "{a": '],
  ];
  for (const [schema, values, expected] of cases) {
    const converted = convert(readSchema(schema), values);
    const problem = "problem" in converted ? converted.problem : "";
    assertEquals(problem.slice(0, expected.length), expected);
  }
});

Deno.test("parseList() reads words or one JSON list", () => {
  assertEquals(parseList(["a", "b"]), ["a", "b"]);
  assertEquals(parseList(['["a", 1]']), ["a", 1]);
});

Deno.test("applyFlags() reaches booleans, maps and nested fields", () => {
  const file = minimalFile();
  file.model.head = { head_type: "clam" };
  const { config } = resolveConfig({
    file,
    flags: [
      flag("model.head.instance_eval"),
      flag("model.head.no_gate"),
      flag("model.head.stochastic_topk", "true"),
      flag("data.dataset_kwargs.label_key", "y"),
      flag("add_log.any.path", "2"),
      flag("add_log.note", "a", "b"),
      flag("add_log.debug"),
    ],
  }, fakeRegistry());
  const { instance_eval, gate, stochastic_topk } = config.model.head;
  assertEquals([instance_eval, gate, stochastic_topk], [true, false, true]);
  assertEquals(config.data.dataset_kwargs, { feature_key: "features", label_key: "y" });
  assertEquals(config.add_log, { any: { path: 2 }, note: ["a", "b"], debug: true });
});

Deno.test("applyFlags() lets the last flag win", () => {
  const { config } = resolveConfig({
    file: minimalFile(),
    flags: [
      flag("training.epochs", "1"),
      flag("training.epochs", "2"),
      flag("model.head.head_type", "clam"),
      flag("model.head.no_gate"),
      flag("model.head.gate"),
    ],
  }, fakeRegistry());
  assertEquals([config.training.epochs, config.model.head.gate], [2, true]);
});

Deno.test("flag() splits the path", () => {
  assertEquals(flag("a.b", "1", "2"), { path: ["a", "b"], values: ["1", "2"] });
});

Deno.test("resolveConfig() takes None for a schedule, a logger and a field that has a default", () => {
  const flags = [
    flag("optimizer.scheduler", "None"),
    flag("logger.backend", "None"),
    flag("training.epochs", "None"),
    flag("data.data_fraction", "None"),
  ];
  const { config } = resolveConfig({ file: minimalFile(), flags }, fakeRegistry());
  const { optimizer, logger, training, data } = config;
  assertEquals(
    [optimizer.scheduler, logger.backend, training.epochs, data.data_fraction],
    ["none", "none", 20, null],
  );
});
