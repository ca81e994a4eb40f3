/**
 * What a policy is created from. In GloViTa's order, later wins: the policy's own defaults, what the
 * encoder expects, `data.augmentation`, `train_kwargs` or `test_kwargs`.
 * @module
 */
import * as v from "valibot";
import { type AugmentationConfig, augmentationSchema } from "../config/augmentation.ts";
import { optionEntries } from "../config/compose.ts";
import { FieldUse } from "../config/field_use.ts";
import { expectedIssue, renderIssues, unknownField } from "../config/issues.ts";
import { isPlainObject, type PlainObject } from "../config/objects.ts";
import { parseOptions } from "../config/options.ts";
import { readSchema } from "../config/schema.ts";
import { ConfigError, quote } from "../errors.ts";
import type { Plugin, PolicyContext, Preprocessing } from "../plugin.ts";
import { SLOTS } from "../slots.ts";

/** Fields of `data.augmentation` that `train_kwargs` and `test_kwargs` may set as well. */
const SHARED = [
  "image_size",
  "resize_size",
  "crop_size",
  "cutout_size",
  "patch_size",
  "mean",
  "std",
] as const;

/** Those that are lists; a flag of one number is a number here. */
const LISTS: ReadonlySet<string> = new Set(["patch_size", "mean", "std"]);

type Shared = Pick<AugmentationConfig, typeof SHARED[number]>;

interface PolicySources {
  readonly augmentation: AugmentationConfig;
  readonly dataset: string;
  readonly preprocessing: Preprocessing;
}

/** What a policy's `create` gets. */
interface PolicyArguments {
  /** Its own options. */
  readonly options: unknown;
  /** What it gets besides. */
  readonly context: PolicyContext;
  /** To be called after `create`. @throws {ConfigError} if it has not read an argument. */
  requireUsed(): void;
}

/**
 * Finds the arguments of a policy.
 * @param plugin The policy.
 * @param use Whose images it changes.
 * @param sources What the arguments come from.
 * @throws {ConfigError} if the policy has no argument of a name, or its value is wrong.
 */
export function policyArguments(
  plugin: Plugin,
  use: "train" | "test",
  { augmentation, dataset, preprocessing }: PolicySources,
): PolicyArguments {
  const path = `${SLOTS.policy.section}.${use}_kwargs`;
  const kwargs = { ...augmentation[`${use}_kwargs`] };
  const entries = optionEntries(plugin);
  const names = SHARED.filter((name) =>
    Object.hasOwn(kwargs, name) && !Object.hasOwn(entries, name)
  );
  const shared = parseShared(path, Object.fromEntries(names.map((name) => [name, kwargs[name]])));
  for (const name of names) delete kwargs[name];
  const own = parseOwn(plugin, path, kwargs);
  const read = new Set<string>();
  const valueOf = <N extends keyof Shared>(name: N): NonNullable<Shared[N]> | undefined => {
    read.add(name);
    return (Object.hasOwn(shared, name) ? shared[name] : augmentation[name]) ?? undefined;
  };
  return {
    options: own.config,
    context: contextOf({ preprocessing, use, dataset }, valueOf),
    requireUsed() {
      const unused = [...own.unread(), ...names.filter((name) => !read.has(name))];
      if (unused.length === 0) return;
      const given = augmentation[`${use}_kwargs`];
      throw new ConfigError(unused.map((name) => {
        const wanted = `an argument that policy ${quote(plugin.key)} uses here`;
        return expectedIssue(`${path}.${name}`, wanted, given[name]);
      }));
    },
  };
}

function parseShared(path: string, given: PlainObject): Partial<Shared> {
  const schema = augmentationSchema();
  const lists = Object.entries(given).map(([name, value]) => {
    return [name, LISTS.has(name) && typeof value === "number" ? [value] : value];
  });
  const parsed = v.safeParse(schema, Object.fromEntries(lists));
  if (!parsed.success) {
    throw new ConfigError(renderIssues(path, readSchema(schema).entries, parsed.issues));
  }
  return Object.fromEntries(
    SHARED.filter((name) => Object.hasOwn(given, name)).map((name) => [name, parsed.output[name]]),
  );
}

/** Options of the policy itself, and which of those given nobody has read. */
function parseOwn(
  plugin: Plugin,
  path: string,
  given: PlainObject,
): { readonly config: unknown; unread(): readonly string[] } {
  const parsed = parseOptions(plugin, given);
  const field = readSchema(plugin.config);
  // A schema that is not strict drops names that it does not have, one with a rest keeps them.
  const kept = parsed.success && isPlainObject(parsed.output) ? parsed.output : {};
  const known = { ...field.entries, ...kept };
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(known, name));
  if (field.kind === "object" && unknown.length > 0) {
    const names = [
      ...Object.keys(field.entries),
      ...SHARED.filter((name) => name !== "patch_size"),
    ];
    const owner = `policy ${quote(plugin.key)}`;
    throw new ConfigError(unknown.map((name) => unknownField(`${path}.${name}`, owner, names)));
  }
  if (!parsed.success) {
    throw new ConfigError(renderIssues(path, field.entries, parsed.issues));
  }
  const { output } = parsed;
  if (!isPlainObject(output)) return { config: output, unread: () => [] };
  return new FieldUse(output, Object.keys(given).filter((name) => Object.hasOwn(output, name)));
}

/** Each field of the config is read by the policies that use it. */
function contextOf(
  known: Pick<PolicyContext, "preprocessing" | "use" | "dataset">,
  valueOf: <N extends keyof Shared>(name: N) => NonNullable<Shared[N]> | undefined,
): PolicyContext {
  return {
    ...known,
    get imageSize() {
      return valueOf("image_size");
    },
    get resizeSize() {
      return valueOf("resize_size");
    },
    get cropSize() {
      return valueOf("crop_size");
    },
    get cutoutSize() {
      return valueOf("cutout_size");
    },
    get mean() {
      return valueOf("mean");
    },
    get std() {
      return valueOf("std");
    },
  };
}
