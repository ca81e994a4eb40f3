/**
 * Trees of plain objects: reading and writing by path.
 * @module
 */

/** A plain object. */
export type PlainObject = Record<string, unknown>;

/**
 * Tells whether a value is a plain object.
 * @param value Any value.
 * @returns Whether it is an object with named values, neither list nor instance of a class.
 */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Reads a value by path.
 * @param tree The tree.
 * @param path Names from the root down.
 * @returns The value, or `undefined` where the path ends early.
 */
export function getAt(tree: unknown, path: readonly string[]): unknown {
  let value = tree;
  for (const name of path) {
    if (!isPlainObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/**
 * Writes a value by path, and makes the objects on the way.
 * @param tree The tree, changed in place.
 * @param path Names from the root down, at least one.
 * @param value The value.
 * @returns Whether it could be written: not where a value other than an object is in the way.
 */
export function setAt(tree: PlainObject, path: readonly string[], value: unknown): boolean {
  if (path.includes("__proto__")) return false;
  let parent = tree;
  for (const name of path.slice(0, -1)) {
    const next = Object.hasOwn(parent, name) ? parent[name] ?? undefined : undefined;
    if (next !== undefined && !isPlainObject(next)) return false;
    parent = next ?? (parent[name] = {}) as PlainObject;
  }
  const last = path.at(-1);
  if (last === undefined) return false;
  parent[last] = value;
  return true;
}

/**
 * Picks entries of an object. One that is computed when it is read stays so.
 * @param object The object.
 * @param names Names to keep.
 * @returns A new object with those names that the object has.
 */
export function pick(object: Readonly<PlainObject>, names: Iterable<string>): PlainObject {
  const picked: PlainObject = {};
  for (const name of names) {
    const entry = Object.getOwnPropertyDescriptor(object, name);
    if (entry !== undefined) Object.defineProperty(picked, name, entry);
  }
  return picked;
}

/**
 * Splits a dotted path.
 * @param path The path; empty for the root.
 * @returns Its names.
 */
export function splitPath(path: string): string[] {
  return path === "" ? [] : path.split(".");
}

/**
 * Joins names to a dotted path.
 * @param parts Names and paths; empty ones are left out.
 * @returns The path.
 */
export function joinPath(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(".");
}
