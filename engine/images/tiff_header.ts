/**
 * Reads what a TIFF file says about the pixels of its first image.
 * @module
 */
import type { ByteOrder, HeaderBytes } from "./header_bytes.ts";
import { ImageError } from "./image_error.ts";
import type { Patch, SampleHeader } from "./samples.ts";
import { tiffKind, type TiffPixels } from "./tiff_kinds.ts";

/** What a TIFF file says. */
export interface TiffHeader extends SampleHeader {
  /** How the image has to be turned, as EXIF numbers it. */
  readonly orientation: number;
  /** Pixels in a row as the decoder gets to see them. */
  readonly decodedWidth: number;
}

/** Tags that say what the pixels are, by name. */
const TAGS = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  offsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  counts: 279,
  planes: 284,
  colors: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileCounts: 325,
  extras: 338,
  sampleFormat: 339,
  xmp: 700,
} as const;

type TagName = keyof typeof TAGS;

/** Bytes of a number, by the number of its type. */
const NUMBER_BYTES: Readonly<Record<number, 2 | 4 | 8>> = { 3: 2, 4: 4, 16: 8 };

/** Types whose values are a byte each. */
const TEXT_TYPES = [1, 2, 7];

/** Most numbers of a tag that describes samples. */
const MAX_SAMPLES = 16;

/** Most characters of a text that are looked at. */
const MAX_TEXT = 1 << 20;

/** A tag and where its values are. */
interface Entry {
  readonly type: number;
  readonly count: number;
  readonly at: number;
}

/** The tags of the first image. */
export class TiffTags {
  /** Order of the bytes of a number. */
  readonly order: ByteOrder;
  readonly #bytes: HeaderBytes;
  readonly #entries = new Map<TagName, Entry>();

  /**
   * Reads which tags there are.
   * @param bytes The file; its signature has been checked.
   * @throws {ImageError} if the file ends before, or has a tag twice.
   */
  constructor(bytes: HeaderBytes) {
    this.#bytes = bytes;
    this.order = bytes.uint8(0) === 0x49 ? "little" : "big";
    const big = bytes.uint16(2, this.order) === 43;
    const pointer = (at: number) =>
      big ? bytes.uint64(at, this.order) : bytes.uint32(at, this.order);
    const start = pointer(big ? 8 : 4);
    const count = big ? bytes.uint64(start, this.order) : bytes.uint16(start, this.order);
    if (count > 4096) throw new ImageError(`it claims to have ${count} tags`);
    const names = new Map(Object.entries(TAGS).map(([name, tag]) => [tag, name as TagName]));
    const [first, step, width] = big ? [start + 8, 20, 8] : [start + 2, 12, 4];
    for (let at = first; at < first + count * step; at += step) {
      const tag = bytes.uint16(at, this.order);
      const name = names.get(tag as never);
      if (!name) continue;
      if (this.#entries.has(name)) throw new ImageError(`it has the tag ${tag} twice`);
      const type = bytes.uint16(at + 2, this.order);
      const values = pointer(at + 4);
      const size = TEXT_TYPES.includes(type) ? 1 : NUMBER_BYTES[type] ?? 8;
      const inline = size * values <= width;
      const value = at + 4 + width;
      this.#entries.set(name, { type, count: values, at: inline ? value : pointer(value) });
    }
  }

  /** The numbers of a tag; none if it is not there. */
  numbers(name: TagName, most = MAX_SAMPLES): number[] {
    const entry = this.#entries.get(name);
    if (!entry) return [];
    const { type, count, at } = entry;
    const size = NUMBER_BYTES[type];
    if (!size) throw new ImageError(`its tag ${TAGS[name]} is of type ${type}`);
    if (count > most) throw new ImageError(`its tag ${TAGS[name]} has ${count} values`);
    return Array.from({ length: count }, (_, i) => {
      const value = at + i * size;
      switch (size) {
        case 2:
          return this.#bytes.uint16(value, this.order);
        case 4:
          return this.#bytes.uint32(value, this.order);
        case 8:
          return this.#bytes.uint64(value, this.order);
      }
    });
  }

  /** The number of a tag, or another one if it is not there. */
  number(name: TagName, otherwise: number): number {
    return this.numbers(name)[0] ?? otherwise;
  }

  /** How many values a tag has. */
  count(name: TagName): number {
    return this.#entries.get(name)?.count ?? 0;
  }

  /** Writes another number over the first one of a tag. */
  patch(name: TagName, value: number): Patch {
    const { type, at } = this.#entries.get(name)!;
    const view = new DataView(new ArrayBuffer(NUMBER_BYTES[type]));
    const little = this.order === "little";
    if (view.byteLength === 2) view.setUint16(0, value, little);
    else if (view.byteLength === 4) view.setUint32(0, value, little);
    else view.setBigUint64(0, BigInt(value), little);
    return { at, bytes: [...new Uint8Array(view.buffer)] };
  }

  /** The beginning of a tag's text, one character a byte. */
  text(name: TagName): string {
    const { type, count, at } = this.#entries.get(name) ?? { type: 0, count: 0, at: 0 };
    if (!TEXT_TYPES.includes(type)) return "";
    return new TextDecoder("latin1").decode(this.#bytes.bytes(at, Math.min(count, MAX_TEXT)));
  }
}

/**
 * Reads the header of a TIFF file.
 *
 * @param bytes The file; its signature has been checked.
 * @returns Size and kind of pixels, and how they are to be turned.
 * @throws {ImageError} if the header is cut off, breaks the rules of the format, or describes pixels
 * that are not read.
 */
export function readTiffHeader(bytes: HeaderBytes): TiffHeader {
  const tags = new TiffTags(bytes);
  const pixels = pixelsOf(tags);
  const found = tiffKind(pixels);
  if (typeof found === "string") throw new ImageError(found);
  const { kind } = found;
  const [width, height] = [tags.number("width", 0), tags.number("height", 0)];
  checkTiles(tags, width, height);
  if (pixels.photometric === PALETTE) checkColors(tags, pixels);
  const common = { width, height, kind, orientation: orientationOf(tags) };
  if (kind === "grey12") {
    const decodedWidth = Math.ceil((width * 3) / 2);
    const bytes = [tags.patch("width", decodedWidth), tags.patch("bits", 8)];
    const patches = [...asStored(tags, pixels), ...bytes];
    return { ...common, patches, decodedWidth };
  }
  return { ...common, patches: [...asStored(tags, pixels)], decodedWidth: width };
}

/** Keeps the decoder from converting what PIL does not convert, or in another way. */
function* asStored(tags: TiffTags, { photometric, bits, extras }: TiffPixels): Iterable<Patch> {
  if (photometric === WHITE_IS_0 && bits[0] > 8) yield tags.patch("photometric", BLACK_IS_0);
  if (extras[0] === MULTIPLIED) yield tags.patch("extras", ALPHA);
  const orientation = tags.number("orientation", UPRIGHT);
  if (orientation < UPRIGHT || orientation > LAST_ORIENTATION) {
    yield tags.patch("orientation", UPRIGHT);
  }
}

const UPRIGHT = 1;
const LAST_ORIENTATION = 8;
const MULTIPLIED = 1;
const ALPHA = 2;
const WHITE_IS_0 = 0;
const BLACK_IS_0 = 1;
const PALETTE = 3;
const SEPARATE = 2;
const REVERSED = 2;

function pixelsOf(tags: TiffTags): TiffPixels {
  const photometric = tags.number("photometric", -1);
  if (photometric < 0) throw new ImageError("it does not say what its samples are");
  const planes = tags.number("planes", 1) === SEPARATE;
  const samples = tags.number("samples", 1);
  const bits = tags.numbers("bits");
  if (bits.length === 0) bits.push(1);
  if (samples < 1 || samples > MAX_SAMPLES) {
    throw new ImageError(`it claims to have ${samples} samples a pixel`);
  }
  if (bits.length === 1) bits.push(...Array(samples - 1).fill(bits[0]));
  if (bits.length < samples) {
    throw new ImageError(`it says the bits of ${bits.length} samples only`);
  }
  const formats = new Set(tags.numbers("sampleFormat"));
  if (formats.size > 1) throw new ImageError("its samples are of different types");
  const [sampleFormat = 1] = formats;
  return {
    little: tags.order === "little",
    photometric,
    sampleFormat,
    bits: bits.slice(0, samples),
    extras: tags.numbers("extras"),
    reversed: tags.number("fillOrder", 1) === REVERSED,
    planes,
    tiles: tags.count("tileWidth") > 0,
    compression: tags.number("compression", 1),
  };
}

/** Tiles may be larger than the image that they make up, and take memory. */
function checkTiles(tags: TiffTags, width: number, height: number): void {
  const [tileWidth, tileHeight] = [tags.number("tileWidth", 0), tags.number("tileHeight", 0)];
  const rounded = (size: number) => Math.max(1024, 2 * size);
  if (tileWidth <= rounded(width) && tileHeight <= rounded(height)) return;
  throw new ImageError(`it claims to have tiles of ${tileWidth}x${tileHeight} pixels`);
}

/** Some programs write palettes of 8 bits, of which readers make what they like. */
function checkColors(tags: TiffTags, { bits: [bits] }: TiffPixels): void {
  const colors = tags.numbers("colors", 3 << 8);
  if (colors.length !== 3 << bits) {
    throw new ImageError(`its palette has ${colors.length / 3} colors, not ${1 << bits}`);
  }
  if (colors.every((value) => value < 256)) {
    throw new ImageError("its palette is of 8 bits where the format wants 16");
  }
}

/** Like PIL, which looks into the XMP data where the tag is missing. */
function orientationOf(tags: TiffTags): number {
  const [tagged] = tags.numbers("orientation");
  if (tagged !== undefined) return tagged;
  return Number(/tiff:Orientation(?:="|>)([0-9])/.exec(tags.text("xmp"))?.[1] ?? UPRIGHT);
}
