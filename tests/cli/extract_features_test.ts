import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { extractCommand, type ExtractCommandOptions } from "../../cli/extract_features.ts";
import type { StopSignal } from "../../cli/signals.ts";
import { openFeatureFile } from "../../engine/features/feature_file.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import type { ExtractConfig } from "../../registry/config/extract.ts";
import { extractionRegistry, HOLD_AT } from "../_extraction.ts";
import { until } from "../_until.ts";
import { listener } from "./_fakes.ts";
import { runCommand, startCommand } from "./_process.ts";

const MADE_UP = ["--data.dataset", "made_up", "--model.encoder.encoder_type", "tiny"];

/** Runs the command on made-up plugins. */
async function runExtract(args: readonly string[], options: ExtractCommandOptions = {}) {
  const io = listener();
  const code = await extractCommand(args, {
    io,
    registry: extractionRegistry(),
    loadBuiltIns: () => Promise.resolve(),
    ...options,
  });
  return { code, out: io.outLines, err: io.errLines };
}

/** Runs the command up to its resolved config. */
async function resolved(args: readonly string[]) {
  let config: ExtractConfig | undefined;
  const loadExtract = () =>
    Promise.resolve((given: ExtractConfig) => Promise.resolve(config = given));
  const outcome = await runExtract(args, { loadExtract });
  return { ...outcome, config };
}

Deno.test("glovita_extract_features resolves its defaults", async () => {
  const { code, config } = await resolved(MADE_UP);
  assertEquals(code, 0);
  const { data, model, peft, ...rest } = config!;
  assertEquals([data.dataset, model.encoder.type, peft.method], [
    "made_up",
    "tiny/v1.0",
    "full_finetuning",
  ]);
  assertEquals(rest, {
    checkpoint_path: null,
    method: "joint",
    split: null,
    precision: 16,
    precision_compute: 32,
    float32_matmul_precision: "highest",
    device: "cpu",
    device_id: 0,
    device_check: true,
    compression: 4,
    output_dir: "./precomputed_features",
    output_filename: null,
    use_eval_transform_for_train: true,
    merge_adapters: false,
    resume: false,
    resume_anyway: false,
    shard: null,
    merge: null,
    dataloading: { batch_size: 32, num_workers: null },
  });
});

Deno.test("glovita_extract_features takes flags of both styles", async () => {
  const words = "data:made-up-config model.encoder:tiny-encoder-config --method cls_token " +
    "--no_use_eval_transform_for_train --precision=32 --shard 2/3";
  const { config } = await resolved(words.split(" "));
  const { method, use_eval_transform_for_train, precision, shard } = config!;
  assertEquals([method, use_eval_transform_for_train, precision, shard], [
    "cls_token",
    false,
    32,
    "2/3",
  ]);
});

Deno.test("glovita_extract_features names every wrong flag", async () => {
  const { code, err } = await resolved([
    ...MADE_UP,
    ...["--precision", "8", "--compression", "10", "--metod", "joint", "--shard", "0/2"],
    ...["--training.epochs", "3"],
  ]);
  assertEquals(code, 2);
  assertEquals(err, [
    'metod: expected a section or field of the config, received an unknown name, did you mean "method"?',
    "training: expected a section or field of the config, received an unknown name",
    'precision: expected one of 16, 32, received "8"',
    "compression: expected a whole number from 0 to 9, received 10",
    'shard: expected i/n, such as 1/4, with n up to 10000, or auto, received "0/2"',
  ]);
});

Deno.test("glovita_extract_features says what is without effect in a training's config", async () => {
  const file = join(Deno.makeTempDirSync(), "config.json");
  const data = { dataset: "made_up" };
  const model = { encoder: { encoder_type: "tiny" } };
  Deno.writeTextFileSync(file, JSON.stringify({ data, model, training: { epochs: 3 }, task: {} }));
  const { code, err } = await resolved(["--config", file]);
  assertEquals([code, err], [0, ["note: ignored: training (not used by this command)"]]);
});

Deno.test("glovita_extract_features --help lists the flags of the chosen plugins", async () => {
  const { code, out } = await runExtract([...MADE_UP, "--help"]);
  assertEquals(code, 0);
  const text = out.join("\n");
  for (const flag of ["--method", "--checkpoint_path", "--model.encoder.scale", "--data.broken"]) {
    assert(text.includes(flag), flag);
  }
  assert(!text.includes("--training."));
});

Deno.test("glovita_extract_features extracts, and shows what it does", async () => {
  const folder = Deno.makeTempDirSync();
  const name = ["--output_dir", folder, "--split", "val", "--output_filename", "v.h5"];
  const { code, out, err } = await runExtract([...MADE_UP, ...name]);
  assertEquals([code, out, err], [0, [
    "val: 22 samples",
    `val: ${join(folder, "v.h5")}, 22 x 5`,
  ], ["note: the encoder has its initial weights: nothing was learned"]]);
});

Deno.test("glovita_extract_features stops in order on Ctrl+C, and says how to go on", async () => {
  const folder = Deno.makeTempDirSync();
  let press: (signal: StopSignal) => void = () => {};
  const listen: ExtractCommandOptions["listen"] = (onSignal) => {
    press = onSignal;
    return () => {};
  };
  const { extractFeatures } = await import("../../jobs/extract/extract.ts");
  const loadExtract: ExtractCommandOptions["loadExtract"] = () =>
    Promise.resolve((config, options) =>
      extractFeatures(config, {
        ...options,
        onEvent: (event) => event.type === "progress" && press("SIGINT"),
      })
    );
  const args = [...MADE_UP, "--output_dir", folder, "--dataloading.batch_size", "4"];
  const { code, err } = await runExtract(args, { listen, loadExtract });
  assertEquals(code, 130);
  assertEquals(err, [
    "SIGINT: stopping after this batch; once more stops at once",
    "interrupted; the same command with --resume continues",
  ]);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assert(files.length === 1 && files[0].endsWith(".h5.partial"), files.join());
});

/** Images from which on a process reads nothing, one for each that is killed. */
const HOLDS = [31, 60, 107, 150, 233];

Deno.test("glovita_extract_features killed five times ends with the file of one run", async () => {
  const folder = Deno.makeTempDirSync();
  const plugin = fileURLToPath(new URL("./_made_up.ts", import.meta.url));
  const partial = join(folder, "a.h5.partial");
  const args = (name: string) => [
    ...["--plugin", plugin, ...MADE_UP, "--output_dir", folder, "--output_filename", name],
    ...["--split", "train", "--data.length", "240", "--data.augmentation.test_policy", "plain"],
    ...["--dataloading.batch_size", "4", "--dataloading.num_workers", "1", "--resume"],
  ];
  let size = 0;
  for (const hold of HOLDS) {
    const env = { [HOLD_AT]: String(hold) };
    const running = startCommand("extract_features", args("a.h5"), { env });
    let over = false;
    running.finished.then(() => over = true);
    await running.until(/^train: 240 samples/);
    // What was read is on its way to the journal; what is not read yet never comes.
    await until(() => over || Deno.statSync(partial).size > size);
    running.kill("SIGKILL");
    const { signal } = await running.finished;
    assertEquals(signal, "SIGKILL");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.h5.partial"]);
    ({ size } = Deno.statSync(partial));
  }
  const last = await runCommand("extract_features", args("a.h5"));
  assertMatch(last.out[0], /^train: 240 samples, \d+ of them done before$/);
  await runCommand("extract_features", args("b.h5"));
  assertEquals(await content(join(folder, "a.h5")), await content(join(folder, "b.h5")));
});

async function content(path: string): Promise<unknown> {
  const { labels } = await openFeatureFile(path);
  using file = await Hdf5File.open(path);
  const features = await file.dataset("features");
  return [labels, features.readRows(0, features.rows), file.attributes()];
}

Deno.test("glovita_extract_features takes its part from the cluster, and goes on by itself", async () => {
  const folder = Deno.makeTempDirSync();
  const plugin = fileURLToPath(new URL("./_made_up.ts", import.meta.url));
  const run = async (shard: string, ...more: string[]) => {
    const args = [
      ...["--plugin", plugin, ...MADE_UP, "--output_dir", folder, "--output_filename", "a.h5"],
      ...["--split", "train", "--data.augmentation.test_policy", "plain", ...more],
    ];
    const env = { GLOVITA_SHARD: shard };
    return await startCommand("extract_features", args, { env }).finished;
  };
  const first = await run("2/2", "--shard", "auto");
  assertEquals([first.code, first.err[0]], [0, "note: part 2 of 2, by GLOVITA_SHARD=2/2"]);
  const again = await run("2/2", "--shard", "auto");
  assertMatch(again.out[0], /a\.shard-2-of-2\.h5, .*(before|kept)/);
  const missing = await run("", "--merge", "auto");
  assertEquals(missing.code, 1);
  assertMatch(missing.err.at(-1)!, /1 of 2 parts is missing: a\.shard-1-of-2\.h5$/);
  const nothing = await run("", "--shard", "auto");
  assertEquals([nothing.code, nothing.err.length], [2, 1]);
  assertMatch(nothing.err[0], /^shard: expected a cluster that says which part this is, /);
  const both = await run("", "--shard", "1/2", "--merge", "2");
  assertEquals([both.code, both.err], [2, ["shard: expected shard or merge, not both"]]);
});
