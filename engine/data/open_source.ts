/**
 * Opening the source of a split on the thread that is to read it.
 * @module
 */
import { describe, onBehalfOf, refuse } from "../fault.ts";
import type { OpenSource, Rows, Source, Split } from "./data.ts";

/**
 * Imports the module that a split names and opens its source.
 * @param split The split's name, for messages, and its source.
 * @throws {TypeError} if the module cannot be imported or does not export `openSource`.
 * @throws {PartError} instead, and for whatever else goes wrong in the module, if the source names
 *   the part that it belongs to; later reads throw it as well.
 * @throws {DataError} as the module says.
 */
export async function openSplitSource(split: Pick<Split, "name" | "source">): Promise<Source> {
  const { part, options } = split.source;
  const source = await onBehalfOf(part, async () => {
    const openSource = await importOpenSource(split);
    return requireSource(await openSource(options));
  });
  if (part === undefined) return source;
  return {
    read: (...args) => onBehalfOf(part, async () => requireRows(await source.read(...args))),
    close: () => onBehalfOf(part, () => source.close()),
  };
}

async function importOpenSource(
  { name, source }: Pick<Split, "name" | "source">,
): Promise<OpenSource> {
  let module: { readonly openSource?: unknown };
  try {
    module = await import(source.module);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(
      `Cannot read ${name}: module "${source.module}" failed to import: ${reason}`,
      { cause },
    );
  }
  const { openSource } = module;
  if (typeof openSource !== "function") {
    throw new TypeError(
      `Cannot read ${name}: module "${source.module}" exports no function openSource`,
    );
  }
  return openSource as OpenSource;
}

function requireSource(source: Source): Source {
  const complete = typeof source?.read === "function" && typeof source.close === "function";
  if (!complete) refuse("openSource() to return an object with read and close", describe(source));
  return source;
}

function requireRows(rows: Rows): Rows {
  const features = rows?.features;
  if (features instanceof Float32Array) return rows;
  refuse('rows with "features" as a Float32Array from read()', describe(features));
}
