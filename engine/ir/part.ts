/**
 * Which part of a model a node belongs to. Nodes carry the name of the part whose code made them, so
 * that what goes wrong later, when they are differentiated or run, can be traced to it.
 * @module
 */

let current: string | undefined;

/** What the part is called whose code runs; absent where it is the engine's own. */
export function currentPart(): string | undefined {
  return current;
}

/**
 * Runs code of a part.
 * @param part What the part is called; absent for the engine's own code.
 * @param build The code; what it does after an `await` is not seen.
 * @returns What the code returns.
 */
export function inPart<T>(part: string | undefined, build: () => T): T {
  const before = current;
  current = part;
  try {
    return build();
  } finally {
    current = before;
  }
}
