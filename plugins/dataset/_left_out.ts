/** What a folder of images holds that is not taken for an image, although it may be meant as one. */
import { extname } from "node:path";
import { isImageFile } from "../../engine/images/decode.ts";

/** Something that is left out. */
export interface LeftOut {
  /** Its path. */
  readonly path: string;
  /** Why. */
  readonly reason: LeftOutReason;
  /** What a link leads to. */
  readonly target?: string;
}

/** Why something is left out. */
export type LeftOutReason = keyof typeof REASONS;

interface Reason {
  /** Ends `Cannot use "…": `. */
  one(leftOut: LeftOut): string;
  /** Stands in brackets after `… left out of split "…"`. */
  readonly many: string;
  /** Whether nothing is lost by it, so that a note is enough. */
  readonly harmless?: true;
}

const REASONS = {
  dangling: {
    one: ({ target }) => `it is a link to "${target}", which does not exist`,
    many: "links to what does not exist",
  },
  unfollowed: {
    one: ({ target }) => `it is a link to "${target}", which cannot be followed`,
    many: "links that cannot be followed",
  },
  special: { one: () => "it is not a regular file", many: "not regular files" },
  folder: { one: () => "it is a folder without images", many: "folders without images" },
  name: {
    one: () => "its name is not UTF-8: rename it, for example with convmv",
    many: "names that are not UTF-8",
  },
  repeated: {
    one: ({ target }) => `it is a link to "${target}", whose images the split has already`,
    many: "links to folders whose images the split has already",
  },
  inside: {
    one: ({ target }) => `it is a link to "${target}", whose images the split has already`,
    many: "links to folders whose images the split has already",
    harmless: true,
  },
  ending: {
    one: ({ path }) =>
      `it is an image, but data.allowed_exts does not have ${extname(path) || "names without end"}`,
    many: "not in data.allowed_exts",
  },
} as const satisfies Readonly<Record<string, Reason>>;

/**
 * Says why something is left out.
 * @param leftOut What it is.
 * @returns The end of a message that begins with its path.
 */
export function whyLeftOut(leftOut: LeftOut): string {
  const reason: Reason = REASONS[leftOut.reason];
  return reason.one(leftOut);
}

/** Whether it is enough to note that something is left out. */
export function isHarmless({ reason }: LeftOut): boolean {
  const { harmless }: Reason = REASONS[reason];
  return harmless === true;
}

/**
 * Puts what is left out for the same reason together.
 * @param all What is left out.
 * @returns What is left out by the reason, as a message says it.
 */
export function groupLeftOut(all: readonly LeftOut[]): ReadonlyMap<string, readonly LeftOut[]> {
  return Map.groupBy(all, ({ reason }) => REASONS[reason].many);
}

/** Ends of names that images have, also such as are not decoded. */
const IMAGE_ENDS = new Set(
  (".jpg .jpeg .jpe .jfif .png .apng .tif .tiff .webp .gif .bmp .dib .avif .heic .heif .jxl .jp2 " +
    ".j2k .jpx .ppm .pgm .pbm .pnm .pfm .tga .ico .psd .exr .hdr .dcm .dicom .svs .ndpi .mrxs .scn " +
    ".bif .vms .vmu .qptiff .raw .dng .cr2 .nef .arw").split(" "),
);

/** Ends of names of other files that lie beside images, into which nobody needs to look. */
const OTHER_ENDS = new Set(
  (".txt .md .rst .csv .tsv .json .jsonl .xml .yaml .yml .toml .ini .cfg .log .html .htm .py .sh " +
    ".m .mat .npy .npz .h5 .hdf5 .pkl .pt .pth .safetensors .onnx .zip .gz .tar .tgz .xz .bz2 .7z " +
    ".rar .pdf .doc .docx .xls .xlsx .ppt .pptx .db .sqlite .lock .tmp .bak .md5 .sha256").split(
      " ",
    ),
);

/**
 * Whether a name ends as that of an image.
 * @param name The name.
 * @param allowed Ends that are allowed, in small letters.
 */
export function isImageName(name: string, allowed: readonly string[]): boolean {
  const end = extname(name).toLowerCase();
  return allowed.includes(end) || IMAGE_ENDS.has(end);
}

/**
 * Whether a file is an image by what it holds, whose name is not that of one.
 * @param path The file.
 */
export function holdsImage(path: string): boolean {
  return !OTHER_ENDS.has(extname(path).toLowerCase()) && isImageFile(path);
}
