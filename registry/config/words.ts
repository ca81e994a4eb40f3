/**
 * Words of the command line, converted to what a field takes.
 * @module
 */
import { parseJson as parseStrictJson } from "../../engine/storage/json_file.ts";
import { describeField, type Field, readSchema } from "./schema.ts";

/** A value made from words, or the reason why it could not be made. */
export type Converted = { readonly value: unknown } | { readonly problem: string };

const NOTHING = new Set(["none", "None", "null"]);

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Converts words to what a field takes. Words that do not fit stay text, for the schema to refuse.
 * @param field What the field takes.
 * @param values The words.
 * @returns The value, or the reason why there is none.
 */
export function convert(field: Field, values: readonly string[]): Converted {
  const { kind } = field;
  const [first] = values;
  if (first === undefined) {
    if (kind === "boolean" || kind === "any") return { value: true };
    return { problem: `expected ${describeField(field)}, received nothing` };
  }
  if (values.length === 1 && isNothing(first) && (field.nullable || isNotGiven(field, first))) {
    return { value: null };
  }
  if (kind === "list") return { value: convertList(field, values) };
  if (kind === "any" && values.length > 1) return { value: values.map(parseLoose) };
  if (values.length > 1) {
    return {
      problem: `expected ${describeField(field)}, received ${values.length} values: ` +
        values.map(quoteWord).join(" "),
    };
  }
  return convertWord(field, first);
}

/**
 * Tells whether a word says that there is no value.
 * @param word The word.
 */
export function isNothing(word: string): boolean {
  return NOTHING.has(word);
}

/** Whether Python's `None` leaves a field at its default, as `null` in a file does. */
function isNotGiven({ kind, choices }: Field, word: string): boolean {
  const mayBeText = ["text", "path", "any", "union"].includes(kind);
  return word === "None" && !mayBeText && !choices.some((choice) => String(choice) === word);
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
  const [first, ...others] = values;
  if (!first?.startsWith("[") || others.length > 0) return values;
  const parsed = parseJson(first);
  return "value" in parsed && Array.isArray(parsed.value) ? parsed.value : values;
}

function parseBoolean(word: string): unknown {
  const lower = word.toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : word;
}

function parseJson(word: string): Converted {
  try {
    return { value: parseStrictJson(word) };
  } catch (error) {
    const reason = (error as Error).message;
    return { problem: `expected JSON, received ${quoteWord(word)}: ${reason}` };
  }
}

/** A word without a schema: JSON where it is JSON, Python's names of constants, else text. */
export function parseLoose(word: string): unknown {
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

export function quoteWord(word: string): string {
  return JSON.stringify(word);
}
