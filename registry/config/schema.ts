/**
 * Reads valibot schemas: what a field takes, in a form that help, flags and messages are made from.
 * @module
 */
import type * as v from "valibot";
import { quote } from "../errors.ts";
import { defaultOf } from "./options.ts";

/** Any schema. */
export type AnySchema = v.GenericSchema<unknown, unknown>;

/** Entries of a section or of an object schema, by name. */
export type Entries = Readonly<Record<string, AnySchema>>;

/**
 * Bounds of a number, or of a list's length.
 * @category Configs
 */
export interface Bounds {
  /** Smallest value allowed. */
  readonly min?: number;
  /** Largest value allowed. */
  readonly max?: number;
  /** Value that must be exceeded. */
  readonly above?: number;
  /** Value that must not be reached. */
  readonly below?: number;
}

/** What a value is. */
export type Kind =
  | "text"
  | "path"
  | "number"
  | "whole"
  | "boolean"
  | "choice"
  | "list"
  | "map"
  | "object"
  | "union"
  | "any";

/** What a field takes. */
export interface Field {
  /** What its value is. */
  readonly kind: Kind;
  /** Bounds of a number, or of a list's length. */
  readonly bounds: Bounds;
  /** Values of a choice. */
  readonly choices: readonly (string | number | boolean)[];
  /** What a list's items are, position by position for tuples; the last one repeats. */
  readonly items: readonly AnySchema[];
  /** Fields of an object. */
  readonly entries: Entries;
  /** What a map's values are. */
  readonly value?: AnySchema;
  /** Members of a union. */
  readonly options: readonly AnySchema[];
  /** Whether the field may be left out. */
  readonly optional: boolean;
  /** Whether `null` is a value. */
  readonly nullable: boolean;
  /** Value when left out. */
  readonly default?: unknown;
  /** One sentence for `--help`. */
  readonly description?: string;
}

/** The parts of valibot's schemas and actions that are read here. */
interface Raw {
  readonly type: string;
  readonly kind: string;
  readonly pipe?: readonly Raw[];
  readonly wrapped?: AnySchema;
  readonly entries?: Entries;
  readonly item?: AnySchema;
  readonly items?: readonly AnySchema[];
  readonly value?: AnySchema;
  readonly options?: readonly unknown[];
  readonly enum?: Readonly<Record<string, string | number>>;
  readonly literal?: string | number | boolean;
  readonly getter?: (input: unknown) => AnySchema;
  readonly requirement?: unknown;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const EMPTY: Field = {
  kind: "any",
  bounds: {},
  choices: [],
  items: [],
  entries: {},
  options: [],
  optional: false,
  nullable: false,
};

/** Characters of a text that a message repeats: more than any path has in practice. */
const MAX_SHOWN = 300;

const BOUND_NAMES: Readonly<Record<string, keyof Bounds>> = {
  min_value: "min",
  max_value: "max",
  gt_value: "above",
  lt_value: "below",
  min_length: "min",
  max_length: "max",
};

/**
 * Reads a schema.
 * @param schema The schema, piped and wrapped as it may be.
 * @returns What a field with this schema takes.
 *
 * @example A bounded number with a default
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const field = readSchema(v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 20));
 * assertEquals([field.kind, field.bounds.min, field.default], ["whole", 1, 20]);
 * ```
 */
export function readSchema(schema: AnySchema): Field {
  const raw = schema as unknown as Raw;
  if (raw.pipe === undefined) return readRoot(schema, raw);
  const [root, ...actions] = raw.pipe;
  return actions.reduce(readAction, readSchema(root as unknown as AnySchema));
}

function readRoot(schema: AnySchema, raw: Raw): Field {
  switch (raw.type) {
    case "optional":
    case "exact_optional":
    case "undefinedable":
    case "nullish": {
      const inner = readSchema(raw.wrapped!);
      const fallback = defaultOf(schema);
      const nullable = inner.nullable || raw.type === "nullish";
      return { ...inner, nullable, optional: true, default: fallback ?? inner.default ?? fallback };
    }
    case "nullable":
      return { ...readSchema(raw.wrapped!), nullable: true };
    case "non_optional":
    case "non_nullable":
    case "non_nullish":
      return { ...readSchema(raw.wrapped!), optional: false };
    case "lazy":
      return readSchema(raw.getter!(undefined));
    case "string":
      return { ...EMPTY, kind: "text" };
    case "number":
      return { ...EMPTY, kind: "number" };
    case "boolean":
      return { ...EMPTY, kind: "boolean" };
    case "null":
      return { ...EMPTY, kind: "choice", nullable: true };
    default:
      return readCompound(raw);
  }
}

function readCompound(raw: Raw): Field {
  switch (raw.type) {
    case "literal":
      return { ...EMPTY, kind: "choice", choices: [raw.literal!] };
    case "picklist":
      return { ...EMPTY, kind: "choice", choices: raw.options as Field["choices"] };
    case "enum":
      return { ...EMPTY, kind: "choice", choices: Object.values(raw.enum!) };
    case "array":
      return { ...EMPTY, kind: "list", items: [raw.item!] };
    case "tuple":
    case "strict_tuple":
    case "loose_tuple": {
      const length = raw.items!.length;
      return { ...EMPTY, kind: "list", items: raw.items!, bounds: { min: length, max: length } };
    }
    case "record":
      return { ...EMPTY, kind: "map", value: raw.value };
    case "object":
    case "strict_object":
    case "loose_object":
    case "object_with_rest":
      return { ...EMPTY, kind: "object", entries: raw.entries! };
    case "union":
    case "variant":
      return readUnion(raw.options as readonly AnySchema[]);
    default:
      return EMPTY;
  }
}

function readUnion(options: readonly AnySchema[]): Field {
  const fields = options.map(readSchema);
  const nullable = fields.some((field) => field.nullable);
  if (fields.every((field) => field.kind === "choice")) {
    return {
      ...EMPTY,
      kind: "choice",
      choices: fields.flatMap((field) => field.choices),
      nullable,
    };
  }
  return { ...EMPTY, kind: "union", options, nullable };
}

function readAction(field: Field, action: Raw): Field {
  const { type, requirement } = action;
  if (type === "description") return { ...field, description: action.description };
  if (type === "metadata") {
    return action.metadata?.kind === "path" && field.kind === "text"
      ? { ...field, kind: "path" }
      : field;
  }
  if (type === "integer" || type === "safe_integer") {
    return { ...field, kind: field.kind === "union" ? "whole" : asWhole(field.kind) };
  }
  if (type === "length" && field.kind === "list") {
    return { ...field, bounds: { min: Number(requirement), max: Number(requirement) } };
  }
  if (type === "non_empty" && field.kind === "list") {
    return { ...field, bounds: { ...field.bounds, min: 1 } };
  }
  const bound = BOUND_NAMES[type];
  if (bound === undefined || typeof requirement !== "number") return field;
  return { ...field, bounds: { ...field.bounds, [bound]: requirement } };
}

function asWhole(kind: Kind): Kind {
  return kind === "number" ? "whole" : kind;
}

/**
 * Says in words what a field takes.
 * @param field The field.
 * @returns For example `a whole number of at least 1`.
 */
export function describeField(field: Field): string {
  switch (field.kind) {
    case "text":
      return "text";
    case "path":
      return "a path";
    case "number":
      return `a number${describeBounds(field.bounds)}`;
    case "whole":
      return `a whole number${describeBounds(field.bounds)}`;
    case "boolean":
      return "true or false";
    case "choice":
      return describeChoices(field.choices.map((choice) => JSON.stringify(choice)));
    case "list":
      return describeList(field);
    case "map":
    case "object":
      return "an object";
    case "union":
      return field.options.map((option) => describeField(readSchema(option))).join(" or ");
    case "any":
      return "a value";
  }
}

/**
 * Says in words which values are possible.
 * @param choices The values as they are to be shown.
 * @returns For example `one of "a", "b"`.
 */
export function describeChoices(choices: readonly string[]): string {
  const [first = "nothing", ...others] = choices;
  return others.length === 0 ? first : `one of ${choices.join(", ")}`;
}

/**
 * Says in words what was given instead.
 * @param value What was given.
 * @returns The value as JSON, cut where it is long, or `nothing`.
 */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return describeText(value);
  const text = typeof value === "number" ? String(value) : JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A text; of a long one its beginning. */
function describeText(text: string): string {
  if (text.length <= MAX_SHOWN) return quote(text);
  return `${quote(text.slice(0, MAX_SHOWN))}... (${text.length} characters)`;
}

function describeBounds({ min, max, above, below }: Bounds): string {
  const parts: string[] = [];
  if (min !== undefined && max !== undefined) parts.push(`from ${min} to ${max}`);
  else if (min !== undefined) parts.push(`of at least ${min}`);
  if (above !== undefined) parts.push(`above ${above}`);
  if (max !== undefined && min === undefined) parts.push(`of at most ${max}`);
  if (below !== undefined) parts.push(`below ${below}`);
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

function describeList({ items, bounds: { min, max } }: Field): string {
  const [first] = items;
  const item = first === undefined ? "a value" : describeField(readSchema(first));
  let count = "";
  if (min !== undefined && min === max) count = ` of ${min}`;
  else if (min !== undefined) count = ` of at least ${min}`;
  else if (max !== undefined) count = ` of at most ${max}`;
  return `a list${count}, each ${item}`;
}
