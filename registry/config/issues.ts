/**
 * Renders valibot's issues as `path: expected …, received …`.
 * @module
 */
import type * as v from "valibot";
import { type ConfigIssue, didYouMean, nearest, quote } from "../errors.ts";
import { joinPath } from "./objects.ts";
import {
  type AnySchema,
  describeField,
  describeValue,
  type Entries,
  readSchema,
} from "./schema.ts";

/** Names that are listed where none of them is near. */
const MAX_LISTED = 8;

/** Issue types that a description of the field says better than valibot's own text. */
const DESCRIBED = new Set([
  "integer",
  "safe_integer",
  "finite",
  "min_value",
  "max_value",
  "gt_value",
  "lt_value",
  "min_length",
  "max_length",
  "length",
  "non_empty",
]);

/**
 * Makes an issue in the usual form.
 * @param path Dotted path of the field.
 * @param expected What is expected, in words.
 * @param received What was given, as a value.
 * @param hint Appended to the line, for example from `didYouMean`.
 * @returns The issue.
 */
export function expectedIssue(
  path: string,
  expected: string,
  received: unknown,
  hint = "",
): ConfigIssue {
  return { path, message: `expected ${expected}, received ${describeValue(received)}${hint}` };
}

/**
 * Renders the issues that valibot found in a section.
 * @param section Dotted path of the section.
 * @param entries Fields of the section.
 * @param issues What valibot found.
 * @returns One issue for each field that is wrong.
 */
export function renderIssues(
  section: string,
  entries: Entries,
  issues: readonly v.BaseIssue<unknown>[],
): ConfigIssue[] {
  return issues.map((issue) => {
    const keys = (issue.path ?? []).map((item) => String(item.key));
    const path = joinPath(section, ...keys);
    if (isUnknownKey(issue)) return unknownNested(path, entries, keys);
    const schema = schemaAt(entries, keys);
    if (issue.kind === "validation" && !DESCRIBED.has(issue.type)) {
      return { path, message: lowerFirst(issue.message) };
    }
    const expected = schema ? describeExpected(issue, schema) : issue.expected ?? "another value";
    return choiceIssue(path, expected, issue.input, schema);
  });
}

/** What a field takes, with what only matters for the value that was given. */
function describeExpected({ type, input }: v.BaseIssue<unknown>, schema: AnySchema): string {
  const field = readSchema(schema);
  const isText = field.kind === "text" || field.kind === "path";
  if (type === "non_empty" && isText) return `${describeField(field)} that is not empty`;
  const isLarge = typeof input === "number" && input > Number.MAX_SAFE_INTEGER;
  if (type === "safe_integer" && isLarge) {
    return describeField({ ...field, bounds: { max: Number.MAX_SAFE_INTEGER, ...field.bounds } });
  }
  return describeField(field);
}

/**
 * Finds the schema of a field inside a section.
 * @param entries Fields of the section.
 * @param keys Names from the section down.
 * @returns The schema, or `undefined` where there is none.
 */
export function schemaAt(entries: Entries, keys: readonly string[]): AnySchema | undefined {
  const [first, ...rest] = keys;
  if (first === undefined || !Object.hasOwn(entries, first)) return undefined;
  let schema: AnySchema | undefined = entries[first];
  for (const key of rest) {
    if (schema === undefined) return undefined;
    const field = readSchema(schema);
    if (field.kind === "object") {
      schema = Object.hasOwn(field.entries, key) ? field.entries[key] : undefined;
    } else if (field.kind === "map") schema = field.value;
    else if (field.kind === "any") continue;
    else if (field.kind === "list") schema = field.items[Number(key)] ?? field.items.at(-1);
    else return undefined;
  }
  return schema;
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === "strict_object" && issue.expected === "never";
}

/** Valibot says "Expected never" for a name that a strict object does not have. */
function unknownNested(path: string, entries: Entries, keys: readonly string[]): ConfigIssue {
  const parent = schemaAt(entries, keys.slice(0, -1));
  const known = parent ? Object.keys(readSchema(parent).entries) : [];
  const owner = path.slice(0, path.lastIndexOf("."));
  return unknownField(path, owner, known);
}

/**
 * Makes the issue of a name that nothing knows.
 * @param path Dotted path of the field.
 * @param owner What the field was looked for in.
 * @param known Names that are known there.
 * @param elsewhere Path of a field of the same name in another place, where there is one.
 * @returns The issue, with the nearest name; with all of them where none is near and they are few.
 */
export function unknownField(
  path: string,
  owner: string,
  known: Iterable<string>,
  elsewhere?: string,
): ConfigIssue {
  const name = path.slice(path.lastIndexOf(".") + 1);
  const where = owner === "" ? "a section or field of the config" : `a field of ${owner}`;
  const names = [...known];
  const suggestion = nearest(name, names) ?? elsewhere;
  const hint = suggestion === undefined ? listed(names) : `, did you mean ${quote(suggestion)}?`;
  return { path, message: `expected ${where}, received an unknown name${hint}`, suggestion };
}

/** All names, where they are few. */
function listed(names: readonly string[]): string {
  if (names.length === 0 || names.length > MAX_LISTED) return "";
  const list = names.map(quote).join(", ");
  return names.length === 1 ? `; the only field is ${list}` : `; the fields are ${list}`;
}

function choiceIssue(
  path: string,
  expected: string,
  received: unknown,
  schema: AnySchema | undefined,
): ConfigIssue {
  const field = schema && readSchema(schema);
  const hint = field?.kind === "choice" && typeof received === "string"
    ? didYouMean(received, field.choices.map(String))
    : "";
  return expectedIssue(path, expected, received, hint);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
