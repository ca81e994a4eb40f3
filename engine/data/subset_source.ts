/**
 * Reads some samples of a source as if there were no others, on whatever thread reads.
 * @module
 */
import type { ReadOptions, Rows, Source, SourceModule, Split } from "./data.ts";
import { openSplitSource } from "./open_source.ts";

/** URL of this module, which a split names as its source. */
const SUBSET_SOURCE_URL: string = import.meta.url;

/** What the source needs to know; survives structured cloning. */
interface SubsetOptions {
  readonly split: Pick<Split, "name" | "source">;
  readonly indices: Int32Array;
}

/**
 * Makes a source of some of a split's samples.
 * @param split The split.
 * @param indices Their indices, in the order in which they are to be.
 */
export function subsetSource(
  { name, source }: Pick<Split, "name" | "source">,
  indices: Int32Array,
): SourceModule {
  const options: SubsetOptions = { split: { name, source }, indices };
  return { module: SUBSET_SOURCE_URL, options };
}

class SubsetSource implements Source {
  readonly #source: Source;
  readonly #indices: Int32Array;

  constructor(source: Source, indices: Int32Array) {
    this.#source = source;
    this.#indices = indices;
  }

  async read(indices: Int32Array, options?: ReadOptions): Promise<Rows> {
    return await this.#source.read(indices.map((at) => this.#indices[at]), options);
  }

  close(): void {
    this.#source.close();
  }
}

/**
 * Opens the source; called by the thread that reads.
 * @param options What {@linkcode subsetSource} names.
 */
export async function openSource(options: unknown): Promise<Source> {
  const { split, indices } = options as SubsetOptions;
  return new SubsetSource(await openSplitSource(split), indices);
}
