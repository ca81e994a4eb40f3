/**
 * What becomes of data that cannot be used: it ends the work at once, or is collected.
 * @module
 */
import { DataError } from "../errors.ts";

/**
 * Takes what is wrong; where it returns, the work goes on without the data in question.
 * @category Slides
 */
export type Refuse = (error: DataError) => void;

/**
 * Ends the work.
 * @param error What is wrong.
 * @throws {DataError} always.
 */
export function refuseAtOnce(error: DataError): never {
  throw error;
}

/**
 * Does what may find data that cannot be used.
 * @param work What is to be done.
 * @param refuse Takes what is wrong.
 * @returns What the work gave; `undefined` where it was refused.
 *
 * @example What is wrong is collected
 * ```ts
 * import { DataError } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const found: string[] = [];
 * const work = () => {
 *   throw new DataError("Cannot read the slide: it is cut off");
 * };
 * assertEquals(await attempt(work, ({ message }) => found.push(message)), undefined);
 * assertEquals(found, ["Cannot read the slide: it is cut off"]);
 * ```
 */
export async function attempt<T>(
  work: () => T | Promise<T>,
  refuse: Refuse,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    refuse(error);
    return undefined;
  }
}
