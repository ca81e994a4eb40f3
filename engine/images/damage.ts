/**
 * Says why the pixels of an image cannot be decoded, from its bytes alone: the decoder keeps one
 * buffer of messages for all threads, in which those of several images mix.
 * @module
 */
import { checksum } from "../storage/checksum.ts";
import { HeaderBytes } from "./header_bytes.ts";
import { ImageError } from "./image_error.ts";
import type { VipsHeader } from "./image_header.ts";
import { jpegEnd } from "./jpeg_scans.ts";
import { TiffTags } from "./tiff_header.ts";

const DAMAGED = "its pixel data is damaged, or packed in a way that is not known";

type Reason = string | undefined;

const reasons: { readonly [F in VipsHeader["format"]]: (file: Uint8Array) => Reason } = {
  jpeg: (file) => jpegEnd(file) ? undefined : "the file is truncated: it has no end marker",
  png: pngDamage,
  tiff: tiffDamage,
  webp(file) {
    const claimed = new DataView(file.buffer, file.byteOffset).getUint32(4, true) + 8;
    return file.length < claimed ? truncated(claimed, file) : undefined;
  },
};

/**
 * Says why an image cannot be decoded.
 *
 * @param file The file, whose header could be read.
 * @param format Its format.
 * @returns A reason, always the same for the same file.
 *
 * @example A PNG whose pixels are cut off
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const start = atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQ=");
 * const file = Uint8Array.from(start, (character) => character.charCodeAt(0));
 * assertEquals(describeDamage(file, "png"), "the file is truncated: it should have 45 bytes, it has 41");
 * ```
 */
export function describeDamage(file: Uint8Array, format: VipsHeader["format"]): string {
  try {
    return reasons[format](file) ?? DAMAGED;
  } catch (error) {
    if (error instanceof ImageError) return error.message;
    throw error;
  }
}

function truncated(wanted: number, { length }: Uint8Array): string {
  return `the file is truncated: it should have ${wanted} bytes, it has ${length}`;
}

/** The first chunk that is not whole. */
function pngDamage(file: Uint8Array): Reason {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 8;;) {
    if (at + 12 > file.length) return truncated(at + 12, file);
    const end = at + 12 + view.getUint32(at);
    if (end > file.length) return truncated(end, file);
    const name = new TextDecoder("latin1").decode(file.subarray(at + 4, at + 8));
    if (checksum(file.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      return `its chunk ${JSON.stringify(name)} at byte ${at} does not match its checksum`;
    }
    if (name === "IEND") return undefined;
    at = end;
  }
}

/** Strips or tiles that lie beyond the end of the file. */
function tiffDamage(file: Uint8Array): Reason {
  const tags = new TiffTags(new HeaderBytes(file.length, file));
  for (const [offsets, counts] of [["offsets", "counts"], ["tileOffsets", "tileCounts"]] as const) {
    const lengths = tags.numbers(counts, file.length);
    const ends = tags.numbers(offsets, file.length).map((at, i) => at + (lengths[i] ?? 0));
    const last = ends.reduce((most, end) => Math.max(most, end), 0);
    if (last > file.length) return truncated(last, file);
  }
  return undefined;
}
