/**
 * Where each slot's key stands in the config tree, and what it is when nobody says. This table, the
 * plugins themselves, the recipes of plans (`jobs/plan/keys.ts`) and the default metrics of
 * `jobs/evaluate/` are the only places that name keys.
 * @module
 */
import { joinPath } from "./config/objects.ts";
import type { Slot } from "./plugin.ts";

/** How a slot's key is written as one token, `model.head:clam-head-config`. */
export interface Shorthand {
  /** Word between key and `-config`; absent where GloViTa has none. */
  readonly word?: string;
  /** Other spellings of keys: `no` stands for `none`. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** One slot's place in the config tree. */
export interface SlotInfo {
  /** Dotted path of the section that holds the key and the plugin's options. */
  readonly section: string;
  /** Field of the section that holds the key. */
  readonly field: string;
  /** Key, or keys, when the config does not say; absent where the user must select one. */
  readonly defaultKey?: string | readonly string[];
  /** Key that `null` in a config file stands for. */
  readonly nullKey?: string;
  /** Whether the field holds a list of keys, whose plugins have no options in the tree. */
  readonly list?: boolean;
  /** Whether the field may hold a list of keys, too, whose plugins all have options in the section. */
  readonly several?: boolean;
  /** Whether the key stands among the options of another slot's plugin, which looks it up. */
  readonly nested?: boolean;
  /** The slot's token on the command line, where it has one. */
  readonly shorthand?: Shorthand;
  /** One sentence for `--help`. */
  readonly description: string;
}

/** Every slot's place in the config tree. */
export const SLOTS: { readonly [S in Slot]: SlotInfo } = {
  dataset: {
    section: "data",
    field: "dataset",
    shorthand: {},
    description: "Where samples and targets come from.",
  },
  encoder_type: {
    section: "model.encoder",
    field: "encoder_type",
    defaultKey: "timm",
    shorthand: { word: "encoder" },
    description: "What turns samples into embeddings.",
  },
  head_type: {
    section: "model.head",
    field: "head_type",
    defaultKey: "classification",
    shorthand: { word: "head" },
    description: "What turns embeddings into predictions.",
  },
  peft: {
    section: "peft",
    field: "method",
    defaultKey: "full_finetuning",
    shorthand: {},
    description: "Which parameters train, and how.",
  },
  metric: {
    section: "task",
    field: "metrics",
    defaultKey: ["acc", "f1"],
    list: true,
    description: "What is measured after every epoch.",
  },
  optimizer: {
    section: "optimizer",
    field: "name",
    defaultKey: "AdamW",
    description: "Gradient-based optimizer.",
  },
  scheduler: {
    section: "optimizer",
    field: "scheduler",
    defaultKey: "CosineAnneal",
    nullKey: "none",
    description: "Learning-rate schedule, stepped once per epoch.",
  },
  logger: {
    section: "logger",
    field: "backend",
    defaultKey: "none",
    nullKey: "none",
    several: true,
    shorthand: { word: "logger", aliases: { no: "none" } },
    description: "Where a run's numbers go besides its own files.",
  },
  policy: {
    section: "data.augmentation",
    field: "test_policy",
    defaultKey: "default",
    nested: true,
    description: "What becomes of an image before the encoder gets it.",
  },
};

/** Names of all slots. */
export const SLOT_NAMES: readonly Slot[] = Object.keys(SLOTS) as Slot[];

/** Slots whose key stands in a section of the tree, in the order of the tree. */
export const TREE_SLOTS: readonly Slot[] = SLOT_NAMES.filter((slot) => !SLOTS[slot].nested);

/**
 * Tells which slots a section holds.
 * @param section Dotted path of the section.
 * @returns The slots whose key stands in the section, in the order of the table.
 */
export function slotsOf(section: string): readonly Slot[] {
  return TREE_SLOTS.filter((slot) => SLOTS[slot].section === section);
}

/**
 * Says where a slot's key stands.
 * @param info The slot's place.
 * @returns Dotted path of the field that holds the key.
 */
export function keyPath(info: SlotInfo): string {
  return joinPath(info.section, info.field);
}
