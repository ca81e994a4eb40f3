/**
 * Tells what a file is from its first bytes, so that every reader can say what it got instead of
 * what it wanted: the one place that knows Git LFS pointers, error pages, archives and formats.
 * @module
 */

/** How many of a file's first bytes {@linkcode fileKind} looks at. */
export const FILE_START = 1024;

/** What a file is. */
interface Kind {
  /** With its article, as it stands in messages. */
  readonly name: string;
  /** What to do about it, where that is the same for every reader. */
  readonly advice?: string;
  /** Tells it from other files. */
  matches(start: Uint8Array, text: string | undefined): boolean;
}

/** Name of what a file can be told to be. */
export type FileKind = keyof typeof KINDS;

/** The pickle of PyTorch's magic number, with which files from before version 1.6 begin. */
const TORCH_MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/** The container of old Office files, and of new ones that are encrypted. */
const OFFICE_MAGIC = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/** Control characters that texts hold. */
const SPACES = "\t\n\v\f\r\x1b";
/** Most characters of a text that a message repeats. */
const QUOTED = 40;

/** Whether bytes stand at a position. */
function has(start: Uint8Array, bytes: readonly number[] | string, at = 0): boolean {
  const wanted = typeof bytes === "string"
    ? [...bytes].map((letter) => letter.charCodeAt(0))
    : bytes;
  return wanted.every((byte, i) => start[at + i] === byte);
}

/** The beginning as text, if it is UTF-8 or UTF-16 without control characters. */
function textOf(start: Uint8Array): string | undefined {
  const marks = { "utf-16le": [0xff, 0xfe], "utf-16be": [0xfe, 0xff] };
  const encoding = Object.entries(marks).find(([, mark]) => has(start, mark))?.[0] ?? "utf-8";
  try {
    // A character that the end of the window cuts in two is not a mistake.
    const text = new TextDecoder(encoding, { fatal: true }).decode(start, { stream: true });
    return text.match(/\p{Cc}/gu)?.every((letter) => SPACES.includes(letter)) ?? true
      ? text
      : undefined;
  } catch {
    return undefined;
  }
}

/** A kind that a few bytes at one position tell. */
function magic(name: string, bytes: readonly number[] | string, at = 0): Kind {
  return { name, matches: (start) => has(start, bytes, at) };
}

function packed(name: string, bytes: readonly number[] | string, at = 0): Kind {
  return { ...magic(name, bytes, at), advice: "unpack it first" };
}

/** A kind of text. */
function written(name: string, pattern: RegExp, advice?: string): Kind {
  return { name, advice, matches: (_, text) => text !== undefined && pattern.test(text) };
}

function isSafetensors(start: Uint8Array): boolean {
  if (start.length < 9 || start[8] !== 0x7b) return false;
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  return view.getBigUint64(0, true) < 1n << 32n;
}

function isOnnx([field, version = 0, next = 0]: Uint8Array): boolean {
  // `ir_version`, then the name or version of the program, the domain, the graph or the opset.
  return field === 0x08 && version > 0 && version < 32 &&
    [0x12, 0x1a, 0x22, 0x3a, 0x42].includes(next);
}

function isIso(start: Uint8Array, ...brands: readonly string[]): boolean {
  return has(start, "ftyp", 4) && brands.some((brand) => has(start, brand, 8));
}

/** Every kind; the first one that matches is it. */
const KINDS = {
  git_lfs: {
    ...written("a Git LFS pointer", /^version https:\/\/git-lfs\.github\.com\/spec\//),
    advice: '"git lfs pull" fetches the file itself',
  },
  html: written(
    "an HTML page",
    /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*<(!doctype\s+html|html|head|body)\b/i,
    "download the file itself",
  ),
  svg: written(
    "an SVG drawing",
    /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*|<!doctype[^>]*>\s*)*<svg\b/i,
  ),
  xml: written("an XML document", /^\s*<\?xml\b/),
  json: written("JSON", /^\s*[{[]\s*(["{[}\]\d-]|$)/),
  hdf5: magic("an HDF5 file", "\x89HDF\r\n\x1a\n"),
  safetensors: { name: "a safetensors file", matches: isSafetensors },
  torch_legacy: {
    name: "a PyTorch file from before version 1.6",
    // Behind the protocol, and from protocol 4 on behind a frame.
    matches: (start) => start[0] === 0x80 && [2, 11].some((at) => has(start, TORCH_MAGIC, at)),
  },
  pickle: {
    name: "a Python pickle",
    matches: ([first, protocol = 0]) => first === 0x80 && protocol >= 2 && protocol <= 5,
  },
  numpy: magic("a NumPy array", "\x93NUMPY"),
  gzip: packed("compressed with gzip", [0x1f, 0x8b]),
  bzip2: packed("compressed with bzip2", "BZh"),
  xz: packed("compressed with xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
  zstd: packed("compressed with zstd", [0x28, 0xb5, 0x2f, 0xfd]),
  seven_zip: packed("a 7z archive", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]),
  rar: packed("a RAR archive", "Rar!\x1a\x07"),
  tar: packed("a tar archive", "ustar", 257),
  zip: magic("a zip archive", "PK\x03\x04"),
  office: magic("an Office file from before 2007, or one with a password", OFFICE_MAGIC),
  pdf: magic("a PDF document", "%PDF-"),
  jpeg: magic("a JPEG image", [0xff, 0xd8, 0xff]),
  png: magic("a PNG image", "\x89PNG\r\n\x1a\n"),
  gif: magic("a GIF image", "GIF8"),
  webp: { name: "a WebP image", matches: (start) => has(start, "RIFF") && has(start, "WEBP", 8) },
  tiff: {
    name: "a TIFF image",
    matches: (start) =>
      [0x2a, 0x2b].some((version) =>
        has(start, [0x49, 0x49, version, 0]) || has(start, [0x4d, 0x4d, 0, version])
      ),
  },
  bmp: { name: "a BMP image", matches: (start) => has(start, "BM") && has(start, [0, 0], 6) },
  jpeg2000: {
    name: "a JPEG 2000 image",
    matches: (start) => has(start, [0xff, 0x4f, 0xff, 0x51]) || has(start, "jP  ", 4),
  },
  avif: { name: "an AVIF image", matches: (start) => isIso(start, "avif", "avis") },
  heif: {
    name: "an HEIF image",
    matches: (start) => isIso(start, "heic", "heix", "heif", "mif1", "msf1"),
  },
  dicom: magic("a DICOM file", "DICM", 128),
  onnx: { name: "an ONNX file", matches: isOnnx },
  zeros: {
    name: "nothing but zeros where it begins",
    advice: "it was not downloaded or copied completely",
    matches: (start) => start.length >= 16 && start.every((byte) => byte === 0),
  },
  text: written("text", /^[^]/),
} as const satisfies Readonly<Record<string, Kind>>;

const NAMES = Object.keys(KINDS) as FileKind[];

/**
 * Tells what a file is.
 *
 * @param start Its first bytes, up to {@linkcode FILE_START} of them.
 * @returns Its kind, or `undefined` where nothing gives it away.
 *
 * @example A clone without Git LFS
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
 * assertEquals(fileKind(new TextEncoder().encode(pointer)), "git_lfs");
 * ```
 */
export function fileKind(start: Uint8Array): FileKind | undefined {
  const window = start.subarray(0, FILE_START);
  const text = textOf(window);
  return NAMES.find((name) => {
    const kind: Kind = KINDS[name];
    return kind.matches(window, text);
  });
}

/**
 * Says what a file is that a reader cannot read, for the end of a message.
 *
 * @param start Its first bytes, up to {@linkcode FILE_START} of them; none of an empty file.
 * @param expected What it should be, with an article.
 * @returns One line: what it is, and what to do about it where that is known.
 *
 * @example An error page that was saved as weights
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const page = new TextEncoder().encode("<!DOCTYPE html><html><title>Sign in</title></html>");
 * assertEquals(
 *   describeWrongFile(page, "a PyTorch file"),
 *   "it is an HTML page, not a PyTorch file: download the file itself",
 * );
 * ```
 */
export function describeWrongFile(start: Uint8Array, expected: string): string {
  if (start.length === 0) return `it is an empty file, not ${expected}`;
  const name = fileKind(start);
  if (name === undefined) return `it is not ${expected}`;
  const kind: Kind = KINDS[name];
  const what = name === "text" ? `text that begins ${quoteBeginning(start)}` : kind.name;
  return `it is ${what}, not ${expected}${kind.advice === undefined ? "" : `: ${kind.advice}`}`;
}

/** The first line of a text, or its beginning. */
function quoteBeginning(start: Uint8Array): string {
  const [line = ""] = (textOf(start.subarray(0, FILE_START)) ?? "").trim().split(/\r?\n|\r/);
  const characters = [...line];
  const cut = characters.length > QUOTED;
  return JSON.stringify(characters.slice(0, QUOTED).join("") + (cut ? "…" : ""));
}
