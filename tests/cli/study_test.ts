import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { studyCommand } from "../../cli/study.ts";
import { reportCommand } from "../../cli/report.ts";
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

Deno.test("glovita_study trains each of 12 points once, though it is killed twice", async () => {
  await inFolder(async (folder) => {
    const flags = { "task.metrics": '["acc", "hold"]' };
    const lr = [0.003, 0.01, 0.03];
    const grid = { "optimizer.lr": lr, "model.head.dropout": [0, 0.5], "training.seed": [0, 1] };
    const file = await writeStudy(folder, { grid }, flags);
    const command = [file, "--local", ...PLUGIN];
    const epochs: string[] = [];
    // A point has 8 batches of training, 4 of validation and 2 of its end.
    for (const batch of [38, 51]) {
      const running = startCommand("study", command, { env: { [HOLD_BATCH]: String(batch) } });
      await running.until(/^held$/);
      const { out } = await run([file, "--status"]);
      assertEquals(out.filter((line) => / running /.test(line)).length, 1);
      running.kill("SIGKILL");
      const { signal, out: said } = await running.finished;
      assertEquals(signal, "SIGKILL");
      epochs.push(...said.filter((line) => /epoch \d\/2: /.test(line)));
    }
    const before = await run([file, "--status"]);
    assert(/^12 points: \d+ waiting, \d+ done$/.test(before.out.at(-1)!), before.out.at(-1));
    assert(before.out.some((line) => line.includes("stopped before its end, goes on there")));
    const { code, out } = await startCommand("study", command).finished;
    assertEquals(code, 0);
    epochs.push(...out.filter((line) => /epoch \d\/2: /.test(line)));
    assertEquals(epochs.length, 24); // each epoch of each point once
    assert(out.filter((line) => line.endsWith(": done before")).length > 0);
    const after = await run([file, "--status"]);
    assertEquals(after.out.at(-1), "12 points: 12 done");

    const names = after.out.slice(1, -1).map((line) => line.split(/\s+/)[1]);
    for (const at of [0, 3, 7, 11]) {
      const alone = await runTrain(
        { folder, ...featureFiles(folder) },
        {
          ...flags,
          "optimizer.lr": String(lr[Math.floor(at / 4)]),
          "model.head.dropout": at % 4 < 2 ? "0" : "0.5",
          "training.seed": String(at % 2),
        },
      );
      const point = join(folder, "experiments/rates/precomputed_features", names[at], "0");
      assertEquals(checkpointBytes(point), checkpointBytes(alone.directory));
      for (const name of ["metrics.json", "metrics_test.json"]) {
        assertEquals(readRunJson(point, name), readRunJson(alone.directory, name));
      }
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
