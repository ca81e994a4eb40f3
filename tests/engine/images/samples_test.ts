import { assertEquals } from "@std/assert";
import {
  SAMPLE_ARRAYS,
  SAMPLE_KINDS,
  type SampleKindName,
  type Samples,
} from "../../../engine/images/samples.ts";

/** What becomes of one pixel, or of a row of them. */
function converted(kind: SampleKindName, samples: Samples, bands = 1): number[] {
  const width = samples.length / bands;
  return [...SAMPLE_KINDS[kind].toImage({ width, height: 1, bands, samples }).data];
}

Deno.test("SAMPLE_KINDS cut off grey of more than 8 bits, as PIL does", () => {
  assertEquals(converted("grey16", Uint16Array.of(0, 255, 256, 65535)), [0, 255, 255, 255]);
  assertEquals(converted("greySigned16", Int16Array.of(-5, 7, 300)), [0, 7, 255]);
  assertEquals(converted("greySigned32", Int32Array.of(-1, 200, 1e6)), [0, 200, 255]);
  assertEquals(converted("greyFloat", Float32Array.of(-0.5, 12.9, 255.5, NaN)), [0, 12, 255, 0]);
  const { buffer } = Uint32Array.of(7, 2 ** 32 - 1); // too large for PIL, which takes it for -1
  assertEquals(converted("grey32", new SAMPLE_ARRAYS.uint(buffer, 0, 2)), [7, 0]);
});

Deno.test("SAMPLE_KINDS keep the high byte of colors, and drop alpha", () => {
  assertEquals(converted("rgb16", Uint16Array.of(0x1234, 0xffff, 255, 9), 4), [0x12, 255, 0]);
  assertEquals(converted("greyAlpha16", Uint16Array.of(0x1234, 9), 2), [0x12]);
  assertEquals(converted("rgb8", Uint8Array.of(1, 2, 3, 9, 8), 5), [1, 2, 3]);
  assertEquals(converted("grey8", Uint8Array.of(1, 9, 2, 8), 2), [1, 2]);
});

Deno.test("SAMPLE_KINDS divide colors by alpha where they are multiplied with it", () => {
  const pixels = Uint8Array.of(10, 20, 40, 51, 1, 2, 3, 0, 7, 8, 9, 255);
  assertEquals(converted("premultiplied8", pixels, 4), [50, 100, 200, 0, 0, 0, 7, 8, 9]);
  const deep = Uint16Array.of(10 << 8, 20 << 8, 60 << 8, 51 << 8);
  assertEquals(converted("premultiplied16", deep, 4), [50, 100, 255]);
});

Deno.test("SAMPLE_KINDS mix inks, however many samples a pixel has", () => {
  assertEquals(converted("cmyk8", Uint8Array.of(0, 255, 0, 0, 77), 5), [255, 0, 255]);
  assertEquals(converted("cmyk16", Uint16Array.of(0, 0xffff, 0x00ff, 0), 4), [255, 0, 255]);
});

Deno.test("SAMPLE_KINDS unpack 12 bits, of which rows begin with a new byte", () => {
  const samples = Uint8Array.of(0x00, 0x70, 0x09, 0x10, 0x00); // 7, 9, 256
  const image = SAMPLE_KINDS.grey12.toImage({ width: 5, height: 1, bands: 1, samples });
  assertEquals([image.width, ...image.data], [3, 7, 9, 255]);
});
