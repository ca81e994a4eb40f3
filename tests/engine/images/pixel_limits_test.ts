import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ImageError } from "../../../engine/images/image_error.ts";
import { checkSize, MAX_IMAGE_PIXELS, withPixels } from "../../../engine/images/pixel_limits.ts";

Deno.test("checkSize() compares with the limit, and refuses images without pixels", () => {
  checkSize({ width: 10, height: 9 }, 90);
  assertThrows(
    () => checkSize({ width: 10, height: 9 }, 89),
    ImageError,
    "it claims to have 10x9 pixels, more than max_image_pixels, 89",
  );
  const empty = () => checkSize({ width: 0, height: 9 }, 89);
  assertThrows(empty, ImageError, "it claims to have 0x9 pixels");
});

/** The most pixels that were in work together. */
async function mostInWork(sizes: readonly number[]): Promise<number> {
  let pixels = 0;
  let most = 0;
  await Promise.all(sizes.map((size) =>
    withPixels(size, async () => {
      most = Math.max(most, pixels += size);
      for (let i = 0; i < 20; i++) await Promise.resolve();
      pixels -= size;
    })
  ));
  assertEquals(pixels, 0);
  return most;
}

Deno.test("withPixels() bounds the pixels in work", async () => {
  const large = MAX_IMAGE_PIXELS;
  const most = await mostInWork(Array(8).fill(large));
  assertEquals(most <= 2 * large && most >= large, true, `${most}`);
  assertEquals(await mostInWork([5 * large, 5 * large, large]), 5 * large);
  assertEquals(await mostInWork(Array(8).fill(1000)), 8000); // small ones do not wait
});

Deno.test("withPixels() hands back its part when work fails", async () => {
  const failing = () =>
    withPixels(5 * MAX_IMAGE_PIXELS, () => Promise.reject(new RangeError("no")));
  await assertRejects(failing, RangeError, "no");
  assertEquals(await withPixels(5 * MAX_IMAGE_PIXELS, () => Promise.resolve(3)), 3);
});

Deno.test("withPixels() counts all threads, and forgets those that are gone", async () => {
  const module = import.meta.resolve("../../../engine/images/pixel_limits.ts");
  const source = `import { withPixels } from ${JSON.stringify(module)};
    withPixels(1e9, () => { self.postMessage("in work"); return new Promise(() => {}); });`;
  const url = `data:application/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module" });
  await new Promise((resolve) => worker.onmessage = resolve);
  let mine = false;
  const waiting = withPixels(MAX_IMAGE_PIXELS, () => Promise.resolve(mine = true));
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve));
  assertEquals(mine, false);
  worker.terminate();
  assertEquals(await waiting, true);
});
