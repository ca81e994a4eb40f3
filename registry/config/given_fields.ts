/**
 * Which fields of a config somebody set: those are told where nothing uses them.
 * @module
 */
import type { Registry } from "../registry.ts";
import { keyPath, SLOTS } from "../slots.ts";
import { type ComposedSection, composeSections } from "./compose.ts";
import type { Flag } from "./flag.ts";
import { getAt, isPlainObject, joinPath, type PlainObject, splitPath } from "./objects.ts";
import { type AnySchema, readSchema } from "./schema.ts";
import { type Section, SECTIONS } from "./sections.ts";
import { selectPlugins } from "./select.ts";

/** Where the fields of a config come from. */
export interface FieldSources {
  /** The tree that file, parts and flags make. */
  readonly tree: PlainObject;
  /** The same with defaults, and validated. */
  readonly resolved: PlainObject;
  /** The flags. */
  readonly flags?: readonly Flag[];
  /** A tree that nobody wrote for this config, as that of an earlier run. */
  readonly inherited?: unknown;
}

/**
 * Lists the fields that somebody set: all that flags name, and others where they differ from their
 * default, or from the tree that they are inherited from.
 * @param sections Sections of the tree with the fields of the chosen plugins.
 * @param sources Where the fields come from.
 * @returns Dotted paths, in the order of the sections.
 */
export function givenFields(
  sections: readonly ComposedSection[],
  sources: FieldSources,
): string[] {
  return sections.flatMap((section) => {
    const { path, entries } = section;
    const fields = path === "" ? sources.tree : getAt(sources.tree, splitPath(path));
    if (!isPlainObject(fields)) return [];
    const keys = new Map(section.selections.map(({ slot }) => [SLOTS[slot].field, SLOTS[slot]]));
    return Object.keys(fields).flatMap((name) => {
      const schema = Object.hasOwn(entries, name) ? entries[name] : undefined;
      if (schema === undefined) return [];
      const key = keys.get(name);
      if (key === undefined) return givenBelow(joinPath(path, name), schema, sources);
      return isGiven(keyPath(key), key.defaultKey, sources) ? [keyPath(key)] : [];
    });
  });
}

/**
 * Lists the fields of a resolved config that differ from their defaults.
 * @param config The config.
 * @param options Where its plugins are looked up, and the sections of its tree.
 * @returns Dotted paths, in the order of the sections.
 */
export function changedFields(
  config: object,
  { registry, sections = SECTIONS }: {
    readonly registry: Registry;
    readonly sections?: readonly Section[];
  },
): string[] {
  const tree = config as PlainObject;
  const { selections } = selectPlugins(tree, [], { registry, sections });
  return givenFields(composeSections(selections, sections), { tree, resolved: tree });
}

/**
 * Tells whether a flag names a field, or something inside or around it.
 * @param path Dotted path of the field.
 * @param flags The flags.
 */
export function isFlagged(path: string, flags: readonly Flag[]): boolean {
  return flags.some((flag) => {
    const name = flag.path.join(".");
    const positive = name.replace(/(^|\.)no_([^.]*)$/, "$1$2"); // of --a.no_x
    return name === path || positive === path || name.startsWith(`${path}.`) ||
      path.startsWith(`${name}.`);
  });
}

/** The given ones among a field, or among those inside of it. */
function givenBelow(path: string, schema: AnySchema, sources: FieldSources): string[] {
  const field = readSchema(schema);
  const value = getAt(sources.tree, splitPath(path));
  if (field.kind !== "object" || !isPlainObject(value)) {
    return isGiven(path, field.default, sources) ? [path] : [];
  }
  const { entries } = field;
  return Object.keys(value).flatMap((name) => {
    const inside = Object.hasOwn(entries, name) ? entries[name] : undefined;
    return inside === undefined ? [] : givenBelow(joinPath(path, name), inside, sources);
  });
}

function isGiven(
  path: string,
  otherwise: unknown,
  { tree, resolved, flags = [], inherited }: FieldSources,
): boolean {
  if (isFlagged(path, flags)) return true;
  const names = splitPath(path);
  return inherited === undefined
    ? !isSame(getAt(resolved, names), otherwise)
    : !isSame(getAt(tree, names), getAt(inherited, names));
}

/** Whether two values of a config are the same; what is not there is `null`. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
