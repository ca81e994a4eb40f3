/** Runs that go on with other data, or without the numbers of the epochs before. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import {
  checkpointBytes,
  classSamples,
  type Flags,
  inFolder,
  listenTo,
  ofType,
  type Outcome,
  readRunJson,
  runTrain,
  writeHdf5,
  writeSplits,
} from "../../_training.ts";

const ANYWAY: Flags = { "training.resume_anyway": "true" };

/** Goes on with a run for one more epoch. */
async function resumeRun(directory: string, flags: Flags = {}): Promise<Outcome> {
  const file = readRunJson(directory, "resolved_config.json");
  const given = { "training.resume": directory, "training.epochs": "3", ...flags };
  const list = Object.entries(given).map(([path, value]) => flag(path, value));
  return await listenTo(resolveConfig({ file, flags: list }).config);
}

function notices({ events }: Outcome): string[] {
  return ofType(events, "notice").map(({ message }) => message);
}

Deno.test("train() does not go on with other data, unless it is told to", async () => {
  const other = classSamples(60, 7);
  const more = classSamples(160, 1);
  const labels = Int32Array.from({ length: 60 }, (_, i) => (i + 1) % 3);
  const relabelled = { ...classSamples(60, 1), labels: { data: labels, shape: [60] } };
  const changes = [
    ["train", other, "time of the newest change was "],
    ["train", more, "number of samples was 60, is 160"],
    ["train", relabelled, "hash of labels was "],
    ["val", classSamples(25, 2), "number of samples was 24, is 25"],
    ["test", classSamples(17, 3), "number of samples was 18, is 17"],
  ] as const;
  for (const [split, samples, state] of changes) {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder);
      const { directory } = await runTrain(files);
      const before = checkpointBytes(directory);
      await writeHdf5(files[split], samples);
      await Deno.utime(files[split], 1e9, 1e9);
      const error = await assertRejects(() => resumeRun(directory), DataError);
      const line = `its ${split} data is not what it was, ${state}`;
      assert(error.message.startsWith(`Cannot resume "${directory}": ${line}`), error.message);
      assert(error.message.endsWith("; --training.resume_anyway goes on"), error.message);
      assertEquals(checkpointBytes(directory), before);
      const told = notices(await resumeRun(directory, ANYWAY));
      assert(told.some((text) => text.startsWith(`"${directory}": ${line}`)), told.join());
      assert(told[0].endsWith("; going on anyway"), told.join());
      // What it went on with is what is compared from now on.
      assertEquals(notices(await resumeRun(directory, { "training.epochs": "4" })), []);
      const { training } = readRunJson<{ training: Record<string, unknown> }>(
        directory,
        "resolved_config.json",
      );
      assertEquals([training.resume, training.resume_anyway], [null, false]);
    });
  }
});

Deno.test("train() goes on with the same data in another place", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { directory } = await runTrain(files);
    const moved = join(folder, "moved.h5");
    await Deno.rename(files.train, moved);
    const outcome = await resumeRun(directory, { "data.train_features_file": moved });
    assertEquals(notices(outcome), []);
    assertEquals(outcome.results.length, 1);
  });
});

Deno.test("train() says where a run does not record its data", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { directory } = await runTrain(files);
    await Deno.remove(join(directory, "runtime_info.json"));
    assertEquals(notices(await resumeRun(directory)), [
      `"${directory}" does not record its data: whether it is the same is not known`,
    ]);
    assertEquals(notices(await resumeRun(directory, { "training.epochs": "4" })), []);
  });
});

Deno.test("train() does not go on without the numbers of earlier epochs, unless it is told to", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { directory, done } = await runTrain(files);
    const file = join(directory, "metrics.json");
    const { train, val } = readRunJson<Record<"train" | "val", unknown[]>>(
      directory,
      "metrics.json",
    );
    const leave = [
      [() => Deno.remove(file), 0],
      [() => Deno.writeTextFile(file, JSON.stringify({ train: [train[0]], val: [val[0]] })), 1],
    ] as const;
    for (const [spoil, length] of leave) {
      await spoil();
      const error = await assertRejects(() => resumeRun(directory), DataError);
      assertEquals(
        error.message,
        `Cannot resume from "${file}": it has numbers of ${length} epochs, "last.pt" is of 2; ` +
          "--training.resume_anyway goes on",
      );
    }
    // A best value that nothing has measured would keep the best epoch from being found.
    const measured = JSON.stringify({ train, val });
    for (const value of [1e30, -1, null]) {
      const changed = JSON.parse(measured);
      changed.val[done.bestEpoch].val_Accuracy = value;
      await Deno.writeTextFile(file, JSON.stringify(changed));
      const error = await assertRejects(() => resumeRun(directory), DataError);
      assertEquals(
        error.message,
        `Cannot resume from "${file}": val_Accuracy of epoch ${done.bestEpoch + 1} is ` +
          `${value ?? NaN}, "last.pt" has ${done.bestValue} as the best value; ` +
          "--training.resume_anyway goes on",
      );
    }
    await Deno.writeTextFile(file, JSON.stringify({ train: [train[0]], val: [val[0]] }));
    const { results } = await resumeRun(directory, ANYWAY);
    assertEquals(results.length, 1);
    await Deno.writeTextFile(file, '{"train": [null, null], "val": [null, null]}');
    const error = await assertRejects(() => resumeRun(directory, ANYWAY), DataError);
    assert(error.message.startsWith(`Cannot read "${file}": its epochs are not objects`));
  });
});
