/**
 * How many classes a dataset may be said to have.
 * @module
 */

/** More classes than any dataset has: a number above is a slip, and would take all memory. */
export const MAX_CLASSES = 10_000_000;
