/**
 * The model in onnxruntime-web: on a graphics processor where one computes it rightly, else on as many
 * threads as the server's headers allow.
 * @module
 */
import type * as ortModule from "onnxruntime-web";
import { firstLine } from "../engine/first_line.ts";
import { Random } from "../engine/random.ts";
import { type BagAttention, bagAttention } from "../jobs/attention/bag_attention.ts";
import type { PageAbout } from "../jobs/export/page/about.ts";
import { hasAdapter, loadRuntime, type Ort, processorName } from "./runtime.ts";
import type { Computing } from "./services.ts";

/** Of what onnxruntime says, only errors are for people. */
const ERRORS = 3;
/** Instances of the bag by which a graphics processor is checked. */
const CHECKED_INSTANCES = 40;
/** More than this share of the largest value is not rounding. */
const ROUNDING = 1e-3;

/** What a model is made of. */
export interface ModelSource {
  /** Loads the ONNX file. */
  readonly load: () => Promise<Uint8Array>;
  /** What is known of it. */
  readonly about: PageAbout;
  /** `wasm` or `webgpu`; the best that there is where not given. */
  readonly device: string | null;
  /** Told what computes, whenever that changes. */
  readonly onComputing?: (computing: Computing) => void;
}

/** Numbers by name of the output. */
type Outputs = Readonly<Record<string, Float32Array>>;

/** A session, and the runtime that it belongs to. */
interface Running {
  readonly kind: "webgpu" | "wasm";
  readonly ort: Ort;
  readonly session: ortModule.InferenceSession;
}

/** A model, ready to predict. */
export class Model {
  readonly #source: ModelSource;
  #running: Running;

  private constructor(source: ModelSource, running: Running) {
    this.#source = source;
    this.#running = running;
  }

  /**
   * Makes a model ready.
   * @param source The model.
   * @throws {Error} if WebGPU was asked for by name, and there is none or it fails.
   */
  static async create(source: ModelSource): Promise<Model> {
    const { load, about, device, onComputing } = source;
    const wanted = about.webgpu && device !== "wasm";
    if (!wanted || !await hasAdapter()) {
      if (wanted && device === "webgpu") {
        throw new Error("Cannot use WebGPU: this browser has no adapter");
      }
      onComputing?.({ device: processorName() });
      return new Model(source, await start("wasm", await load()));
    }
    const bytes = await load();
    try {
      const running = await startChecked(bytes, about);
      onComputing?.({ device: "the graphics processor (WebGPU)" });
      return new Model(source, running);
    } catch (error) {
      requireLeave(source, error);
      return new Model(source, await start("wasm", bytes));
    }
  }

  /**
   * Predicts samples.
   * @param features `[samples, ...sampleShape]`.
   * @returns `[samples, numClasses]`, and their standard deviation over the models of an ensemble.
   */
  async scores(
    features: Float32Array,
  ): Promise<{ readonly scores: Float32Array; readonly spread?: Float32Array }> {
    const { scores, spread } = await this.#run(features, ["scores", "spread"]);
    return { scores, ...(spread && { spread }) };
  }

  /**
   * Predicts a bag.
   * @param features `[instances, ...sampleShape]`.
   */
  async bag(features: Float32Array): Promise<{
    readonly scores: Float32Array;
    readonly spread?: Float32Array;
    readonly attention?: BagAttention;
  }> {
    const { attention, numClasses } = this.#source.about;
    const attending = attention ? ["attention", "instance_scores"] : [];
    const outputs = await this.#run(features, ["scores", "spread", ...attending]);
    const { scores, spread } = outputs;
    const said = { scores, ...(spread && { spread }) };
    if (attention === undefined) return said;
    const [one] = bagAttention({
      lengths: Int32Array.of(rowsOf(features, this.#source.about)),
      attention: outputs.attention,
      perClass: attention.perClass,
      ...{ scores, numClasses },
      instanceScores: outputs.instance_scores,
    });
    return { ...said, attention: one };
  }

  /** Frees it. */
  async release(): Promise<void> {
    await this.#running.session.release();
  }

  /** Computes; a graphics processor that fails is left for good. */
  async #run(features: Float32Array, names: readonly string[]): Promise<Outputs> {
    const { about } = this.#source;
    try {
      return await compute(this.#running, features, { about, names });
    } catch (error) {
      if (this.#running.kind === "wasm") throw error;
      requireLeave(this.#source, error);
      // A graphics processor that is gone may refuse even this.
      await this.release().catch(() => {});
      this.#running = await start("wasm", await this.#source.load());
      return await compute(this.#running, features, { about, names });
    }
  }
}

/** Says that WebGPU is left and why; asked for by name, it is an error. */
function requireLeave({ device, onComputing }: ModelSource, error: unknown): void {
  const reason = reasonOf(error);
  if (device === "webgpu") throw new Error(`Cannot use WebGPU: ${reason}`);
  onComputing?.({ device: processorName(), note: `WebGPU was tried and left: ${reason}` });
}

/** onnxruntime throws numbers where its WebAssembly fails. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? firstLine(error) : "onnxruntime gives no reason";
}

async function start(kind: Running["kind"], bytes: Uint8Array): Promise<Running> {
  return await startIn(await loadRuntime(kind === "webgpu"), kind, bytes);
}

async function startIn(ort: Ort, kind: Running["kind"], bytes: Uint8Array): Promise<Running> {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [kind],
    logSeverityLevel: ERRORS,
  });
  return { kind, ort, session };
}

/**
 * Starts on WebGPU. A graphics processor that is wrong does not say so: what it makes of a made-up
 * sample is compared with what the processor makes of it.
 */
async function startChecked(bytes: Uint8Array, about: PageAbout): Promise<Running> {
  const running = await start("webgpu", bytes);
  const processor = await startIn(running.ort, "wasm", bytes);
  const random = new Random(0);
  const rows = about.input === "bags" ? CHECKED_INSTANCES : 1;
  const sample = Float32Array.from(
    { length: rows * widthOf(about) },
    () => random.normal(),
  );
  const given = { about, names: running.session.outputNames };
  try {
    const found = await compute(running, sample, given);
    const expected = await compute(processor, sample, given);
    for (const name of given.names) requireSame(name, found[name], expected[name]);
    return running;
  } catch (error) {
    await running.session.release().catch(() => {});
    throw error;
  } finally {
    await processor.session.release();
  }
}

function requireSame(name: string, found: Float32Array, expected: Float32Array): void {
  let [difference, largest] = [0, 0];
  for (const [at, value] of expected.entries()) {
    const distance = Math.abs(found[at] - value);
    difference = Math.max(difference, Number.isNaN(distance) ? Infinity : distance);
    largest = Math.max(largest, Math.abs(value));
  }
  if (difference <= ROUNDING * largest) return;
  throw new Error(`its "${name}" differs from the processor's by ${difference.toPrecision(2)}`);
}

function widthOf({ sampleShape }: PageAbout): number {
  return sampleShape.reduce((a, b) => a * b, 1);
}

function rowsOf(features: Float32Array, about: PageAbout): number {
  return features.length / widthOf(about);
}

/** Computes what is wanted; outputs that the model lacks are left out. */
async function compute(
  { ort, session }: Running,
  features: Float32Array,
  { about, names }: { readonly about: PageAbout; readonly names: readonly string[] },
): Promise<Outputs> {
  const rows = rowsOf(features, about);
  const { Tensor } = ort;
  const there = names.filter((name) => session.outputNames.includes(name));
  const outputs = await session.run({
    features: new Tensor("float32", features, [rows, ...about.sampleShape]),
    ...(about.input === "bags" && {
      lengths: new Tensor("int64", BigInt64Array.of(BigInt(rows)), [1]),
    }),
  }, there);
  const read = there.map(async (name) =>
    [name, await outputs[name].getData() as Float32Array] as const
  );
  return Object.fromEntries(await Promise.all(read));
}
