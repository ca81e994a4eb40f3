/** Small pictures of all kinds, and what PIL reads from them. */
import { assertEquals } from "@std/assert";
import type { Picture } from "../../../engine/images/picture.ts";
import type { Interpolation } from "../../../engine/images/preprocessing.ts";

const FOLDER = new URL("../../testdata/images/", import.meta.url);

/** Path of one of the pictures. */
export function picturePath(name: string): string {
  return new URL(name, FOLDER).pathname;
}

/** What PIL reads from a picture. */
interface ExpectedPicture {
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

/** What PIL reads from the pictures. */
export const EXPECTED: {
  readonly pictures: Readonly<Record<string, ExpectedPicture>>;
  readonly resized: readonly ExpectedResize[];
} = JSON.parse(Deno.readTextFileSync(new URL("expected.json", FOLDER)));

/** Bytes from base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** A picture as PIL reads it. */
export function expectedPicture(name: string): Picture {
  const { size: [height, width], rgb } = EXPECTED.pictures[name];
  return { height, width, channels: 3, data: bytesOf(rgb) };
}

/** Checks that pixels are the same bytes, without printing all of them. */
export function assertPixels(found: Uint8Array, expected: Uint8Array, message: string): void {
  assertEquals(found.length, expected.length, message);
  const differing = found.findIndex((value, i) => value !== expected[i]);
  assertEquals([differing, found[differing]], [-1, undefined], message);
}
