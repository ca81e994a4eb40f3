/**
 * What runs this program, Deno or Node. The folder is the only place of the library that tells one
 * from the other: all else goes by what both have, such as `node:fs`.
 * @module
 */
import { arch, platform, versions } from "node:process";

/** Whether this is Deno; otherwise it is Node. */
export const isDeno: boolean = "deno" in versions;

/** Names that Deno has for what Node calls otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  win32: "windows",
  x64: "x86_64",
  arm64: "aarch64",
};

/**
 * Describes what runs this program: versions, system and processor.
 * @returns The same names for systems and processors under Deno and Node.
 *
 * @example The version of V8
 * ```ts
 * import { assertMatch } from "@std/assert";
 * assertMatch(hostInfo().v8, /^\d+\.\d+/);
 * ```
 */
export function hostInfo(): Record<string, string> {
  const { os, arch: processor } = { os: NAMES[platform] ?? platform, arch: NAMES[arch] ?? arch };
  if (!isDeno) return { node: versions.node!, v8: versions.v8!, os, arch: processor };
  const { deno, typescript, v8 } = Deno.version;
  return { deno, typescript, v8, os: Deno.build.os, arch: Deno.build.arch };
}

/**
 * The address of a module of this package that nobody imports: a worker, or a source of rows. In
 * the package for npm, modules end in `.js`.
 * @param url Its address, with the ending that it has in the sources.
 * @returns The address at which it is.
 *
 * @example In the sources
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const url = new URL("./_worker.ts", import.meta.url);
 * assertEquals(moduleUrl(url), url);
 * ```
 */
export function moduleUrl(url: URL): URL {
  return import.meta.url.endsWith(".ts") ? url : new URL(url.href.replace(/\.ts$/, ".js"));
}
