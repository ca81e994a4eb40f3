/**
 * Validates one section of the tree: its own fields and the options of its plugins.
 * @module
 */
import * as v from "valibot";
import type { Plugin } from "../plugin.ts";
import { type ConfigIssue, quote } from "../errors.ts";
import type { Registry } from "../registry.ts";
import { SLOTS } from "../slots.ts";
import { type ComposedSection, optionEntries } from "./compose.ts";
import type { Flag } from "./flag.ts";
import { isFlagged, isSame } from "./given_fields.ts";
import { glovitaDefault, isGlovitaField } from "./glovita_fields.ts";
import { expectedIssue, renderIssues, unknownField } from "./issues.ts";
import { isPlainObject, joinPath, pick, type PlainObject } from "./objects.ts";
import { parseOptions, takesNull } from "./options.ts";
import { type AnySchema, describeField, type Entries, readSchema } from "./schema.ts";

/** What became of a section. */
export interface Validated {
  /** Values of all fields; incomplete where there are issues. */
  readonly values: PlainObject;
  /** What is wrong. */
  readonly issues: readonly ConfigIssue[];
  /** Paths of fields that were accepted without effect. */
  readonly ignored: readonly string[];
}

/** What the validation of a section needs to know of the rest. */
export interface ValidateOptions {
  /** All sections, to find out where a misplaced field belongs. */
  readonly sections: readonly ComposedSection[];
  /** Where plugins that are not selected are looked up. */
  readonly registry: Registry;
  /** Flags, whose fields somebody set even where they say nothing. */
  readonly flags?: readonly Flag[];
}

/**
 * Validates a section.
 * @param section The section with the fields of its selected plugins.
 * @param input What file and flags say about it.
 * @param options The other sections, and the registry.
 * @returns Its values with defaults filled in, everything that is wrong, and what has no effect.
 */
export function validateSection(
  section: ComposedSection,
  input: unknown,
  options: ValidateOptions,
): Validated {
  const issues: ConfigIssue[] = [];
  const ignored: string[] = [];
  if (input !== undefined && input !== null && !isPlainObject(input)) {
    issues.push(expectedIssue(section.path, "an object", input));
  }
  const given = isPlainObject(input) ? input : {};
  for (const [name, value] of Object.entries(given)) {
    if (Object.hasOwn(section.entries, name) || section.children.includes(name)) continue;
    const verdict = judgeUnknown(section, name, value, options);
    if (verdict === "ignored") ignored.push(joinPath(section.path, name));
    else if (verdict !== "accepted") issues.push(verdict);
  }
  const fields = dropNulls(pick(given, Object.keys(section.entries)), section.entries);
  const values: PlainObject = {};
  for (const { slot, keys } of section.selections) {
    const { field, list, several } = SLOTS[slot];
    values[field] = list || several && keys.length > 1 ? keys : keys[0];
  }
  const { path, ownEntries } = section;
  const ownFields = v.safeParse(v.object(ownEntries), pick(fields, Object.keys(ownEntries)));
  if (ownFields.success) Object.assign(values, ownFields.output);
  else issues.push(...renderIssues(path, ownEntries, ownFields.issues));
  for (const plugin of section.plugins) {
    const parsed = validateOptions(plugin, section, fields);
    Object.assign(values, parsed.values);
    issues.push(...parsed.issues);
  }
  issues.push(...sharedOptionIssues(section));
  return { values, issues, ignored };
}

/** Plugins that have an option of one name share its value, so it has to be the same for each. */
function sharedOptionIssues({ path, plugins }: ComposedSection): ConfigIssue[] {
  return plugins.flatMap((plugin, index) =>
    plugins.slice(0, index).flatMap((other) => {
      const entries = Object.entries(optionEntries(other));
      const theirs = Object.fromEntries(entries.map(([name, schema]) => [name, takes(schema)]));
      const differing = Object.entries(optionEntries(plugin)).filter(([name, schema]) =>
        Object.hasOwn(theirs, name) && takes(schema) !== theirs[name]
      );
      return differing.map(([name, schema]) => ({
        path: joinPath(path, name),
        message: `${quote(other.key)} takes ${theirs[name]}, ${quote(plugin.key)} takes ` +
          `${takes(schema)}: select one of them`,
      }));
    })
  );
}

/** What a field takes, and its default, in words. */
function takes(schema: AnySchema): string {
  const field = readSchema(schema);
  const fallback = field.optional ? ` (default ${JSON.stringify(field.default ?? null)})` : "";
  return `${describeField(field)}${field.nullable ? ", or none" : ""}${fallback}`;
}

function validateOptions(
  plugin: Plugin,
  section: ComposedSection,
  fields: PlainObject,
): Pick<Validated, "values" | "issues"> {
  const entries = optionEntries(plugin);
  const parsed = parseOptions(plugin, pick(fields, Object.keys(entries)));
  if (parsed.success) return { values: parsed.output as PlainObject, issues: [] };
  return { values: {}, issues: renderIssues(section.path, entries, parsed.issues) };
}

/** `null` says "not given" wherever it is not a value of the field, as in GloViTa's files. */
function dropNulls(values: PlainObject, entries: Entries): PlainObject {
  const kept: PlainObject = {};
  for (const [name, value] of Object.entries(values)) {
    const schema = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (schema === undefined) kept[name] = value;
    else if (value === null) {
      if (takesNull(schema)) kept[name] = value;
    } else {
      const field = readSchema(schema);
      const nested = field.kind === "object" && isPlainObject(value);
      kept[name] = nested ? dropNulls(value, field.entries) : value;
    }
  }
  return kept;
}

function judgeUnknown(
  section: ComposedSection,
  name: string,
  value: unknown,
  { sections, registry, flags = [] }: ValidateOptions,
): ConfigIssue | "ignored" | "accepted" {
  const owners = ownersOf(section, name, registry);
  if (isNegated(section.path, name, flags)) return "ignored";
  if (isGlovitaField(section.path, name)) {
    if (isFlagged(joinPath(section.path, name), flags)) return "ignored";
    const schemas = owners.flatMap((owner) => optionEntries(owner)[name] ?? []);
    const usual = [
      ...schemas.map((schema) => readSchema(schema).default),
      glovitaDefault(section.path, name),
    ];
    return saysNothing(value) || usual.some((one) => isSame(value, one)) ? "accepted" : "ignored";
  }
  // Without its plugin nobody knows a section's options; the missing key is reported already.
  if (section.selections.some((selection) => !selection.complete)) return "accepted";
  const path = joinPath(section.path, name);
  if (owners.length > 0) return misplacedOption(section, path, value, owners);
  const known = [...Object.keys(section.entries), ...section.children];
  const other = sections.find(({ entries }) => Object.hasOwn(entries, name));
  return unknownField(path, section.path, known, other && joinPath(other.path, name));
}

/** Whether a flag is `--a.no_x` for a truth value `x` of GloViTa's. */
function isNegated(section: string, name: string, flags: readonly Flag[]): boolean {
  const positive = name.replace(/^no_/, "");
  return positive !== name && typeof glovitaDefault(section, positive) === "boolean" &&
    isFlagged(joinPath(section, positive), flags);
}

/** Plugins of the section's slots that are not selected and have an option of this name. */
function ownersOf(section: ComposedSection, name: string, registry: Registry): Plugin[] {
  return section.selections
    .filter(({ slot }) => !SLOTS[slot].list)
    .flatMap(({ slot }) => registry.list(slot).map((key) => registry.get(slot, key) as Plugin))
    .filter((plugin) => hasOption(plugin, name));
}

/** Whether a plugin has an option, or `no_x` is written for its boolean `x`. */
function hasOption(plugin: Plugin, name: string): boolean {
  const entries = optionEntries(plugin);
  if (Object.hasOwn(entries, name)) return true;
  const positive = name.startsWith("no_") ? name.slice(3) : "";
  const schema = Object.hasOwn(entries, positive) ? entries[positive] : undefined;
  return schema !== undefined && readSchema(schema).kind === "boolean";
}

function misplacedOption(
  section: ComposedSection,
  path: string,
  value: unknown,
  owners: readonly Plugin[],
): ConfigIssue {
  const { slot, keys: selected } = section.selections
    .find(({ slot }) => owners.some((owner) => owner.slot === slot))!;
  const { field } = SLOTS[slot];
  const keys = owners.map((owner) => quote(owner.key)).join(" or ");
  return expectedIssue(
    path,
    `no such option with ${field} ${selected.map(quote).join(" and ")}`,
    value,
    `; it belongs to ${field} ${keys}`,
  );
}

/** Whether a value asks for nothing: no, none, zero, or a list or an object of such values. */
function saysNothing(value: unknown): boolean {
  if (value === null || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isPlainObject(value) && Object.values(value).every(saysNothing);
}
