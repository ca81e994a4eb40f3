/**
 * Flags of the command line, as text, and their conversion to what the schemas take.
 * @module
 */
import type { ConfigIssue } from "../errors.ts";
import type { ComposedSection } from "./compose.ts";
import { expectedIssue, joinPath, schemaAt } from "./issues.ts";
import { type PlainObject, setAt, splitPath } from "./objects.ts";
import { type AnySchema, describeField, type Field, readSchema } from "./schema.ts";

/** One flag as it was written: where, and what. */
export interface Flag {
  /** Names from the root of the config tree down. */
  readonly path: readonly string[];
  /** The words after the flag. */
  readonly values: readonly string[];
}

/**
 * Makes a flag.
 * @param path Dotted path of the field.
 * @param values The words after the flag.
 * @returns The flag.
 *
 * @example The flag `--training.epochs 3`
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(flag("training.epochs", "3"), { path: ["training", "epochs"], values: ["3"] });
 * ```
 */
export function flag(path: string, ...values: readonly string[]): Flag {
  return { path: splitPath(path), values };
}

/** A value made from words, or the reason why it could not be made. */
type Converted = { readonly value: unknown } | { readonly problem: string };

const NOTHING = new Set(["none", "None", "null"]);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Writes flags into a tree, converted to what the schemas of their fields take.
 * @param tree The tree, changed in place.
 * @param flags Flags in the order in which they were written; later ones win.
 * @param sections Sections of the tree with the fields of the chosen plugins.
 * @returns Flags that cannot be written. Names that nothing knows are written as they are, for the
 * validation to find.
 */
export function applyFlags(
  tree: PlainObject,
  flags: readonly Flag[],
  sections: readonly ComposedSection[],
): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const { path, values } of flags) {
    const name = path.join(".");
    const target = findTarget(path, sections);
    if (target.isSection) {
      issues.push(expectedIssue(name, `one of its fields, such as ${target.example}`, values[0]));
      continue;
    }
    const converted = convertFlag(target, values);
    if ("problem" in converted) {
      issues.push({ path: target.path.join("."), message: converted.problem });
    } else if (!setAt(tree, target.path, converted.value)) {
      const parent = path.slice(0, -1).join(".");
      issues.push(expectedIssue(name, `no field inside of ${parent}`, values[0]));
    }
  }
  return issues;
}

interface Target {
  readonly path: readonly string[];
  readonly schema?: AnySchema;
  /** Whether the flag was `--a.no_x` for a boolean `x`. */
  readonly negated?: boolean;
  readonly isSection?: boolean;
  readonly example?: string;
}

function findTarget(path: readonly string[], sections: readonly ComposedSection[]): Target {
  const name = path.join(".");
  const itself = sections.find((section) => section.path === name && name !== "");
  if (itself !== undefined) {
    const fields = sections.flatMap((section) =>
      Object.keys(section.entries).map((field) => joinPath(section.path, field))
    );
    const example = fields.find((field) => field.startsWith(`${name}.`));
    return { path, isSection: true, example: `--${example}` };
  }
  const schema = schemaFor(path, sections);
  if (schema !== undefined) return { path, schema };
  const last = path[path.length - 1];
  if (last.startsWith("no_")) {
    const positive = [...path.slice(0, -1), last.slice(3)];
    const schema = schemaFor(positive, sections);
    if (schema !== undefined && readSchema(schema).kind === "boolean") {
      return { path: positive, schema, negated: true };
    }
  }
  return { path };
}

function schemaFor(
  path: readonly string[],
  sections: readonly ComposedSection[],
): AnySchema | undefined {
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const prefix = path.slice(0, depth).join(".");
    const section = sections.find((section) => section.path === prefix);
    if (section !== undefined) return schemaAt(section.entries, path.slice(depth));
  }
  return undefined;
}

function convertFlag({ schema, negated, path }: Target, values: readonly string[]): Converted {
  if (schema === undefined) {
    return { value: values.length > 1 ? values.map(parseLoose) : parseLoose(values[0] ?? "true") };
  }
  if (!negated) return convert(readSchema(schema), values);
  if (values.length === 0) return { value: false };
  const flag = `no_${path[path.length - 1]}`;
  return {
    problem: `expected no value after ${flag}, received ${values.map(quoteWord).join(" ")}`,
  };
}

/**
 * Converts words to what a field takes. Words that do not fit stay text, for the schema to refuse.
 * @param field What the field takes.
 * @param values The words.
 * @returns The value, or the reason why there is none.
 */
export function convert(field: Field, values: readonly string[]): Converted {
  const { kind } = field;
  if (values.length === 0) {
    if (kind === "boolean" || kind === "any") return { value: true };
    return { problem: `expected ${describeField(field)}, received nothing` };
  }
  if (field.nullable && values.length === 1 && NOTHING.has(values[0])) return { value: null };
  if (kind === "list") return { value: convertList(field, values) };
  if (kind === "any" && values.length > 1) return { value: values.map(parseLoose) };
  if (values.length > 1) {
    return {
      problem: `expected ${describeField(field)}, received ${values.length} values: ` +
        values.map(quoteWord).join(" "),
    };
  }
  return convertWord(field, values[0]);
}

function convertWord(field: Field, word: string): Converted {
  switch (field.kind) {
    case "number":
    case "whole":
      return { value: NUMBER.test(word) ? Number(word) : word };
    case "boolean":
      return { value: parseBoolean(word) };
    case "choice":
      return { value: field.choices.find((choice) => String(choice) === word) ?? word };
    case "map":
    case "object":
      return parseJson(word);
    case "union":
    case "any":
      return { value: parseLoose(word) };
    default:
      return { value: word };
  }
}

function convertList(field: Field, values: readonly string[]): unknown {
  const words = parseList(values);
  return words.map((word, i) => {
    if (typeof word !== "string") return word;
    const item = field.items[i] ?? field.items.at(-1);
    const converted = item ? convertWord(readSchema(item), word) : { value: word };
    return "value" in converted ? converted.value : word;
  });
}

/**
 * Reads a list: several words, or one word that is a JSON list.
 * @param values The words.
 * @returns The items; text where the words were not JSON.
 */
export function parseList(values: readonly string[]): readonly unknown[] {
  if (values.length !== 1 || !values[0].startsWith("[")) return values;
  const parsed = parseJson(values[0]);
  return "value" in parsed && Array.isArray(parsed.value) ? parsed.value : values;
}

function parseBoolean(word: string): unknown {
  const lower = word.toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : word;
}

function parseJson(word: string): Converted {
  try {
    return { value: JSON.parse(word) };
  } catch (error) {
    const reason = (error as Error).message;
    return { problem: `expected JSON, received ${quoteWord(word)}: ${reason}` };
  }
}

/** A word without a schema: JSON where it is JSON, Python's names of constants, else text. */
function parseLoose(word: string): unknown {
  if (word === "True") return true;
  if (word === "False") return false;
  if (word === "None") return null;
  const parsed = parseJson(word);
  if ("problem" in parsed) {
    return NUMBER.test(word) && !/^[+-]?0\d/.test(word) ? Number(word) : word;
  }
  const exact = typeof parsed.value !== "number" || !Number.isInteger(parsed.value) ||
    Number.isSafeInteger(parsed.value);
  return exact ? parsed.value : word;
}

function quoteWord(word: string): string {
  return JSON.stringify(word);
}
