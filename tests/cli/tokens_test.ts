import { assertEquals, assertStringIncludes } from "@std/assert";
import { flag } from "../../registry/config/flag.ts";
import { SLOTS } from "../../registry/slots.ts";
import { parseTokens, shorthandOf, splitGlobals } from "../../cli/tokens.ts";
import { fake, fakeRegistry } from "../registry/_fakes.ts";

const registry = fakeRegistry();
registry.add(fake("encoder_type", "residual_encoder"));

function words(line: string): string[] {
  return line === "" ? [] : line.split(" ");
}

Deno.test("parseTokens() reads flags with their values", () => {
  const cases: [string, ReturnType<typeof flag>[]][] = [
    ["", []],
    ["--a.b 1", [flag("a.b", "1")]],
    ["--a.b=1", [flag("a.b", "1")]],
    ["--a.b=", [flag("a.b", "")]],
    ["--a.b=x=y", [flag("a.b", "x=y")]],
    ["--a.b", [flag("a.b")]],
    ["--a-c.no-b", [flag("a_c.no_b")]],
    ["--a.b x y --c z", [flag("a.b", "x", "y"), flag("c", "z")]],
    ["--a.b -1 -2.5 -.5 -1e-3", [flag("a.b", "-1", "-2.5", "-.5", "-1e-3")]],
    ["--a.b=-x", [flag("a.b", "-x")]],
    ["--a.b -", [flag("a.b", "-")]],
    ["-- --a.b 1", [flag("a.b", "1")]],
    ["--a.b C:/data.h5 s3://x", [flag("a.b", "C:/data.h5", "s3://x")]],
    ['--a.b {"x":1}', [flag("a.b", '{"x":1}')]],
    ["--a.b 1 data:cifar10-config", [flag("a.b", "1"), flag("data.dataset", "cifar10")]],
    ["--a.b 1 data:cifar10_config", [flag("a.b", "1"), flag("data.dataset", "cifar10")]],
  ];
  for (const [line, flags] of cases) {
    assertEquals(parseTokens(words(line), registry), { flags, issues: [] }, line);
  }
});

Deno.test("parseTokens() reads the shorthand of every slot", () => {
  const cases: [string, ReturnType<typeof flag>][] = [
    ["data:cifar10-config", flag("data.dataset", "cifar10")],
    ["data:precomputed-features-config", flag("data.dataset", "precomputed_features")],
    ["model.encoder:timm-encoder-config", flag("model.encoder.encoder_type", "timm")],
    [
      "model.encoder:residual-encoder-config",
      flag("model.encoder.encoder_type", "residual_encoder"),
    ],
    ["model.head:clam-head-config", flag("model.head.head_type", "clam")],
    ["peft:full-finetuning-config", flag("peft.method", "full_finetuning")],
    ["logger:mlflow-logger-config", flag("logger.backend", "mlflow")],
    ["logger:no-logger-config", flag("logger.backend", "none")],
    ["model.head:my-own-head-config", flag("model.head.head_type", "my_own")],
    ["data:cifar10_config", flag("data.dataset", "cifar10")],
    ["data:precomputed_features_config", flag("data.dataset", "precomputed_features")],
    ["model.head:clam_head_config", flag("model.head.head_type", "clam")],
    [
      "model.encoder:residualencoder-encoder-config",
      flag(
        "model.encoder.encoder_type",
        "residual_encoder",
      ),
    ],
    ["data:generic3d_dataset_config", flag("data.dataset", "generic3d_dataset")],
  ];
  for (const [token, expected] of cases) {
    assertEquals(parseTokens([token], registry), { flags: [expected], issues: [] }, token);
  }
});

Deno.test("parseTokens() names words that belong to nothing", () => {
  const cases: [string, string][] = [
    ["train", "a word that belongs to none"],
    ["-x", 'begins with "--"'],
    ["modle.head:clam-head-config", 'did you mean "model.head"?'],
    ["model.head:clam", 'expected "model.head:clam-head-config"'],
    ["--", ""],
    ["--=1", "a flag with a name"],
    ["--a..b 1", "a flag with a name"],
  ];
  for (const [line, message] of cases) {
    const { issues } = parseTokens(words(line), registry);
    assertEquals(issues.length, message === "" ? 0 : 1, line);
    assertStringIncludes(issues[0]?.message ?? "", message);
  }
});

Deno.test("shorthandOf() writes what parseTokens() reads", () => {
  for (const slot of ["dataset", "encoder_type", "head_type", "peft", "logger"] as const) {
    const { section, field } = SLOTS[slot];
    for (const key of registry.list(slot)) {
      const token = shorthandOf(SLOTS[slot], key);
      assertEquals(parseTokens([token], registry).flags, [flag(`${section}.${field}`, key)]);
    }
  }
});

Deno.test("splitGlobals() takes the global options out of the line", () => {
  const line = "--a.b 1 --config c.json 2 --plugin p.ts --c --plugin=q.ts --plugin p.ts -h";
  assertEquals(splitGlobals(words(line)), {
    help: true,
    version: false,
    config: "c.json",
    plugins: ["p.ts", "q.ts"],
    rest: ["--a.b", "1", "2", "--c"],
  });
  assertEquals(splitGlobals(["--version", "--config", "--plugin"]), {
    help: false,
    version: true,
    config: "",
    plugins: [""],
    rest: [],
  });
});

Deno.test("splitGlobals() takes a missing value, and an empty one, for an empty text", () => {
  for (const args of [["--config"], ["--config="], ["--config", ""], ["--config", "--help"]]) {
    assertEquals(splitGlobals(args).config, "", args.join(" "));
  }
  assertEquals(splitGlobals(["--plugin", "--plugin=a=b", "--plugin", "-x"]).plugins, [
    "",
    "a=b",
    "-x",
  ]);
});
