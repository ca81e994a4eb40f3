/** Small images of all kinds, and what PIL reads from them. */
import { assertEquals } from "@std/assert";
import { HeaderBytes } from "../../../engine/images/header_bytes.ts";
import type { Image } from "../../../engine/images/image.ts";
import type { Interpolation } from "../../../engine/images/preprocessing.ts";

const FOLDER = new URL("../../testdata/images/", import.meta.url);

/** Path of one of the images. */
export function imagePath(name: string): string {
  return new URL(name, FOLDER).pathname;
}

/** What PIL reads from an image. */
interface ExpectedImage {
  /** Height and width. */
  readonly size: readonly [number, number];
  /** Bytes of `convert("RGB")`, as base64. */
  readonly rgb: string;
  /** Bytes of `convert("L")`, as base64. */
  readonly grey: string;
}

/** What PIL makes of `rgb.png` by resizing. */
interface ExpectedResize {
  readonly size: readonly [number, number];
  readonly interpolation: Interpolation;
  readonly rgb: string;
}

/** What PIL reads from the images. */
export const EXPECTED: {
  readonly images: Readonly<Record<string, ExpectedImage>>;
  readonly resized: readonly ExpectedResize[];
} = JSON.parse(Deno.readTextFileSync(new URL("expected.json", FOLDER)));

/** A small image of one kind of pixels. */
export interface KindCase {
  readonly name: string;
  /** The file, as base64. */
  readonly file: string;
  /** Whether PIL refuses it, or we do for a reason. */
  readonly refused?: true;
  /** Height and width. */
  readonly size: readonly [number, number];
  /** Bytes of `convert("RGB")`, as base64. */
  readonly rgb: string;
  /** Bytes of `convert("L")`, as base64. */
  readonly grey: string;
}

/** Images of all kinds of pixels, and what PIL reads from them. */
export const KINDS: readonly KindCase[] = JSON.parse(
  Deno.readTextFileSync(new URL("kinds.json", FOLDER)),
);

/** The file of one of the kinds. */
export function kindFile(name: string): Uint8Array<ArrayBuffer> {
  const found = KINDS.find((kind) => kind.name === name);
  if (!found) throw new RangeError(`there is no image "${name}"`);
  return bytesOf(found.file);
}

/** What is known of a file that is in memory. */
export function headerOf(file: Uint8Array): HeaderBytes {
  return new HeaderBytes(file.length, file);
}

/** A PNG file that claims to have a size. */
export function claimingPng(width: number, height: number): Uint8Array {
  const file = Deno.readFileSync(imagePath("rgb.png"));
  const view = new DataView(file.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return file;
}

/** Bytes from base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** An image as PIL reads it. */
export function expectedImage(name: string): Image {
  const { size: [height, width], rgb } = EXPECTED.images[name];
  return { height, width, channels: 3, data: bytesOf(rgb) };
}

/** Checks that pixels are the same bytes, without printing all of them. */
export function assertPixels(found: Uint8Array, expected: Uint8Array, message: string): void {
  assertEquals(found.length, expected.length, message);
  const differing = found.findIndex((value, i) => value !== expected[i]);
  assertEquals([differing, found[differing]], [-1, undefined], message);
}
