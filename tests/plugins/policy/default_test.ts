import { assert, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import type { Preprocessing } from "../../../engine/images/preprocessing.ts";
import { defaultPolicy } from "../../../plugins/policy/default.ts";
import { sharedDefault2d } from "../../../plugins/policy/shared_default_2d.ts";
import { transformOf } from "./_cases.ts";

const preprocessing: Preprocessing = {
  channels: 3,
  imageSize: [224, 224],
  mean: [0.1, 0.2, 0.3],
  std: [0.4, 0.5, 0.6],
  interpolation: "bicubic",
  cropPct: 0.9,
};
const normalize = { op: "normalize", mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] } as const;
const crop = { op: "center_crop", size: [224, 224], fill: undefined } as const;

Deno.test("default is timm's evaluation transform with the encoder's numbers", () => {
  assertEquals(transformOf(defaultPolicy, { preprocessing }), {
    channels: 3,
    size: [224, 224],
    operations: [{ op: "resize_shorter", size: 248, interpolation: "bicubic" }, crop, normalize],
  });
});

Deno.test("default takes from data what data says", () => {
  const context = {
    preprocessing,
    imageSize: 100,
    cropSize: 96,
    mean: [0.5, 0.5, 0.5],
    std: [0.25],
  };
  assertEquals(transformOf(defaultPolicy, context), {
    channels: 3,
    size: [96, 96],
    operations: [
      { op: "resize_shorter", size: 111, interpolation: "bicubic" },
      { ...crop, size: [96, 96] },
      { op: "normalize", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    ],
  });
  const resized = transformOf(defaultPolicy, { preprocessing, resizeSize: 300 });
  assertEquals(resized.operations[0], {
    op: "resize_shorter",
    size: 300,
    interpolation: "bicubic",
  });
});

Deno.test("default has options for interpolation and crop", () => {
  const options = { interpolation: "lanczos", crop_pct: 1 };
  assertEquals(transformOf(defaultPolicy, { preprocessing }, options).operations[0], {
    op: "resize_shorter",
    size: 224,
    interpolation: "lanczos",
  });
  for (const wrong of [{ interpolation: "cubic" }, { crop_pct: 0 }, { crop_pct: 1.1 }, { a: 1 }]) {
    assert(!v.safeParse(defaultPolicy.config, wrong).success);
  }
});

Deno.test("default squashes or pads where the encoder wants that", () => {
  const squash = transformOf(defaultPolicy, {
    preprocessing: { ...preprocessing, cropMode: "squash" },
  });
  assertEquals(squash.operations.slice(0, 2), [
    { op: "resize", size: [248, 248], interpolation: "bicubic" },
    crop,
  ]);
  const border = transformOf(defaultPolicy, {
    preprocessing: { ...preprocessing, cropMode: "border" },
  });
  assertEquals(border.operations.slice(0, 2), [
    { op: "resize_fit", size: [248, 248], interpolation: "bicubic" },
    { ...crop, fill: [26, 51, 77] },
  ]);
});

Deno.test("default covers a size that is not a square", () => {
  const { size, operations } = transformOf(defaultPolicy, {
    preprocessing: { ...preprocessing, imageSize: [90, 180] },
  });
  assertEquals(size, [90, 180]);
  assertEquals(operations[0], { op: "resize_cover", size: [100, 200], interpolation: "bicubic" });
});

Deno.test("default uses timm's numbers where the encoder says none", () => {
  const { operations } = transformOf(defaultPolicy, {
    preprocessing: { channels: 3, imageSize: [224, 224] },
  });
  assertEquals(operations, [
    { op: "resize_shorter", size: 256, interpolation: "bilinear" },
    crop,
    { op: "normalize", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  ]);
});

Deno.test("default leaves images their size where nobody says one", () => {
  const own = { ...preprocessing, imageSize: undefined };
  const none = transformOf(defaultPolicy, { preprocessing: own });
  assertEquals([none.size, none.operations], [undefined, [normalize]]);
  const resized = transformOf(defaultPolicy, { preprocessing: own, resizeSize: 50 });
  assertEquals(resized.size, undefined);
  assertEquals(resized.operations, [
    { op: "resize_shorter", size: 50, interpolation: "bicubic" },
    normalize,
  ]);
});

Deno.test("default fits mean and standard deviation to the channels, or says that they do not", () => {
  const grey = transformOf(defaultPolicy, { preprocessing: { channels: 1 } });
  const [last] = grey.operations.slice(-1);
  assert(last.op === "normalize" && last.mean.length === 1 && last.std.length === 1);
  assertEquals(last.mean[0].toFixed(6), "0.449000");
  assertThrows(
    () => transformOf(defaultPolicy, { preprocessing, mean: [0.5, 0.5] }),
    RangeError,
    "expected 3 values of mean, received 2",
  );
  assertThrows(
    () => transformOf(defaultPolicy, { preprocessing: { ...preprocessing, channels: 4 } }),
    RangeError,
    "images have 1 or 3 channels, the encoder takes 4",
  );
});

Deno.test("default evaluates AID on the middle of large crops", () => {
  const { size, operations } = transformOf(defaultPolicy, {
    preprocessing: { channels: 3 },
    dataset: "aid",
  });
  assertEquals(size, [224, 224]);
  assertEquals(operations.slice(0, 3), [
    { op: "resize_shorter", size: 640, interpolation: "bilinear" },
    { op: "center_crop", size: [600, 600] },
    { op: "resize", size: [224, 224], interpolation: "bilinear" },
  ]);
});

Deno.test("default evaluates PatchCamelyon as shared_default_2d", () => {
  const preprocessing = { channels: 3 };
  const pcam = transformOf(defaultPolicy, { preprocessing, dataset: "pcam", resizeSize: 250 });
  assertEquals(pcam, transformOf(sharedDefault2d, { preprocessing, resizeSize: 250 }));
});
