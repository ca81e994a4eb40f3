import { assertEquals } from "@std/assert";
import { resample } from "../../../engine/images/resample.ts";
import { withChannels } from "../../../engine/images/image.ts";
import { assertPixels, bytesOf, EXPECTED, expectedImage } from "./_images.ts";

const image = expectedImage("rgb.png");

for (const { size, interpolation, rgb } of EXPECTED.resized) {
  Deno.test(`resample() ${interpolation} to ${size.join("x")} as PIL, to the bit`, () => {
    const result = resample(image, { size, interpolation });
    assertEquals([result.height, result.width, result.channels], [...size, 3]);
    assertPixels(result.data, bytesOf(rgb), `${interpolation} ${size}`);
  });
}

Deno.test("resample() computes a part as it computes the whole", () => {
  for (const { size, interpolation } of EXPECTED.resized) {
    const [height, width] = size;
    if (height < 4) continue;
    const region = { left: 2, top: 1, width: width - 3, height: height - 3 };
    const part = resample(image, { size, interpolation, region });
    const whole = resample(image, { size, interpolation });
    const expected = Array.from({ length: region.height }, (_, row) => {
      const from = ((row + region.top) * width + region.left) * 3;
      return [...whole.data.subarray(from, from + region.width * 3)];
    }).flat();
    assertPixels(part.data, new Uint8Array(expected), `${interpolation} ${size}`);
  }
});

Deno.test("resample() treats one channel as each of three", () => {
  const grey = withChannels(image, 1);
  const options = { size: [7, 9], interpolation: "lanczos" } as const;
  const expected = resample(withChannels(grey, 3), options).data.filter((_, i) => i % 3 === 0);
  assertPixels(resample(grey, options).data, expected, "greyscale");
});

Deno.test("resample() to the same size changes nothing", () => {
  for (const interpolation of ["nearest", "box", "bilinear", "bicubic", "lanczos"] as const) {
    const { data } = resample(image, { size: [image.height, image.width], interpolation });
    assertPixels(data, image.data, interpolation);
  }
});
