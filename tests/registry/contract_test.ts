import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ContractError } from "../../engine/fault.ts";
import {
  isSize,
  requireFactor,
  requireMethods,
  requireNumbers,
  requireProduct,
  requireSizes,
  requireTransform,
} from "../../registry/contract.ts";
import type { ImageTransform, Slot } from "../../registry/plugin.ts";
import { SLOT_NAMES } from "../../registry/slots.ts";

const method = () => {};

/** A product of each slot, without substance. */
const PRODUCTS: { readonly [S in Slot]: Readonly<Record<string, unknown>> } = {
  dataset: { task: "Classification", subtask: "multilabel", numClasses: 2, open: method },
  encoder_type: { output: "tokens", embedDim: 8, forward: method },
  head_type: { input: "bag", forward: method },
  optimizer: {
    state: method,
    storesStep: false,
    scalars: method,
    update: method,
    hyperparameters: {},
  },
  peft: { encoder: method, head: method },
  scheduler: { factor: method },
  metric: { higherIsBetter: false, accumulator: method },
  logger: { start: method, log: method, finish: method },
  policy: { channels: 3, operations: [] },
};

/** What a requirement says. */
function refusal(require: () => unknown): string {
  return assertThrows(require, ContractError).message;
}

Deno.test("requireProduct() wants every member of every slot", () => {
  for (const slot of SLOT_NAMES) {
    const product = PRODUCTS[slot];
    requireProduct(slot, product);
    requireProduct(slot, Object.create(product)); // As of a class.
    for (const name of Object.keys(product)) {
      const message = refusal(() => requireProduct(slot, { ...product, [name]: undefined }));
      assertEquals(message.startsWith(`expected "${name}" to be `), true, message);
      assertEquals(message.endsWith(", received nothing"), true, message);
    }
  }
});

Deno.test("requireProduct() says what a member is instead", () => {
  const { head_type: head, encoder_type: encoder, logger } = PRODUCTS;
  requireProduct("logger", { ...logger, logTest: method, artifact: undefined });
  const cases: [Slot, unknown, string][] = [
    [
      "logger",
      { ...logger, logImage: 3 },
      '"logImage" to be a method where there is one, received 3',
    ],
    [
      "head_type",
      { ...head, input: "bags" },
      '"input" to be "embedding" or "bag", received "bags"',
    ],
    [
      "encoder_type",
      { ...encoder, embedDim: 2.5 },
      '"embedDim" to be a whole number of at least 1, received 2.5',
    ],
    ["peft", null, "create() to return an object, received null"],
    ["peft", Promise.resolve(), "create() to return an object, received a Promise"],
  ];
  for (const [slot, product, state] of cases) {
    assertEquals(refusal(() => requireProduct(slot, product)), `expected ${state}`);
  }
});

Deno.test("requireMethods() names the first that is missing", () => {
  requireMethods({ a: method, b: method }, "a thing", ["a", "b"]);
  assertEquals(
    refusal(() => requireMethods({ a: method }, "a thing", ["a", "b"])),
    'expected a thing with a method "b", received nothing',
  );
  assertEquals(refusal(() => requireMethods(3, "a thing", ["a"])), "expected a thing, received 3");
});

Deno.test("requireSizes() wants whole numbers from 1", () => {
  requireSizes([3, 1], "the shape");
  assertEquals([isSize(1), isSize(0), isSize(1.5), isSize("1")], [true, false, false, false]);
  assertEquals(
    refusal(() => requireSizes([3, 0], "the shape")),
    "expected the shape of sizes, " +
      "received [3,0]",
  );
  assertEquals(
    refusal(() => requireSizes([], "the shape")),
    "expected the shape of sizes, " +
      "received []",
  );
  assertEquals(
    refusal(() => requireSizes("3", "the shape")),
    "expected the shape as a list of " +
      'sizes, received "3"',
  );
});

Deno.test("requireFactor() wants a rate that training can go on with", () => {
  assertEquals([requireFactor(0, 1), requireFactor(2, 1)], [0, 2]);
  for (const factor of [-1, NaN, Infinity]) {
    assertEquals(
      refusal(() => requireFactor(factor, 7)),
      `expected a factor of at least 0 in epoch 7, received ${factor}`,
    );
  }
});

Deno.test("requireNumbers() takes NaN, which says that there is no value", () => {
  const values = { a: 1, b: NaN };
  assertStrictEquals(requireNumbers(values), values);
  const wrong = { a: "1" } as unknown as Record<string, number>;
  assertEquals(refusal(() => requireNumbers(wrong)), 'expected a number for "a", received "1"');
  const nothing = undefined as unknown as Record<string, number>;
  assertEquals(
    refusal(() => requireNumbers(nothing)),
    "expected numbers by name, received nothing",
  );
});

Deno.test("requireTransform() wants steps that readers know", () => {
  const transform: ImageTransform = {
    channels: 3,
    operations: [{ op: "normalize", mean: [0], std: [1] }],
  };
  assertStrictEquals(requireTransform(transform), transform);
  const steps = (...operations: readonly unknown[]) =>
    refusal(() => requireTransform({ channels: 3, operations } as unknown as ImageTransform));
  const unknown = 'expected an "op" out of "resize", "resize_shorter", "resize_cover", ' +
    '"resize_fit", "center_crop", "random_crop", "random_resized_crop", "random_pad", "flip", ' +
    '"rotate", "affine", "auto_operation", "timm_operation", "invert", "equalize", "solarize", ' +
    '"cutout", "holes", "color_jitter", "brightness_contrast", "gaussian_blur", "motion_blur", ' +
    '"noise", "random_apply", "one_of", "normalize", received ';
  assertEquals(steps({ op: "swirl" }), `${unknown}"swirl"`);
  assertEquals(steps(null), `${unknown}nothing`);
  const nested = { op: "one_of", choices: [[{ op: "random_apply", operations: [{ op: 1 }] }]] };
  assertEquals(steps(nested), `${unknown}1`);
  assertEquals(
    steps({ op: "random_apply" }),
    'expected "operations" as a list, received nothing',
  );
  assertEquals(
    steps({ op: "one_of", choices: [] }),
    'expected "choices" with at least one list of steps, received none',
  );
  assertEquals(steps({ op: "one_of", choices: [1] }), 'expected "choices" as a list, received 1');
  const list = { channels: 3, operations: {} } as unknown as ImageTransform;
  assertEquals(
    refusal(() => requireTransform(list)),
    'expected "operations" as a list, received ' +
      "an object",
  );
});
