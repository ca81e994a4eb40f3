/**
 * How many pixels one image may have, and all that are in work together: their memory is bounded
 * before it is taken.
 * @module
 */
import { ImageError } from "./image_error.ts";

/**
 * Most pixels of an image unless another limit is set: PIL's `MAX_IMAGE_PIXELS`.
 *
 * @example As RGB, they take a quarter of a gigabyte
 * ```ts
 * import { MAX_IMAGE_PIXELS } from "@glovita/glovita/images";
 * import { assertEquals } from "@std/assert";
 * assertEquals(Math.ceil((3 * MAX_IMAGE_PIXELS) / 2 ** 20), 256);
 * ```
 *
 * @category Sources
 */
export const MAX_IMAGE_PIXELS: number = 89_478_485;

/** Most pixels in work at the same time in all threads; a larger image is in work alone. */
const PIXELS_IN_WORK = 2 * MAX_IMAGE_PIXELS;

/** Images up to this size need no permission. */
const SMALL = 1 << 20;

/** The part of the Web Locks API that is used: the runtime has it, its types do not. */
interface Locks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
}

const { locks } = navigator as { readonly locks?: Locks };

/** Parts of the pixels in work, each of which one image holds at a time. */
const PARTS = 64;

/**
 * Checks the size of an image that its header claims.
 *
 * @param size Width and height.
 * @param most Most pixels that it may have.
 * @throws {ImageError} if it has none, or more.
 *
 * @example A file of 34 bytes may claim to be as large
 * ```ts
 * import { assertThrows } from "@std/assert";
 * const size = { width: 16383, height: 16383 };
 * assertThrows(() => checkSize(size, MAX_IMAGE_PIXELS), Error, "16383x16383 pixels");
 * ```
 */
export function checkSize(
  { width, height }: { readonly width: number; readonly height: number },
  most: number,
): void {
  if (width < 1 || height < 1) throw new ImageError(`it claims to have ${width}x${height} pixels`);
  if (width * height <= most) return;
  throw new ImageError(
    `it claims to have ${width}x${height} pixels, more than max_image_pixels, ${most}`,
  );
}

/**
 * Waits until so many pixels may be in work, in whichever thread, and works on them. Locks end with
 * the thread that holds them.
 *
 * @param pixels How many.
 * @param work What to do with them.
 * @returns What `work` returns.
 *
 * @example Two images that do not fit in at the same time
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const order: string[] = [];
 * const work = (name: string) => async () => {
 *   order.push(`${name} begins`);
 *   await Promise.resolve();
 *   order.push(`${name} ends`);
 * };
 * await Promise.all(["a", "b"].map((name) => withPixels(1.5 * MAX_IMAGE_PIXELS, work(name))));
 * assertEquals(order, ["a begins", "a ends", "b begins", "b ends"]);
 * ```
 */
export async function withPixels<T>(pixels: number, work: () => Promise<T>): Promise<T> {
  if (pixels <= SMALL) return await work();
  const parts = Math.min(PARTS, Math.ceil((pixels * PARTS) / PIXELS_IN_WORK));
  const first = Math.floor(Math.random() * (PARTS - parts + 1));
  return await withParts(first, first + parts, work);
}

/** Takes parts in ascending order, so that no two images wait for each other. */
async function withParts<T>(part: number, end: number, work: () => Promise<T>): Promise<T> {
  if (part === end) return await work();
  const further = () => withParts(part + 1, end, work);
  return await (locks?.request(`glovita image pixels ${part}`, further) ?? further());
}
