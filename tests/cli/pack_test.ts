import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { packCommand, type PackCommandOptions } from "../../cli/pack.ts";
import type { StopSignal } from "../../cli/signals.ts";
import { contentOf, PRODUCERS } from "../jobs/pack/_slides.ts";
import { inFolder } from "../_training.ts";
import { listener } from "./_fakes.ts";
import { startCommand } from "./_process.ts";

/** Runs the command, and gives lines without the folder. */
async function run(folder: string, args: readonly string[], options: PackCommandOptions = {}) {
  const io = listener();
  const code = await packCommand(args, { io, ...options });
  const shown = (lines: readonly string[]) => lines.map((line) => line.replaceAll(folder, "F"));
  return { code, out: shown(io.outLines), err: shown(io.errLines) };
}

const { "data.data_root_dir": ROOT, "data.labels_file": LABELS, "data.split_file": SPLITS } =
  PRODUCERS.clam;
const CLAM = [ROOT, "--labels_file", LABELS, "--split_file", SPLITS];

Deno.test("glovita_pack takes a directory, and options of the dataset without data.", async () => {
  await inFolder(async (folder) => {
    const packed = [...CLAM, "--output_dir", join(folder, "packed")];
    const first = await run(folder, [...packed, "--precision", "16"]);
    const lines = [
      "train: F/packed/bags_train.h5, 18 samples, 440 x 32 float16",
      "val: F/packed/bags_val.h5, 11 samples, 194 x 32 float16",
      "test: F/packed/bags_test.h5, 11 samples, 251 x 32 float16",
    ];
    assertEquals(first, {
      code: 0,
      out: lines,
      err: ["note: features of 40 slides are float32, stored as float16"],
    });
    const again = await run(folder, packed);
    assertEquals([again.code, again.err], [1, [
      'Cannot write "F/packed/bags_train.h5": it is there already; --resume keeps it, ' +
      "--overwrite replaces it",
    ]]);
    const kept = await run(folder, [...packed, "--precision=16", "--resume", "--max_instances=5"]);
    assertEquals(kept.out, lines.map((line) => `${line}, finished before`));
    assertEquals(kept.err[0], "note: ignored: data.max_instances (not used by this run)");
  });
});

Deno.test("glovita_pack wants one directory, and a folder for its files", async () => {
  const expected = "data.data_root_dir: expected one directory of slides, as in glovita_pack DIR, ";
  const table = ["--labels_file", LABELS];
  const out = ["--output_dir", "out"];
  const cases: [string[], string][] = [
    [[...table, ...out], `${expected}received nothing`],
    [["a", "b", ...table, ...out], `${expected}received ["a","b"]`],
    [["a", ...table, ...out, "--data_root_dir", "b"], `${expected}received ["a","b"]`],
    [["a", ...table], "output_dir: expected a path, received nothing"],
    [
      ["a", ...table, ...out, "--precision", "8"],
      'precision: expected one of 16, 32, received "8"',
    ],
    [
      ["a", ...table, ...out, "--resume", "--overwrite"],
      "overwrite: expected resume or overwrite, not both",
    ],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await run("no folder", args);
    assertEquals([code, err], [2, [message]], args.join(" "));
  }
});

Deno.test("glovita_pack shows its help", async () => {
  const { code, out } = await run("no folder", ["--help"]);
  assertEquals([code, out[0]], [0, "Usage: glovita_pack DIR [--section.field value ...]"]);
  for (const name of ["--output_dir", "--precision", "--data.labels_file", "--data.split_file"]) {
    assert(out.some((line) => line.trim().startsWith(name)), name);
  }
});

Deno.test("glovita_pack ends in order when it is stopped", async () => {
  await inFolder(async (folder) => {
    let press = (_: StopSignal) => {};
    const listen = (onSignal: typeof press) => {
      press = onSignal;
      return () => {};
    };
    const io = listener();
    const out = (line: string) => {
      io.out(line);
      press("SIGTERM");
    };
    const args = [...CLAM, "--output_dir", join(folder, "packed")];
    const code = await packCommand(args, { io: { ...io, out }, listen });
    assertEquals([code, io.outLines.length], [143, 1]);
    assertEquals(io.errLines, [
      "SIGTERM: stopping after this slide; once more stops at once",
      "interrupted; the same command with --resume keeps the files that are finished",
    ]);
    const names = Array.from(Deno.readDirSync(join(folder, "packed")), ({ name }) => name);
    assertEquals(names, ["bags_train.h5"]);
  });
});

Deno.test("glovita_pack takes its part from the cluster, and joins the parts that it finds", async () => {
  await inFolder(async (folder) => {
    const task = async (index: number, ...more: string[]) => {
      const env = { JOB_COMPLETION_INDEX: String(index), JOB_COMPLETIONS: "2" };
      const args = [...CLAM, "--output_dir", join(folder, "parts"), ...more];
      return await startCommand("pack", args, { env }).finished;
    };
    const last = await task(1, "--shard", "auto");
    assertEquals([last.code, last.err[0]], [0, "note: part 2 of 2, by JOB_COMPLETION_INDEX=1"]);
    const kept = await task(1, "--shard", "auto");
    assertEquals(kept.out, last.out.map((line) => `${line}, finished before`));
    const early = await task(0, "--merge", "auto");
    const missing = "1 of 2 parts is missing: bags_train.shard-1-of-2.h5";
    assertEquals([early.code, early.err.at(-1)?.endsWith(missing)], [1, true], early.err.join());
    const none = await task(2, "--shard", "auto");
    assertEquals([none.code, none.err], [2, [
      "shard: expected one of 2 parts, up to 10000, received JOB_COMPLETION_INDEX=2",
    ]]);
    assertEquals((await task(0, "--shard", "auto")).code, 0);
    const merged = await task(0, "--merge", "auto");
    const whole = await run(folder, [...CLAM, "--output_dir", join(folder, "whole")]);
    const ofParts = merged.out.map((line) => line.replace(join(folder, "parts"), "F/whole"));
    assertEquals([merged.code, ofParts], [0, whole.out]);
    for (const split of ["train", "val", "test"]) {
      const [a, b] = ["parts", "whole"].map((name) => join(folder, name, `bags_${split}.h5`));
      assertEquals(await contentOf(a), await contentOf(b));
    }
  });
});
