import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { packCommand, type PackCommandOptions } from "../../cli/pack.ts";
import type { StopSignal } from "../../cli/signals.ts";
import { PRODUCERS } from "../jobs/pack/_slides.ts";
import { inFolder } from "../_training.ts";
import { listener } from "./_fakes.ts";

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
