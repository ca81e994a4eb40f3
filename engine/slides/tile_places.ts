/**
 * Where the tiles of a slide lie: CLAM, TRIDENT and STAMP store places in different units and say the
 * size of a tile in different words. Here they become pixels of level 0, the slide's full resolution.
 * @module
 */
import { basename, dirname, extname, join } from "node:path";
import { DataError } from "../errors.ts";
import { Hdf5File } from "../storage/hdf5/hdf5.ts";
import { isFile } from "../storage/is_file.ts";
import type { SlidePart } from "./slide_source.ts";
import { type Attributes, tileFacts } from "./tile_attributes.ts";

/**
 * What files may lack.
 * @category Slides
 */
export interface TileOptions {
  /** Side of a tile in pixels of level 0, for files that do not say it. */
  readonly patchSize?: number;
  /** Micrometres per pixel of level 0, for files that do not say it. */
  readonly mpp?: number;
}

/**
 * The tiles of a slide.
 * @category Slides
 */
export interface TilePlaces {
  /** Upper left corners in pixels of level 0, `[tiles, 2]`, x before y. */
  readonly corners: Float64Array;
  /** Side of a tile in pixels of level 0. */
  readonly size: number;
  /** Micrometres per pixel of level 0, where somebody said it. */
  readonly mpp?: number;
  /** Width and height of the slide in pixels of level 0, where the file says it. */
  readonly slideSize?: readonly [width: number, height: number];
}

/** Dataset of the places. */
const COORDS = "coords";
/** Folders, seen from that of the features, in which CLAM keeps what a `.pt` file lacks. */
const FEATURE_FOLDERS = ["../h5_files"];
const PATCH_FOLDERS = ["../../patches", "../patches", "../../../patches"];

/**
 * Reads where the tiles of a slide lie.
 * @param part The slide's file of features.
 * @param options What files may lack.
 * @returns Corners in the order of the features.
 * @throws {DataError} if no file says where they are, or how large, or they are not as many as the
 *   features; the message says which flag helps.
 *
 * @example Two tiles of 256 pixels
 * ```ts
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { readTilePlaces } from "@glovita/glovita/slides";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/slide_1.h5`;
 * const writer = await FeatureWriter.create(path, { embedDim: 1, coords: "int32" });
 * const coords = Float64Array.of(0, 0, 256, 0);
 * writer.appendBag(Float32Array.of(1, 2), 0, { coords });
 * writer.close();
 *
 * const places = await readTilePlaces({ path, instances: 2 }, { patchSize: 256 });
 * assertEquals([[...places.corners], places.size], [[0, 0, 256, 0], 256]);
 * ```
 *
 * @category Slides
 */
export async function readTilePlaces(
  part: SlidePart,
  options: TileOptions = {},
): Promise<TilePlaces> {
  return await readRows({ ...part, start: 0, total: part.instances }, options);
}

/** Rows of a file that are the tiles of one slide. */
export interface TileRows extends SlidePart {
  /** The first of them. */
  readonly start: number;
  /** Rows of the file. */
  readonly total: number;
}

/**
 * Reads the places of one slide in a file that may hold several.
 * @param rows Which rows; a file of one slide has them all.
 * @param options What files may lack.
 * @throws {DataError} as {@linkcode readTilePlaces}.
 */
export async function readRows(rows: TileRows, options: TileOptions): Promise<TilePlaces> {
  const { path, start, instances, total } = rows;
  const place = coordsFileOf(path);
  const fail = (state: string) =>
    new DataError(`Cannot place the tiles of "${path}": ${state}`, { file: path });
  using file = place === undefined ? undefined : await openWithCoords(place);
  if (file === undefined) throw fail('there is no dataset "coords"');
  const coords = await file.dataset(COORDS);
  if (coords.rowSize !== 2 || coords.rows !== total) {
    throw fail(`"${COORDS}" is ${coords.rows} x ${coords.rowSize}, expected ${total} x 2`);
  }
  const corners = new Float64Array(2 * instances);
  coords.gather([{ start, count: instances, to: 0 }], corners);
  requireNumbers(corners, fail);
  const attributes = await attributesFor(file, rows);
  const { mpp, inMicrometres, scale, size, slideSize } = tileFacts(attributes, options);
  if (inMicrometres && mpp === undefined) {
    throw fail("its coords are in micrometres; --mpp says how many a pixel of level 0 has");
  }
  if (size === undefined) {
    throw fail(
      "no file says how large they are; --patch_size says it, in pixels of level 0",
    );
  }
  return {
    corners: corners.map((value) => value * scale),
    size,
    ...(mpp !== undefined && { mpp }),
    ...(slideSize && { slideSize }),
  };
}

/** The file that holds the places: the slide's own, or one that CLAM has put beside it. */
function coordsFileOf(path: string): string | undefined {
  if ([".h5", ".hdf5"].includes(extname(path).toLowerCase())) return path;
  return [...FEATURE_FOLDERS, ...PATCH_FOLDERS].map((folder) => beside(path, folder)).find(isFile);
}

function beside(path: string, folder: string): string {
  return join(dirname(path), folder, `${basename(path, extname(path))}.h5`);
}

/** The file, or CLAM's file of patches where it has no places itself. */
async function openWithCoords(path: string): Promise<Hdf5File | undefined> {
  const others = PATCH_FOLDERS.map((folder) => beside(path, folder)).filter(isFile);
  for (const candidate of [path, ...others]) {
    const file = await Hdf5File.open(candidate);
    if (file.kindOf(COORDS) === "dataset") return file;
    file.close();
  }
}

function requireNumbers(corners: Float64Array, fail: (state: string) => DataError): void {
  const bad = corners.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw fail(`"${COORDS}", row ${Math.floor(bad / 2)} holds ${corners[bad]}`);
}

/** What the file says of its tiles; what it lacks, CLAM's file of patches may say. */
async function attributesFor(file: Hdf5File, { path, key }: TileRows): Promise<Attributes> {
  const own = attributesOf(file, key);
  const { size, inMicrometres } = tileFacts(own);
  if (size !== undefined || inMicrometres) return own;
  const patches = PATCH_FOLDERS.map((folder) => beside(path, folder)).find(isFile);
  if (patches === undefined) return own;
  using other = await Hdf5File.open(patches);
  return new Map([...attributesOf(other), ...own]);
}

function attributesOf(file: Hdf5File, key = "features"): Attributes {
  const objects = ["/", key, COORDS].filter((name) =>
    name === "/" || file.kindOf(name) === "dataset"
  );
  return new Map(objects.flatMap((name) => [...file.attributes(name)]));
}
