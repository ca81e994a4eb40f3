/**
 * Waiting in tests for what is done, never for a time.
 * @module
 */

/** Looks again and again until a condition holds, for as long as that takes. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
