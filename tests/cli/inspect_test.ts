import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { inspectCommand, type InspectCommandOptions } from "../../cli/inspect.ts";
import type { StopSignal } from "../../cli/signals.ts";
import type { Inspection } from "../../jobs/inspect/inspection.ts";
import { PRODUCERS, SLIDES, writeCohort } from "../_slides.ts";
import { H5_FOLDER, TemporaryFolder } from "../engine/storage/testdata.ts";
import { listener } from "./_fakes.ts";

const GOOD = join(H5_FOLDER, "instance_f32.h5");
const BAD = join(H5_FOLDER, "features_nan.h5");

async function run(args: readonly string[], options: InspectCommandOptions = {}) {
  const io = listener();
  const code = await inspectCommand(args, { io, ...options });
  return { code, out: io.outLines, err: io.errLines };
}

Deno.test("glovita_inspect exits with 0 for what training takes, and with 1 for what it does not", async () => {
  const good = await run([GOOD]);
  assertEquals([good.code, good.err, good.out.at(-1)], [0, [], "  no problems"]);
  const both = await run([BAD, GOOD]);
  assertEquals([both.code, both.err], [1, []]);
  assertEquals(both.out.filter((line) => /^\S/.test(line)).length, 2);
  assertEquals(
    both.out[both.out.indexOf("  1 problem") + 1],
    `    Cannot use "${BAD}": dataset "features", row 2 holds NaN`,
  );
  assertEquals((await run([BAD, "--no_scan"])).code, 0);
});

for (const [name, { root, ...dataset }] of Object.entries(PRODUCERS)) {
  Deno.test(`glovita_inspect takes the tables and splits of ${name}, with and without "data."`, async () => {
    const flags = (prefix: string) =>
      Object.entries(dataset).flatMap((
        [field, value],
      ) => [`--${prefix}${field}`, ...[value].flat()]);
    const short = await run([root, ...flags("")]);
    assertEquals([short.code, short.err], [0, []]);
    assertStringIncludes(short.out.join("\n"), "32 wide, float");
    assertMatch(short.out.join("\n"), /\n {2}all +40 /);
    assertEquals(await run([root, ...flags("data.")]), short);
    assertEquals(short.out.filter((line) => line.length > 100 && !line.startsWith("    ")), []);
  });
}

Deno.test("glovita_inspect --json writes JSON and nothing else, one object per path", async () => {
  const { code, out, err } = await run(["--json", GOOD, BAD]);
  const found: Inspection[] = JSON.parse(out.join("\n"));
  assertEquals([code, err, found.map(({ path }) => path)], [1, [], [GOOD, BAD]]);
  assertEquals(found.map(({ kind, problems }) => [kind, problems.length]), [
    ["feature_file", 0],
    ["feature_file", 1],
  ]);
});

Deno.test("glovita_inspect takes the folder that a config names", async () => {
  using folder = new TemporaryFolder();
  const labels_file = await writeCohort(folder.path, 6);
  const config = folder.file("config.json");
  const data = {
    dataset: "slide_features",
    data_root_dir: folder.path,
    labels_file,
    max_instances: 8,
  };
  await Deno.writeTextFile(config, JSON.stringify({ data, training: { epochs: 3 } }));
  const { code, out, err } = await run(["--config", config]);
  assertEquals([code, out[0]], [0, `${folder.path}: 12 slides, 2 wide, float32`]);
  assertEquals(err, ["note: ignored: data.max_instances (not used by this command)"]);
});

Deno.test("glovita_inspect names patients on two sides, and exits with 1", async () => {
  using folder = new TemporaryFolder();
  const labels_file = await writeCohort(folder.path, 6);
  const split_file = folder.file("splits.json");
  await Deno.writeTextFile(split_file, '{"train": ["s0", "s2"], "val": ["s4"], "test": ["s1"]}');
  const args = [folder.path, "--labels_file", labels_file, "--split_file", split_file];
  const { code, out } = await run(args);
  assertEquals([code, out.at(-2), out.at(-1)], [
    1,
    "  1 problem",
    `    Cannot use "${split_file}": patient "p0" is on two sides, "s0" in train and "s1" in test`,
  ]);
  assertEquals(out.some((line) => line === "  leaks   1 patient on two sides"), true);
});

Deno.test("glovita_inspect refuses what it cannot understand", async () => {
  const wrong: [string[], string][] = [
    [[], "PATH: expected at least one file or folder"],
    [["--json"], "PATH: expected at least one file or folder"],
    [
      [GOOD, "--epochs", "3"],
      "epochs: expected a section or field of the config, received an unknown name",
    ],
    [
      [SLIDES, "--split_file", "a.json"],
      "data.labels_file: expected a table of labels, as data.split_file is given",
    ],
    [
      [SLIDES, "--val_fraction", "2"],
      "data.val_fraction: expected a number of at least 0 and below 1, received 2",
    ],
  ];
  for (const [args, message] of wrong) {
    const { code, out, err } = await run(args);
    assertEquals([code, out], [2, []], args.join(" "));
    assertStringIncludes(err.join("\n"), message);
  }
});

Deno.test("glovita_inspect stops in order", async () => {
  let press: (signal: StopSignal) => void = () => {};
  const { code, out, err } = await run([GOOD, GOOD], {
    listen(onSignal) {
      press = onSignal;
      return () => {};
    },
    loadInspect: () =>
      Promise.resolve((_path, { signal }) => {
        press("SIGTERM");
        signal!.throwIfAborted();
        throw new Error("It went on");
      }),
  });
  assertEquals([code, out], [143, []]);
  assertEquals(err.at(-1), "interrupted; nothing is said of what was not read");
});

Deno.test("glovita_inspect --help lists its own flags, those of the dataset, and examples", async () => {
  const { code, out } = await run(["--help"]);
  const text = out.join("\n");
  assertEquals([code, out[0]], [0, "Usage: glovita_inspect PATH ... [--section.field value ...]"]);
  for (
    const part of [
      "--json, --no_json",
      "--scan, --no_scan",
      "--data.labels_file PATH",
      "glovita_inspect train.h5",
    ]
  ) {
    assertStringIncludes(text, part);
  }
  assertMatch((await run(["--version"])).out[0], /^glovita_inspect \d/);
});
