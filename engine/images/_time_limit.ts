/** Bounds the time that decoding takes, also where the decoder does not look at a clock. */
import { ImageError } from "./image_error.ts";

/**
 * Waits for the decoder no longer than it may take.
 * @param decoding What it does; nobody may be told if it fails later.
 * @param seconds How long it may take.
 * @throws {ImageError} if it takes longer.
 */
export async function withTimeLimit<T>(decoding: Promise<T>, seconds: number): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    limit.reject(new ImageError(`decoding it takes longer than ${seconds} s`));
  }, seconds * 1000);
  try {
    return await Promise.race([decoding, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
