/**
 * Feature files as the model takes them: rows or bags, with what is known of the samples.
 * @module
 */
import { tileFacts } from "../engine/slides/tile_attributes.ts";
import { indexOfNonFinite } from "../engine/storage/number_format.ts";
import type { PageAbout } from "../jobs/export/page/about.ts";
import { Hdf5, readError } from "./hdf5.ts";
import type { FileFacts, Places } from "./services.ts";

/** Datasets that hold the features of bags, in the words of CLAM, TRIDENT, STAMP and glovita. */
const FEATURE_KEYS = ["features", "feats", "patch_embeddings"];
const [LABELS, COORDS] = ["labels", "coords"];
/** Attributes by which features are compared with those that the model was trained on. */
const ORIGIN = ["encoder", "feature_aggregation_method", "weights_sha256"];

/** A file of features. */
export class FeatureFile {
  readonly #file: Hdf5;
  readonly #key: string;
  readonly #width: number;
  /** First row of each bag, and the end. */
  readonly #starts: Float64Array | undefined;
  #kept: Float32Array<ArrayBuffer> | undefined;
  /** What is known of it. */
  readonly facts: FileFacts;

  private constructor(file: Hdf5, key: string, width: number, facts: FileFacts) {
    this.#file = file;
    this.#key = key;
    this.#width = width;
    this.facts = facts;
    this.#starts = facts.lengths && sums(facts.lengths);
  }

  /**
   * Opens a file.
   * @param given The file.
   * @param id By which it is known.
   * @param about What the model takes.
   * @throws {Error} if it does not fit the model.
   */
  static async open(given: File, id: number, about: PageAbout): Promise<FeatureFile> {
    const file = await Hdf5.open(given);
    const { name } = file;
    const keys = about.input === "bags" ? FEATURE_KEYS : FEATURE_KEYS.slice(0, 1);
    const key = keys.find((one) => file.numbers(one) !== undefined);
    if (key === undefined) throw readError(name, `there is no dataset "${keys.join('" or "')}"`);
    const { shape } = file.numbers(key)!;
    const width = about.sampleShape.reduce((a, b) => a * b, 1);
    if (shape.at(-1) !== width || shape.length < 2) {
      const state = `is ${shape.join(" x ")}, the model takes rows of ${width}`;
      throw readError(name, `dataset "${key}" ${state}`);
    }
    if (shape[0] === 0) throw readError(name, `dataset "${key}" has no rows`);
    const lengths = about.input === "bags" ? bagLengths(file, shape, name) : undefined;
    if (lengths === undefined && shape.length !== 2) {
      throw readError(
        name,
        `dataset "${key}" is ${shape.join(" x ")}, the model takes single rows`,
      );
    }
    const samples = lengths?.length ?? shape[0];
    const single = lengths?.length === 1;
    const ids = file.texts("sample_ids") ??
      (single
        ? [name.replace(/\.[^.]+$/, "")]
        : Array.from({ length: samples }, (_, at) => `${at}`));
    if (ids.length !== samples) {
      throw readError(name, `"sample_ids" has ${ids.length} entries for ${samples} samples`);
    }
    const { labels, labelWidth } = readLabels(file, samples);
    const hasCoords = file.numbers(COORDS)?.shape.at(-1) === 2;
    return new FeatureFile(file, key, width, {
      ...{ id, name, samples, ids, labelWidth, hasCoords, notices: notices(file, about) },
      ...(lengths && { lengths }),
      ...(labels && { labels }),
    });
  }

  /**
   * Reads rows of features.
   * @param start The first.
   * @param count How many.
   * @throws {Error} if a value is not a number.
   */
  rows(start: number, count: number): Float32Array<ArrayBuffer> {
    const rows = new Float32Array(count * this.#width);
    const { shape } = this.#file.numbers(this.#key)!;
    if (shape.length === 3) {
      // Bags of one size: what is asked for is one of them.
      this.#file.readRows(this.#key, [start / shape[1], count / shape[1]], rows);
    } else {
      this.#file.readRows(this.#key, [start, count], rows);
    }
    const bad = indexOfNonFinite(rows);
    if (bad < 0) return rows;
    const state = `row ${start + Math.floor(bad / this.#width)} holds ${rows[bad]}`;
    throw readError(this.#file.name, `dataset "${this.#key}", ${state}`);
  }

  /**
   * Reads a single row; all rows are read at once and kept, as training comes back to each of them.
   * @param row Its index.
   */
  row(row: number): Float32Array<ArrayBuffer> {
    this.#kept ??= this.rows(0, this.facts.samples);
    return this.#kept.subarray(row * this.#width, (row + 1) * this.#width);
  }

  /**
   * Reads a bag.
   * @param bag Its index.
   */
  bag(bag: number): Float32Array<ArrayBuffer> {
    const starts = this.#starts!;
    return this.rows(starts[bag], starts[bag + 1] - starts[bag]);
  }

  /**
   * Reads where the tiles of a bag are.
   * @param bag Its index.
   * @throws {Error} if places and features are not as many, or places cannot be told in pixels.
   */
  places(bag: number): Places {
    const file = this.#file;
    const { shape } = file.numbers(COORDS)!;
    const [start, end] = [this.#starts![bag], this.#starts![bag + 1]];
    const total = this.#starts!.at(-1)!;
    if (shape.length !== 2 || shape[0] !== total) {
      throw readError(file.name, `"coords" is ${shape.join(" x ")}, expected ${total} x 2`);
    }
    const corners = new Float64Array(2 * (end - start));
    file.readRows(COORDS, [start, end - start], corners);
    const bad = corners.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw readError(file.name, `"coords", row ${start + (bad >> 1)} holds ${corners[bad]}`);
    }
    const { mpp, inMicrometres, scale, size, slideSize } = tileFacts(
      file.attributes(this.#key, COORDS),
    );
    if (inMicrometres && mpp === undefined) {
      const state = "its coords are in micrometres, and it does not say how many a pixel has";
      throw readError(file.name, state);
    }
    const places = corners.map((value) => value * scale);
    return { corners: places, ...(size && { size }), ...(slideSize && { slideSize }) };
  }
}

function sums(lengths: readonly number[]): Float64Array {
  const starts = new Float64Array(lengths.length + 1);
  for (const [bag, length] of lengths.entries()) starts[bag + 1] = starts[bag] + length;
  return starts;
}

/** Rows per bag: by pointers, by lengths, of one size, or all rows of the file. */
function bagLengths(file: Hdf5, shape: readonly number[], name: string): readonly number[] {
  const [rows] = shape;
  if (shape.length === 3) {
    const other = ["bag_ptr", "bag_lengths"].find((key) => file.numbers(key) !== undefined);
    if (other === undefined) return new Array(rows).fill(shape[1]);
    const state = `holds fixed-size bags but the file also carries "${other}"`;
    throw readError(name, `its dataset of features ${state}`);
  }
  const read = (key: string) => file.numbers(key) && [...file.readAll(key)];
  const [pointers, stored] = [read("bag_ptr"), read("bag_lengths")];
  const lengths = pointers?.slice(1).map((end, bag) => end - pointers[bag]) ?? stored ?? [rows];
  const differs = stored ? lengths.findIndex((length, bag) => length !== stored[bag]) : -1;
  if (differs >= 0) {
    const state = `bag ${differs} has ${lengths[differs]} rows by the one, ${stored![differs]} ` +
      "by the other";
    throw readError(name, `dataset "bag_ptr" and "bag_lengths" disagree: ${state}`);
  }
  const whole = lengths.every((length) => Number.isInteger(length) && length > 0);
  const sum = lengths.reduce((a, b) => a + b, 0);
  if (whole && sum === rows && (pointers?.[0] ?? 0) === 0) return lengths;
  throw readError(name, `its bags do not divide the ${rows} rows of features`);
}

function readLabels(file: Hdf5, samples: number): Pick<FileFacts, "labels" | "labelWidth"> {
  const found = file.numbers(LABELS);
  if (found === undefined) return { labelWidth: 0 };
  const all = Float32Array.from(file.readAll(LABELS));
  if (found.shape[0] !== samples) {
    const state = `has ${found.shape[0]} entries for ${samples} samples`;
    throw readError(file.name, `dataset "${LABELS}" ${state}`);
  }
  return { labels: all, labelWidth: all.length / samples };
}

/** What differs from the features that the model was trained on. */
function notices(file: Hdf5, { features = {} }: PageAbout): string[] {
  const own = file.attributes();
  return ORIGIN.flatMap((name) => {
    const [mine, wanted] = [own.get(name), features[name]];
    if (mine === undefined || wanted === undefined || mine === wanted) return [];
    return [`${file.name}: its ${name} is ${mine}, the model was trained with ${wanted}`];
  });
}
