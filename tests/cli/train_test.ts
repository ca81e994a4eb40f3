import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DataError } from "../../engine/errors.ts";
import { encodeAs } from "../_encodings.ts";
import { MINIMAL, runTrain } from "./_fakes.ts";

const here = new URL(".", import.meta.url).pathname;

Deno.test("trainCommand() trains with the resolved config", async () => {
  const { code, config, err } = await runTrain([...MINIMAL, "--training.epochs=3"]);
  assertEquals([code, config?.training.epochs, err], [0, 3, []]);
});

Deno.test("trainCommand() takes both styles as equal, freely mixed", async () => {
  const rest =
    "--data.num_classes 2 --data.train_features_file a.h5 --data.val_features_file b.h5 " +
    "--model.encoder.feature_dim 64 --model.head.no_gate --dataloading.batch_size 8";
  const explicit = "--data.dataset precomputed_features --model.encoder.encoder_type precomputed " +
    "--model.head.head_type clam --peft.method full_finetuning --logger.backend none";
  const lines = [
    `${explicit} ${rest}`,
    `${rest} ${explicit}`.replaceAll(/(?<=--\S*)_/g, "-"),
    "data:precomputed-features-config model.encoder:precomputed-encoder-config " +
    `model.head:clam-head-config peft:full-finetuning-config logger:no-logger-config ${rest}`,
    `--dataloading.batch_size=8 --model.head.gate false data:precomputed-features-config ` +
    "--data.num_classes 2 model.encoder:precomputed-encoder-config " +
    "--data.train_features_file=a.h5 --data.val_features_file b.h5 --model.head.head_type clam " +
    "--model.encoder.feature-dim=64",
  ];
  const outcomes = await Promise.all(lines.map((line) => runTrain(line.split(" "))));
  for (const { code, config } of outcomes) {
    assertEquals(code, 0);
    assertEquals(config, outcomes[0].config);
  }
});

Deno.test("trainCommand() exits with 2 and every problem on its own line", async () => {
  const { code, err, config } = await runTrain([
    "lost",
    ...MINIMAL,
    "--training.epochs",
    "0",
    "--model.head.head_type",
    "clamm",
  ]);
  assertEquals([code, config], [2, undefined]);
  assertEquals(err, [
    "lost: expected a flag such as --training.epochs, received a word that belongs to none",
    'model.head.head_type: expected one of "clam", "classification", received "clamm", ' +
    'did you mean "clam"?',
    "training.epochs: expected a whole number of at least 1, received 0",
  ]);
});

Deno.test("trainCommand() reads a config file below the flags", async () => {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(file, '\uFEFF{"training": {"epochs": 5, "seed": 1}}');
  const { config } = await runTrain([...MINIMAL, "--config", file, "--training.epochs", "6"]);
  assertEquals([config?.training.epochs, config?.training.seed], [6, 1]);
  await Deno.writeTextFile(file, "{oops");
  const broken = await runTrain([...MINIMAL, "--config", file]);
  assertEquals([broken.code, broken.err.length], [2, 1]);
  assertStringIncludes(broken.err[0], `--config: expected JSON in "${file}"`);
  await Deno.writeTextFile(file, "[1]");
  const list = await runTrain([...MINIMAL, "--config", file]);
  assertStringIncludes(list.err[0], "expected a JSON object");
  const utf16 = encodeAs('\ufeff{"training": {"epochs": 7}}', "utf-16le");
  await Deno.writeFile(file, utf16);
  assertEquals((await runTrain([...MINIMAL, "--config", file])).config?.training.epochs, 7);
  const refused: readonly (readonly [string | Uint8Array<ArrayBuffer>, string])[] = [
    [encodeAs('{"exp_dir": "größe"}', "windows-1252"), "line 1 is not UTF-8, it is probably"],
    ['{"data": {},\n"data": {}}', 'line 2 repeats the name "data"'],
    ['{"a":'.repeat(50_000) + "1" + "}".repeat(50_000), "it nests deeper than 200 levels"],
  ];
  for (const [content, reason] of refused) {
    if (typeof content === "string") await Deno.writeTextFile(file, content);
    else await Deno.writeFile(file, content);
    const { code, err } = await runTrain([...MINIMAL, "--config", file]);
    assertEquals([code, err.length], [2, 1]);
    assertStringIncludes(err[0], reason);
  }
  await Deno.remove(file);
  const missing = await runTrain([...MINIMAL, "--config", file]);
  assertEquals([missing.code, missing.err], [
    2,
    [`--config: expected a JSON file, received "${file}": does not exist`],
  ]);
  const nameless = await runTrain([...MINIMAL, "--config"]);
  assertEquals(nameless.err, ["--config: expected the path of a JSON file, received nothing"]);
});

Deno.test("trainCommand() imports plugins before it resolves", async () => {
  const plugin = `${here}_mean_pooling.ts`;
  const args = [...MINIMAL, "--model.head.head_type", "mean_pooling"];
  const { code, config, plugins } = await runTrain([...args, "--plugin", plugin]);
  assertEquals([code, plugins], [0, [plugin]]);
  assertEquals(config?.model.head, { head_type: "mean_pooling", hidden_dim: 32 });
  const url = new URL("_mean_pooling.ts", import.meta.url).href;
  assertEquals((await runTrain([...args, `--plugin=${url}`])).code, 0);
  assertEquals((await runTrain(args)).code, 2);
});

Deno.test("trainCommand() names a plugin that cannot be loaded, in one line", async () => {
  const folder = await Deno.makeTempDir();
  const cases: [string, string, string][] = [
    ["missing.ts", "", "file does not exist"],
    ["empty.ts", "export const a = 1;", "neither exports nor registers a plugin"],
    ["broken.ts", "export const = 1;", ""],
    ["throws.ts", 'throw new Error("first\\nsecond");', ": first"],
    [
      "wrong.ts",
      'export const p = { slot: "heads", key: "x", config: {}, create() {} };',
      'slot "heads" does not exist',
    ],
  ];
  for (const [name, text, message] of cases) {
    const file = `${folder}/${name}`;
    if (text !== "") await Deno.writeTextFile(file, text);
    const { code, err } = await runTrain([...MINIMAL, "--plugin", file]);
    assertEquals([code, err.length], [2, 1], err.join("\n"));
    assertStringIncludes(err[0], `Cannot load plugin "${file}": `);
    assertStringIncludes(err[0], message);
  }
  const bare = await runTrain([...MINIMAL, "--plugin", "no-such-package-here"]);
  assertEquals([bare.code, bare.err.length], [2, 1]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("trainCommand() continues a run with the run's own config", async () => {
  const group = await Deno.makeTempDir();
  const run = `${group}/0`;
  await Deno.mkdir(run);
  const first = await runTrain([...MINIMAL, "--training.epochs", "3"]);
  await Deno.writeTextFile(`${run}/resolved_config.json`, JSON.stringify(first.config));
  const second = await runTrain(["--training.resume", `${run}/`]);
  assertEquals(second.code, 0);
  assertEquals(second.config, {
    ...first.config!,
    training: { ...first.config!.training, resume: `${run}/` },
  });
  const longer = await runTrain(["--training.resume", run, "--training.epochs", "9"]);
  assertEquals(longer.config?.training.epochs, 9);

  const mistakes: [string[], string][] = [
    [["--training.resume", group], `did you mean "${run}"?`],
    [["--training.resume", `${group}/1`], "expected a run directory with resolved_config.json"],
    [["--training.resume", run, "--config", "a.json"], "expected no config file"],
  ];
  await Deno.mkdir(`${group}/2`);
  await Deno.writeTextFile(`${group}/2/resolved_config.json`, '{"data":');
  mistakes.push([["--training.resume", `${group}/2`], "training.resume: expected JSON in"]);
  for (const [args, message] of mistakes) {
    const { code, err } = await runTrain(args);
    assertEquals([code, err.length], [2, 1], err.join("\n"));
    assertStringIncludes(err[0], message);
  }
  await Deno.remove(group, { recursive: true });
});

Deno.test("trainCommand() writes notices to stderr", async () => {
  const { code, err } = await runTrain([...MINIMAL, "--dataloading.pin_memory"]);
  assertEquals([code, err], [0, [
    "note: ignored: dataloading.pin_memory (not used by this command)",
  ]]);
});

Deno.test("trainCommand() exits with 1 for bad data, without a stack", async () => {
  const { code, err } = await runTrain(MINIMAL, () => {
    throw new DataError("Cannot read a.h5: NaN in row 3", { file: "a.h5", index: 3 });
  });
  assertEquals([code, err], [1, ["Cannot read a.h5: NaN in row 3"]]);
});

Deno.test("trainCommand() exits with 70 for a bug, with a stack only on request", async () => {
  const bug = () => {
    throw new TypeError("x is undefined");
  };
  Deno.env.delete("GLOVITA_DEBUG");
  const quiet = await runTrain(MINIMAL, bug);
  assertEquals([quiet.code, quiet.err.length], [70, 2]);
  Deno.env.set("GLOVITA_DEBUG", "1");
  const loud = await runTrain(MINIMAL, bug);
  Deno.env.delete("GLOVITA_DEBUG");
  assertEquals(loud.code, 70);
  assert(loud.err.join("\n").includes("train_test.ts"));
});

Deno.test("trainCommand() stops at a signal and says how to continue", async () => {
  const { code, err } = await runTrain(MINIMAL, ({ signal, onEvent }, press) => {
    onEvent({
      type: "run",
      directory: "exp/ds/g/0",
      fold: 0,
      folds: 1,
      epochs: 3,
      firstEpoch: 1,
      batches: 2,
      samples: {},
      parameters: 1,
      parameterCounts: [],
    });
    press("SIGINT");
    signal.throwIfAborted();
  });
  assertEquals(code, 130);
  assertEquals(
    err.at(-1),
    "interrupted; continue with: glovita_train --training.resume exp/ds/g/0",
  );
});

Deno.test("trainCommand() stopped before a checkpoint has nothing to continue", async () => {
  const { code, err } = await runTrain(MINIMAL, ({ signal }, press) => {
    press("SIGTERM");
    signal.throwIfAborted();
  });
  assertEquals(code, 143);
  assertStringIncludes(err.at(-1)!, "nothing to continue");
});

Deno.test("trainCommand() still reports what went wrong while it stopped", async () => {
  const { code, err } = await runTrain(MINIMAL, (_, press) => {
    press("SIGINT");
    throw new DataError("Cannot write last.pt: disk is full");
  });
  assertEquals([code, err.at(-1)], [1, "Cannot write last.pt: disk is full"]);
});

Deno.test("trainCommand() shows the version", async () => {
  const { code, out } = await runTrain(["--version"]);
  assertEquals(code, 0);
  assert(/^glovita_train \d+\.\d+\.\d+/.test(out[0]));
});
