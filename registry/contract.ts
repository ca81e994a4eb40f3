/**
 * What is required of the products of plugins, before anything is built from them. The types say the
 * same, but not to authors who write JavaScript.
 * @module
 */
import { describe, refuse } from "../engine/fault.ts";
import { quote } from "./errors.ts";
import { formatShape, sizeOf } from "../engine/ir/dims.ts";
import type {
  CalibratedParameter,
  ImageOperation,
  ImageTransform,
  Slot,
  SlotProducts,
} from "./plugin.ts";

/** What a member of a product has to be; `method?` may be absent. */
type Kind = "method?" | "method" | "boolean" | "object" | "size" | readonly string[];

/** Members that the products of each slot must have. */
const MEMBERS: { readonly [S in Slot]: Readonly<Record<string, Kind>> } = {
  dataset: {
    task: ["Classification", "Regression"],
    subtask: ["multiclass", "multilabel", "regression"],
    numClasses: "size",
    open: "method",
  },
  encoder_type: { output: ["features", "tokens", "map"], embedDim: "size", forward: "method" },
  head_type: { input: ["embedding", "bag"], forward: "method" },
  optimizer: {
    state: "method",
    storesStep: "boolean",
    scalars: "method",
    update: "method",
    hyperparameters: "object",
  },
  peft: {
    encoder: "method",
    head: "method",
    finish: "method?",
    otherName: "method?",
    losses: "method?",
    stepHook: "method?",
  },
  scheduler: { factor: "method" },
  metric: { higherIsBetter: "boolean", accumulator: "method" },
  logger: {
    start: "method",
    log: "method",
    finish: "method",
    logImage: "method?",
    logTest: "method?",
    artifact: "method?",
  },
  policy: { channels: "size", operations: "object" },
};

/** In words, and whether a value is it. */
const KINDS: Readonly<Record<Kind & string, [string, (value: unknown) => boolean]>> = {
  method: ["a method", (value) => typeof value === "function"],
  "method?": [
    "a method where there is one",
    (value) => value === undefined || typeof value === "function",
  ],
  boolean: ["true or false", (value) => typeof value === "boolean"],
  object: ["an object", (value) => typeof value === "object" && value !== null],
  size: ["a whole number of at least 1", isSize],
};

/** Steps of a transform. */
const OPERATIONS: { readonly [O in ImageTransform["operations"][number]["op"]]: true } = {
  resize: true,
  resize_shorter: true,
  resize_cover: true,
  resize_fit: true,
  center_crop: true,
  random_crop: true,
  random_resized_crop: true,
  random_pad: true,
  flip: true,
  rotate: true,
  affine: true,
  auto_operation: true,
  timm_operation: true,
  invert: true,
  equalize: true,
  solarize: true,
  cutout: true,
  holes: true,
  color_jitter: true,
  brightness_contrast: true,
  gaussian_blur: true,
  motion_blur: true,
  noise: true,
  random_apply: true,
  one_of: true,
  normalize: true,
};

/**
 * Tells whether a value is a size.
 * @param value Anything.
 */
export function isSize(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}

/**
 * Requires the members of a slot's products.
 * @param slot The slot.
 * @param product What `create` returned.
 * @throws {ContractError} if it is not a product of the slot.
 */
export function requireProduct<S extends Slot>(
  slot: S,
  product: unknown,
): asserts product is SlotProducts[S] {
  if (typeof product !== "object" || product === null || product instanceof Promise) {
    refuse("create() to return an object", describe(product));
  }
  for (const [name, kind] of Object.entries(MEMBERS[slot])) {
    const value: unknown = Reflect.get(product, name);
    if (typeof kind === "string") {
      const [words, holds] = KINDS[kind];
      if (!holds(value)) refuse(`"${name}" to be ${words}`, describe(value));
    } else if (!kind.some((choice) => choice === value)) {
      refuse(`"${name}" to be ${kind.map(quote).join(" or ")}`, describe(value));
    }
  }
}

/**
 * Requires methods of something that a product gives.
 * @param value What it gives.
 * @param name What it is called.
 * @param methods Names of the methods.
 * @throws {ContractError} if one is missing.
 */
export function requireMethods(value: unknown, name: string, methods: readonly string[]): void {
  if (typeof value !== "object" || value === null) refuse(name, describe(value));
  const missing = methods.find((method) => typeof Reflect.get(value, method) !== "function");
  if (missing === undefined) return;
  refuse(`${name} with a method "${missing}"`, describe(Reflect.get(value, missing)));
}

/**
 * Requires a list of sizes.
 * @param shape The list.
 * @param name What it is called.
 * @throws {ContractError} if it is none.
 */
export function requireSizes(shape: unknown, name: string): void {
  if (!Array.isArray(shape)) refuse(`${name} as a list of sizes`, describe(shape));
  if (shape.length === 0 || !shape.every(isSize)) refuse(`${name} of sizes`, `[${shape}]`);
}

/**
 * Requires a learning-rate factor.
 * @param factor What `factor` returned.
 * @param epoch The epoch.
 * @returns The factor.
 * @throws {ContractError} if training cannot go on with it.
 */
export function requireFactor(factor: number, epoch: number): number {
  if (Number.isFinite(factor) && factor >= 0) return factor;
  refuse(`a factor of at least 0 in epoch ${epoch}`, describe(factor));
}

/**
 * Requires the entries that a PEFT method chooses.
 * @param mask What `mask` returned.
 * @param parameter What it got.
 * @returns The mask.
 * @throws {ContractError} if it does not say yes or no for each entry.
 */
export function requireMask(
  mask: Uint8Array<ArrayBuffer>,
  { name, shape }: CalibratedParameter,
): Uint8Array<ArrayBuffer> {
  if (!(mask instanceof Uint8Array)) refuse(`a mask of "${name}" as Uint8Array`, describe(mask));
  if (mask.length !== sizeOf(shape)) {
    refuse(`a mask of "${name}" for ${formatShape(shape)}`, `${mask.length} entries`);
  }
  const other = mask.find((entry) => entry > 1);
  if (other === undefined) return mask;
  refuse(`a mask of "${name}" of 0 and 1`, String(other));
}

/**
 * Requires the values of a metric.
 * @param values What `compute` returned.
 * @returns The values.
 * @throws {ContractError} if they are not numbers; NaN is one.
 */
export function requireNumbers(
  values: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  if (typeof values !== "object" || values === null) refuse("numbers by name", describe(values));
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "number") refuse(`a number for "${name}"`, describe(value));
  }
  return values;
}

/**
 * Requires steps that the readers of images know.
 * @param transform The product of a policy.
 * @returns The transform.
 * @throws {ContractError} if one is unknown.
 */
export function requireTransform(transform: ImageTransform): ImageTransform {
  requireSteps(transform.operations, "operations");
  return transform;
}

/** Requires known steps, and such in the lists that steps hold. */
function requireSteps(steps: readonly ImageOperation[], name: string): void {
  if (!Array.isArray(steps)) refuse(`${quote(name)} as a list`, describe(steps));
  for (const step of steps as readonly ImageOperation[]) {
    if (!Object.hasOwn(OPERATIONS, step?.op)) {
      const known = Object.keys(OPERATIONS).map(quote).join(", ");
      refuse(`an "op" out of ${known}`, describe(step?.op));
    }
    if (step.op === "random_apply") requireSteps(step.operations, "operations");
    if (step.op !== "one_of") continue;
    if (!Array.isArray(step.choices)) refuse('"choices" as a list', describe(step.choices));
    if (step.choices.length === 0) refuse('"choices" with at least one list of steps', "none");
    for (const choice of step.choices) requireSteps(choice, "choices");
  }
}
