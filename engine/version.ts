/**
 * The version of the package.
 * @module
 */

/** As `deno.json` has it, which is not part of every package. */
export const VERSION = "0.1.0";
