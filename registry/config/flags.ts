/**
 * Flags of the command line, as text, and their conversion to what the schemas take.
 * @module
 */
import type { Flag } from "./flag.ts";
import type { ConfigIssue } from "../errors.ts";
import type { ComposedSection } from "./compose.ts";
import { expectedIssue, schemaAt } from "./issues.ts";
import { convert, type Converted, parseLoose, quoteWord } from "./words.ts";
import { joinPath, type PlainObject, setAt } from "./objects.ts";
import { type AnySchema, readSchema } from "./schema.ts";

/**
 * Writes flags into a tree, converted to what the schemas of their fields take.
 * @param tree The tree, changed in place.
 * @param flags Flags in the order in which they were written; later ones win.
 * @param sections Sections of the tree with the fields of the selected plugins.
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
  const last = path.at(-1);
  if (last?.startsWith("no_")) {
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
