import { assert, assertEquals } from "@std/assert";
import {
  describePixels,
  TIFF_KINDS,
  tiffKind,
  type TiffPixels,
} from "../../../engine/images/tiff_kinds.ts";
import { KINDS } from "./_images.ts";

const RGB: TiffPixels = {
  little: true,
  photometric: 2,
  sampleFormat: 1,
  bits: [8, 8, 8],
  extras: [],
  reversed: false,
  planes: false,
  tiles: false,
  compression: 1,
};
const grey = (sampleFormat: number, bits: number): TiffPixels => ({
  ...RGB,
  photometric: 1,
  sampleFormat,
  bits: [bits],
});

Deno.test("every row of TIFF_KINDS has an image that PIL reads to the same pixels", () => {
  const names = KINDS.filter(({ refused }) => !refused).map(({ name }) => name);
  const untested = Object.keys(TIFF_KINDS).filter((row) =>
    !names.includes(`tiff II ${row}`) &&
    !names.some((name) => row === YCBCR && name === "tiff jpeg YCbCr")
  );
  assertEquals(untested, []);
});

const YCBCR = "YCbCr, 3 x uint8";

Deno.test("TIFF_KINDS has every kind that PIL has, apart from those that are left out for a reason", () => {
  const kinds = KINDS.flatMap(({ name }) =>
    /^tiff II (?!other)(.*?)( packed| reversed)*$/.exec(name)?.[1] ?? []
  );
  const left = new Set(kinds.filter((row) => !(row in TIFF_KINDS)));
  assertEquals([...left], ["YCbCr, 1 x uint8", "CIELab, 3 x uint8"]);
});

Deno.test("describePixels() has words for all numbers", () => {
  assertEquals(describePixels(RGB), "RGB, 3 x uint8");
  assertEquals(describePixels({ ...RGB, bits: [5, 6, 5] }), "RGB, 3 x uint5/6/5");
  assertEquals(describePixels({ ...RGB, bits: [8, 8, 8, 8], extras: [2] }), "RGB, 4 x uint8 + 2");
  const unknown = { ...grey(9, 8), photometric: 77 };
  assertEquals(describePixels(unknown), "color space 77, 1 x type 9 of 8");
});

Deno.test("tiffKind() refuses what the table does not have", () => {
  const refused = (pixels: TiffPixels) => {
    const kind = tiffKind(pixels);
    assert(typeof kind === "string", JSON.stringify(kind));
    return kind;
  };
  assertEquals(
    refused({ ...RGB, sampleFormat: 3, bits: [32, 32, 32] }),
    "a TIFF of these pixels is not read: RGB, 3 x float32",
  );
  const high = { ...grey(1, 32), little: false };
  assertEquals(
    refused(high),
    "a TIFF of these pixels with the high byte first is not read: grey, 1 x uint32",
  );
  assertEquals(
    refused({ ...RGB, compression: 50000 }),
    "a TIFF in the compression Zstandard is not read",
  );
  assertEquals(
    refused({ ...RGB, compression: 9 }),
    "a TIFF in the compression number 9 is not read",
  );
  assertEquals(
    refused({ ...RGB, photometric: 6 }),
    "a TIFF of these pixels without JPEG is not read: YCbCr, 3 x uint8",
  );
  const planes = { ...RGB, planes: true };
  assertEquals(tiffKind(planes), TIFF_KINDS["RGB, 3 x uint8"]);
  assert(refused({ ...planes, tiles: true }).includes("in planes of tiles"));
  assert(refused({ ...planes, bits: [16, 16, 16] }).includes("in planes"));
  assertEquals(
    tiffKind({ ...planes, bits: [16, 16, 16], compression: 5 }),
    TIFF_KINDS["RGB, 3 x uint16"],
  );
  assert(refused({ ...grey(1, 16), reversed: true, little: false }).includes("in reversed bits"));
  assert(refused({ ...grey(1, 12), tiles: true }).includes("in tiles"));
});
