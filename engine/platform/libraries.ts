/**
 * Libraries of the system.
 * @module
 */
import { isDeno } from "./host.ts";

/**
 * Whether the system finds and loads a library.
 * @param library Its name, such as `libcuda.so.1`.
 * @returns Whether it does; under Node, which cannot try, always: what is missing then shows when it
 *   is used.
 *
 * @example One that is not there
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(loadsLibrary("libnothing_of_this_name.so.1"), false);
 * ```
 */
export function loadsLibrary(library: string): boolean {
  if (!isDeno) return true;
  try {
    Deno.dlopen(library, {}).close();
    return true;
  } catch {
    return false;
  }
}
