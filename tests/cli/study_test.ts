import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { studyCommand } from "../../cli/study.ts";
import { reportCommand } from "../../cli/report.ts";
import { readStudy } from "../../jobs/study/study.ts";
import { registry } from "../../registry/registry.ts";
import {
  checkpointBytes,
  type Flags,
  inFolder,
  readRunJson,
  runConfig,
  runTrain,
  writeSplits,
} from "../_training.ts";
import { listener } from "./_fakes.ts";
import { HOLD_BATCH, holdingMetric } from "./_hold.ts";
import { startCommand } from "./_process.ts";

registry.add(holdingMetric);
const PLUGIN = ["--plugin", fileURLToPath(new URL("./_hold.ts", import.meta.url))];

async function run(args: readonly string[]) {
  const io = listener();
  const code = await studyCommand(args, { io });
  return { code, out: io.outLines, err: io.errLines };
}

/** Writes a study of short runs. */
async function writeStudy(folder: string, points: object, flags: Flags = {}): Promise<string> {
  const file = join(folder, "rates.json");
  const config = runConfig(await writeSplits(folder), flags);
  Deno.writeTextFileSync(file, JSON.stringify({ config, ...points }));
  return file;
}

/** Batches at which the metric holds a process: in epoch 2 of point 3, and in epoch 1 of point 7. */
const HELD = [2 * 18 + 6 + 3, 6 + 6 + 3 * 18 + 2] as const; // of 18: 4 and 2 an epoch, 6 at the end

/** Point and epoch of the lines that say `what` of an epoch. */
function epochsIn(lines: readonly string[], what: string): string[] {
  let point = "";
  return lines.flatMap((line) => {
    point = /^\d+(?= \S+ \()/.exec(line)?.[0] ?? point;
    const [, epoch, rest] = /^epoch (\d)\/2(.*)$/.exec(line) ?? [];
    return rest?.startsWith(what) ? [`${point} epoch ${epoch}`] : [];
  });
}

Deno.test("glovita_study trains each of 12 points once, though it is killed twice", async () => {
  await inFolder(async (folder) => {
    const flags = { "task.metrics": '["acc", "hold"]' };
    const grid = {
      "optimizer.lr": [0.003, 0.01, 0.03],
      "model.head.dropout": [0, 0.5],
      "training.seed": [0, 1],
    };
    const file = await writeStudy(folder, { grid }, flags);
    const command = [file, "--local", ...PLUGIN];
    const said: string[] = [];
    for (const batch of HELD) {
      const running = startCommand("study", command, { env: { [HOLD_BATCH]: String(batch) } });
      await running.until(/^held$/);
      const { out } = await run([file, "--status"]);
      assertEquals(out.filter((line) => / running /.test(line)).length, 1);
      running.kill("SIGKILL");
      const { signal, out: lines } = await running.finished;
      assertEquals(signal, "SIGKILL");
      said.push(...lines);
    }
    const before = await run([file, "--status"]);
    assertEquals(before.out.at(-1), "12 points: 6 waiting, 6 done");
    assert(before.out[7].includes("stopped before its end, goes on there"), before.out[7]);
    const { code, out } = await startCommand("study", command).finished;
    assertEquals([code, out.filter((line) => line.endsWith(": done before")).length], [0, 6]);
    said.push(...out);
    const { points } = readStudy(file);
    const each = points.flatMap((_, at) => [1, 2].map((epoch) => `${at + 1} epoch ${epoch}`));
    assertEquals(epochsIn(said, ": train_loss"), each);
    // Only the two epochs in which it was killed have begun twice.
    const begun = epochsIn(said, ", batch 1/4");
    assertEquals(begun.filter((epoch, at) => begun.indexOf(epoch) < at), [
      "3 epoch 2",
      "7 epoch 1",
    ]);
    assertEquals(begun.length, each.length + 2);

    const after = await run([file, "--status"]);
    assertEquals(after.out.at(-1), "12 points: 12 done");
    for (const [at, { name, settings }] of points.entries()) {
      const own = Object.entries(settings).map(([path, value]) => [path, String(value)]);
      const files = { folder, ...featureFiles(folder) };
      const { directory, done } = await runTrain(files, { ...flags, ...Object.fromEntries(own) });
      const point = join(folder, "experiments/rates/precomputed_features", name, "0");
      for (const checkpoint of ["last", "best"]) {
        assertEquals(checkpointBytes(point, checkpoint), checkpointBytes(directory, checkpoint));
      }
      for (const json of ["metrics.json", "metrics_test.json"]) {
        assertEquals(readRunJson(point, json), readRunJson(directory, json));
      }
      const row = [at + 1, name, "done", done.bestValue, done.test?.test_Accuracy].map((cell) =>
        typeof cell === "number" ? String(Number(cell.toFixed(4))) : cell
      );
      assertEquals(after.out[at + 1].split(/\s+/).slice(0, 5), row);
    }
  });
});

function featureFiles(folder: string) {
  const of = (name: string) => join(folder, `${name}.h5`);
  return { train: of("train"), val: of("val"), test: of("test") };
}

Deno.test("glovita_study trains points on threads, a failed one among them, and reports them", async () => {
  await inFolder(async (folder) => {
    const list = [{ "optimizer.lr": 0.01 }, { "data.num_classes": 1 }, { "optimizer.lr": 0.02 }];
    const file = await writeStudy(folder, { list });
    const { code, out, err } = await run([file, "--local", "--jobs", "2"]);
    assertEquals([code, out.filter((line) => line.endsWith(": done")).length], [1, 2]);
    assertEquals(err.at(-1), "1 of 3 points failed");
    const status = await run([file]);
    assert(/^2 .* failed .*num_classes/.test(status.out[2]), status.out[2]);
    assertEquals(status.out.at(-1), "3 points: 2 done, 1 failed");
    const io = listener();
    const output = join(folder, "report.html");
    assertEquals(await reportCommand([file, "--output", output], { io }), 0);
    assert(Deno.readTextFileSync(output).includes("lr-0.02_"));
  });
});

Deno.test("glovita_study takes the points of its task from the cluster", async () => {
  await inFolder(async (folder) => {
    const grid = { "optimizer.lr": [0.01, 0.02, 0.03] };
    const file = await writeStudy(folder, { grid }, { "training.epochs": "1" });
    const task = (shard: string) => {
      const env = { GLOVITA_SHARD: shard };
      return startCommand("study", [file, "--run", "auto"], { env }).finished;
    };
    const { code, out, err } = await task("2/2");
    assertEquals([code, err], [0, ["note: part 2 of 2, by GLOVITA_SHARD=2/2"]]);
    assertEquals(out.filter((line) => line.endsWith(": done")).length, 1);
    const none = await task("4/4");
    assertEquals(none.err.at(-1), "note: there are 3 points, none is left for this task");
    assertEquals((await run([file])).out.at(-1), "3 points: 2 waiting, 1 done");
    const listed = await run([file, "--list"]);
    assert(/^3 lr-0\.03_\w+ \(optimizer\.lr 0\.03\)$/.test(listed.out[2]), listed.out[2]);
  });
});

Deno.test("glovita_study refuses what it cannot do in one line", async () => {
  await inFolder(async (folder) => {
    const file = await writeStudy(folder, { folds: [0] });
    const cases: [string[], string][] = [
      [[], "STUDY.json: expected one file of a study, received 0"],
      [[file, "--run", "2"], "run: expected a point from 1 to 1, received 2"],
      [[file, "--run", "0"], 'run: expected a number from 1, or auto, received "0"'],
      [[file, "--run", "1", "--local"], "local: expected one of run and local"],
      [[file, "--jobs", "2"], "jobs: expected --local with more than one job"],
    ];
    for (const [args, line] of cases) {
      assertEquals(await run(args), { code: 2, out: [], err: [line] });
    }
    const missing = await run([join(folder, "none.json")]);
    assertEquals([missing.code, missing.err.length], [1, 1]);
  });
});
