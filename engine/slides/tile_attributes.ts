/**
 * What attributes of HDF5 files say of the tiles of a slide, in the words of CLAM, TRIDENT and STAMP.
 * @module
 */
import type { Hdf5Attribute } from "../storage/hdf5/attributes.ts";

/** Attributes by name: the file's own, and those of its features and places. */
export type Attributes = ReadonlyMap<string, Hdf5Attribute>;

/** What is known of the tiles of a slide. */
export interface TileFacts {
  /** Micrometres per pixel of level 0. */
  readonly mpp?: number;
  /** Whether places are in micrometres; without `mpp` they cannot be told in pixels. */
  readonly inMicrometres: boolean;
  /** Pixels of level 0 per unit of a place. */
  readonly scale: number;
  /** Side of a tile in pixels of level 0. */
  readonly size?: number;
  /** Width and height of the slide in pixels of level 0. */
  readonly slideSize?: readonly [width: number, height: number];
}

/** What a micrometre is called. */
const MICROMETRES = /^(um|µm|μm|micron|micrometer|micrometre)s?$/i;

/**
 * Reads the attributes.
 * @param attributes Attributes by name.
 * @param given What they may lack.
 *
 * @example As CLAM says it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { size, scale } = tileFacts(new Map([["patch_size", 256], ["patch_level", 0]]));
 * assertEquals([size, scale], [256, 1]);
 * ```
 */
export function tileFacts(
  attributes: Attributes,
  given: { readonly patchSize?: number; readonly mpp?: number } = {},
): TileFacts {
  const mpp = numberOf(attributes, "mpp", "level0_mpp", "slide_mpp") ?? given.mpp;
  const inMicrometres = isInMicrometres(attributes);
  const scale = inMicrometres && mpp !== undefined ? 1 / mpp : 1;
  const size = sizeOf(attributes, scale) ?? given.patchSize;
  return { mpp, inMicrometres, scale, size, slideSize: slideSizeOf(attributes) };
}

function isInMicrometres(attributes: Attributes): boolean {
  const unit = attributes.get("unit");
  return typeof unit === "string" ? MICROMETRES.test(unit) : attributes.has("tile_size_um");
}

/** Side of a tile in pixels of level 0, as TRIDENT, STAMP and CLAM say it. */
function sizeOf(attributes: Attributes, scale: number): number | undefined {
  const number = (...names: string[]) => numberOf(attributes, ...names);
  const direct = number("patch_size_level0", "patch_size_src");
  if (direct !== undefined) return direct;
  const micrometres = number("tile_size_um");
  if (micrometres !== undefined) return micrometres * scale;
  const patch = number("patch_size");
  if (patch === undefined) return undefined;
  const downsample = number("downsample");
  if (downsample !== undefined) return patch * downsample;
  const [own, target] = [number("level0_magnification"), number("target_magnification")];
  if (own !== undefined && target !== undefined) return patch * own / target;
  return number("patch_level") === 0 ? patch : undefined;
}

function slideSizeOf(attributes: Attributes): [number, number] | undefined {
  const [width, height] = ["level0_width", "level0_height"].map((name) =>
    numberOf(attributes, name)
  );
  if (width !== undefined && height !== undefined) return [width, height];
  const [level, downsample] = ["level_dim", "downsample"].map((name) => attributes.get(name));
  if (!isPair(level) || !isPair(downsample)) return undefined;
  return [level[0] * downsample[0], level[1] * downsample[1]];
}

function isPair(value: Hdf5Attribute | undefined): value is [number, number] {
  return Array.isArray(value) && value.length === 2 &&
    value.every((one) => typeof one === "number");
}

/** The first of some attributes that is a positive number, or two equal ones. */
function numberOf(attributes: Attributes, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    const one = isPair(value) ? value[0] : value;
    const parsed = typeof one === "string" ? Number(one) : one;
    if (typeof parsed === "number" && Number.isFinite(parsed) && parsed > 0) return parsed;
    if (typeof parsed === "number" && parsed === 0 && name === "patch_level") return 0;
  }
}
