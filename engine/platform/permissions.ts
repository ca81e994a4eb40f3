/**
 * What this program may do. Deno asks for permission; Node, unless it is told otherwise, does not.
 * @module
 */
import { isDeno } from "./host.ts";

/**
 * Whether something failed because Deno has no permission for it.
 * @param error What was thrown.
 * @returns Whether it is; never under Node.
 *
 * @example A missing file is something else
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(isDenied(assertThrows(() => readFileSync("no_such_file"), Error)), false);
 * ```
 */
export function isDenied(error: unknown): error is Error {
  return error instanceof Error && error.name === "NotCapable";
}

/**
 * Whether a server may be reached.
 * @param host Its name, with a port where it matters.
 *
 * @example Only with `--allow-net`
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { state } = Deno.permissions.querySync({ name: "net", host: "huggingface.co" });
 * assertEquals(mayReach("huggingface.co"), state === "granted");
 * ```
 */
export function mayReach(host: string): boolean {
  return !isDeno || Deno.permissions.querySync({ name: "net", host }).state === "granted";
}

/**
 * Whether a variable of the environment may be read.
 * @param variable Its name.
 *
 * @example With `--allow-env`
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { state } = Deno.permissions.querySync({ name: "env", variable: "HOME" });
 * assertEquals(mayReadVariable("HOME"), state === "granted");
 * ```
 */
export function mayReadVariable(variable: string): boolean {
  return !isDeno || Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}
