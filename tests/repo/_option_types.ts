/** Compares interfaces of options, as `deno doc` reads them, with the schemas that they are of. */
import { type Entries, type Field, readSchema } from "../../registry/config/schema.ts";
import type { Documented, Property, TsType } from "./_documented.ts";

/** Interfaces by name, each with the options that are said to have its type. */
export type Uses = ReadonlyMap<string, readonly Entries[]>;

/** What an interface says of a property: members of its type, and objects inside. */
interface Said {
  readonly members: readonly string[];
  readonly object?: { readonly interface: string } | { readonly properties: readonly Property[] };
}

/**
 * Lists what interfaces say otherwise than options do: names, types, defaults, or nothing.
 * @param uses The interfaces, each with its options; several where plugins share it.
 * @param symbols What `deno doc` says of everything that the interfaces are made of.
 * @returns A line for each difference.
 */
export function differences(uses: Uses, symbols: readonly Documented[]): string[] {
  const reader = new TypeReader(symbols);
  const all = new Map<string, Entries[]>();
  const add = (name: string, entries: readonly Entries[]): void => {
    const known = all.get(name) ?? [];
    const added = entries.filter((each) => !known.includes(each));
    if (added.length === 0 && all.has(name)) return;
    all.set(name, [...known, ...added]);
    for (const { name: inside, entries } of reader.insideOf(name, added)) add(inside, entries);
  };
  for (const [name, entries] of uses) add(name, entries);
  return [...all].flatMap(([name, entries]) =>
    reader.compare(name, reader.propertiesOf(name), entries)
  );
}

class TypeReader {
  readonly #symbols: ReadonlyMap<string, Documented>;

  constructor(symbols: readonly Documented[]) {
    this.#symbols = new Map(symbols.map((symbol) => [symbol.name, symbol]));
  }

  /** Properties of an interface; of a type that stands for an empty object, none. */
  propertiesOf(name: string): readonly Property[] {
    const [declaration] = this.#symbols.get(name)?.declarations ?? [];
    if (declaration?.def?.properties) return declaration.def.properties;
    if (declaration?.kind === "interface" || mapOf(declaration?.def?.tsType)) return [];
    throw new Error(`Cannot read the properties of ${name}: deno doc knows no such interface`);
  }

  /** Interfaces that stand inside of one, with the options that belong to them. */
  insideOf(name: string, all: readonly Entries[]): { name: string; entries: Entries[] }[] {
    return this.propertiesOf(name).flatMap((property) => {
      const { object } = this.#read(property.tsType);
      if (!object || !("interface" in object)) return [];
      return [{ name: object.interface, entries: nested(all, property.name) }];
    });
  }

  compare(owner: string, properties: readonly Property[], all: readonly Entries[]): string[] {
    const names = new Set(properties.map(({ name }) => name));
    const unsaid = [...new Set(all.flatMap(Object.keys))].filter((name) => !names.has(name));
    return [
      ...unsaid.map((name) => `${owner}.${name}: is an option, but not in the interface`),
      ...properties.flatMap((property) => {
        const place = `${owner}.${property.name}`;
        const schemas = all.map((entries) => entries[property.name]);
        const fields = schemas.filter((schema) => schema !== undefined).map(readSchema);
        if (fields.length < all.length) return [`${place}: is in the interface, but no option`];
        return this.#compareOne(place, property, fields).concat(
          this.#compareInside(place, property, all),
        );
      }),
    ];
  }

  #compareInside(place: string, property: Property, all: readonly Entries[]): string[] {
    const { object } = this.#read(property.tsType);
    if (!object || !("properties" in object)) return [];
    return this.compare(place, object.properties, nested(all, property.name));
  }

  #compareOne(place: string, property: Property, fields: readonly Field[]): string[] {
    const found: string[] = [];
    const { comment, told } = readComment(property);
    if (comment === "") found.push(`${place}: has no comment`);
    if (!property.readonly || property.optional) {
      found.push(`${place}: is not readonly, or may be absent`);
    }
    const said = show(this.#read(property.tsType).members);
    for (const field of fields) {
      const taken = show(widened(membersOf(field), said));
      if (said !== taken) found.push(`${place}: is ${said}, the option takes ${taken}`);
    }
    const wanted = defaultOf(fields);
    if (normal(told) !== wanted) {
      found.push(`${place}: its comment has ${shown(told)}, the option ${shown(wanted)}`);
    }
    return [...new Set(found)];
  }

  /** What a type is made of. */
  #read(type: TsType): Said {
    const { kind, value } = type;
    switch (kind) {
      case "keyword":
        return { members: [String(value)] };
      case "literal":
        return { members: [literal(value as Literal)] };
      case "parenthesized":
        return this.#read(value as TsType);
      case "typeOperator":
        return this.#read((value as { readonly tsType: TsType }).tsType);
      case "array":
        return { members: [listOf(this.#read(value as TsType).members)] };
      case "union":
        return this.#readUnion(value as readonly TsType[]);
      case "typeLiteral": {
        const { properties } = value as { readonly properties: readonly Property[] };
        return { members: ["object"], object: { properties } };
      }
      case "indexedAccess":
        return this.#readItem(value as { readonly objType: TsType });
      case "typeRef":
        return this.#readReference(type);
      default:
        throw new Error(`Cannot read a type of kind ${kind}`);
    }
  }

  #readUnion(types: readonly TsType[]): Said {
    const all = types.map((type) => this.#read(type));
    const [object] = all.flatMap(({ object }) => object ?? []);
    return { members: all.flatMap(({ members }) => members), object };
  }

  /** `typeof NAMES[number]` for a constant list of names. */
  #readItem({ objType }: { readonly objType: TsType }): Said {
    const list = this.#symbols.get(String(objType.value))?.declarations[0].def?.tsType;
    if (objType.kind !== "typeQuery" || list?.kind !== "array") {
      throw new Error(`Cannot read an item of ${objType.repr}: it is not a constant list`);
    }
    return this.#read(list.value as TsType);
  }

  #readReference(type: TsType): Said {
    const values = mapOf(type);
    if (values) return { members: [`map of ${show(this.#read(values).members)}`] };
    const { typeName } = type.value as { readonly typeName: string };
    const [declaration] = this.#symbols.get(typeName)?.declarations ?? [];
    if (declaration?.kind === "interface") {
      return { members: ["object"], object: { interface: typeName } };
    }
    const alias = declaration?.def?.tsType;
    if (!alias) throw new Error(`Cannot read type ${typeName}: deno doc does not know it`);
    return this.#read(alias);
  }
}

/** A comment and the default that it tells, at the end of the text or on a line of its own. */
function readComment({ jsDoc: { doc = "", tags = [] } = {} }: Property): {
  readonly comment: string;
  readonly told?: string;
} {
  const tag = tags.find(({ kind }) => kind === "default");
  const [comment] = doc.split("@default", 1);
  return { comment: comment.trim(), told: tag?.value ?? /@default \{(.*)\}$/.exec(doc)?.[1] };
}

type Literal = { readonly kind: string; readonly string?: string; readonly number?: number };

function literal({ kind, string, number }: Literal): string {
  if (kind === "string" || kind === "number") return JSON.stringify(string ?? number);
  throw new Error(`Cannot read a literal of kind ${kind}`);
}

/** The values' type of `Readonly<Record<string, T>>`. */
function mapOf(type: TsType | undefined): TsType | undefined {
  if (type?.kind !== "typeRef") return undefined;
  const { typeName, typeParams = [] } = type.value as {
    readonly typeName: string;
    readonly typeParams?: readonly TsType[];
  };
  if (typeName === "Readonly") return mapOf(typeParams[0]);
  return typeName === "Record" ? typeParams[1] : undefined;
}

/** Members of the type of an option's values. */
function membersOf(field: Field): string[] {
  return [...plainMembersOf(field), ...field.nullable ? ["null"] : []];
}

function plainMembersOf(field: Field): string[] {
  switch (field.kind) {
    case "text":
    case "path":
      return ["string"];
    case "number":
    case "whole":
      return ["number"];
    case "boolean":
      return ["boolean"];
    case "choice":
      return field.choices.map((choice) => JSON.stringify(choice));
    case "list":
      return [listOf(field.items.flatMap((item) => membersOf(readSchema(item))))];
    case "map":
      return [`map of ${show(field.value ? membersOf(readSchema(field.value)) : ["unknown"])}`];
    case "object":
      return ["object"];
    case "union":
      return field.options.flatMap((option) => membersOf(readSchema(option)));
    case "any":
      return ["unknown"];
  }
}

/** A choice of numbers may be told as `number`: plugins that share a type choose from others. */
function widened(members: readonly string[], said: string): readonly string[] {
  return said === "number" && members.every((member) => /^\d+$/.test(member))
    ? ["number"]
    : members;
}

function listOf(members: readonly string[]): string {
  return `list of ${show(members)}`;
}

function show(members: readonly string[]): string {
  return [...new Set(members)].sort().join(" | ");
}

function nested(all: readonly Entries[], name: string): Entries[] {
  return all.flatMap((entries) => entries[name] ? [readSchema(entries[name]).entries] : []);
}

/** The default that a comment has to tell; none where options that share it have several. */
function defaultOf(fields: readonly Field[]): string | undefined {
  const defaults = new Set(fields.map((field) => {
    const inside = field.kind === "object" && field.default !== null;
    return field.optional && !inside ? JSON.stringify(field.default) : undefined;
  }));
  return defaults.size === 1 ? [...defaults][0] : undefined;
}

/** A default as JSON writes it, so that `1e-6` and `0.000001` are the same. */
function normal(told: string | undefined): string | undefined {
  if (told === undefined) return undefined;
  try {
    return JSON.stringify(JSON.parse(told));
  } catch {
    return told;
  }
}

function shown(value: string | undefined): string {
  return value === undefined ? "no default to tell" : `the default ${value}`;
}
