/**
 * Opening the source of a split on the thread that is to read it.
 * @module
 */
import type { OpenSource, Source, Split } from "./data.ts";

/**
 * Imports the module that a split names and opens its source.
 * @param split The split's name, for messages, and its source.
 * @throws {TypeError} if the module cannot be imported or does not export `openSource`.
 * @throws {DataError} as the module says.
 */
export async function openSplitSource(split: Pick<Split, "name" | "source">): Promise<Source> {
  const openSource = await importOpenSource(split);
  return await openSource(split.source.options);
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
