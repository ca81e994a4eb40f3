import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ContractError } from "../../../engine/fault.ts";
import { input } from "../../../engine/ir/create.ts";
import type { DType, Shape } from "../../../engine/ir/types.ts";
import type {
  EncoderOutput,
  ParameterUpdate,
  StateSpec,
  UpdateInput,
} from "../../../registry/plugin.ts";
import {
  requireEncoded,
  requireScalars,
  requireState,
  requireUpdate,
} from "../../../registry/builder/graph_contract.ts";

const tensor = (shape: Shape, dtype: DType = "float32") => input("x", dtype, shape);

/** What a requirement says. */
function refusal(require: () => unknown): string {
  return assertThrows(require, ContractError).message.replace(/^expected /, "");
}

Deno.test("requireEncoded() wants the layout and the width that are announced", () => {
  const accepted: [EncoderOutput, Shape, Shape][] = [
    ["features", ["batch", 8], ["batch", 3, 32, 32]],
    ["features", ["instances", 8], ["instances", 8]],
    ["features", ["images", 8], ["batch", 3, 32, 32]],
    ["tokens", ["batch", 17, 8], ["batch", 3, 32, 32]],
    ["tokens", ["batch", "patches", 8], ["batch", 3, 32, 32]],
    ["map", ["batch", 8, 2, 2], ["batch", 3, 32, 32]],
  ];
  for (const [output, shape, given] of accepted) {
    const encoded = tensor(shape);
    assertStrictEquals(requireEncoded(encoded, tensor(given), { output, embedDim: 8 }), encoded);
  }
  const refused: [EncoderOutput, Shape, string][] = [
    ["features", ["batch", 4], "features [batch, 8], received [batch, 4]"],
    ["features", ["instances", 8], "features [batch, 8], received [instances, 8]"],
    ["features", ["batch", 17, 8], "features [batch, 8], received [batch, 17, 8]"],
    ["tokens", ["batch", 8, 17], "tokens [batch, tokens, 8], received [batch, 8, 17]"],
    ["map", ["batch", 2, 2, 8], "map [batch, 8, height, width], received [batch, 2, 2, 8]"],
  ];
  for (const [output, shape, state] of refused) {
    const given = tensor(["batch", 3, 32, 32]);
    const require = () => requireEncoded(tensor(shape), given, { output, embedDim: 8 });
    assertEquals(refusal(require), state);
  }
});

Deno.test("requireState() wants shapes and initial values", () => {
  const specs: Record<string, StateSpec> = {
    a: { shape: "parameter", initial: "parameter" },
    b: { shape: "scalar", initial: 3 },
    c: { shape: "parameter" },
  };
  assertStrictEquals(requireState(specs), specs);
  const refused: [unknown, string][] = [
    [undefined, "state by key, received nothing"],
    [{ a: {} }, 'the shape of state "a" to be "parameter" or "scalar", received nothing'],
    [{ a: null }, 'the shape of state "a" to be "parameter" or "scalar", received nothing'],
    [
      { a: { shape: "scalar", initial: "parameter" } },
      'state "a" to start from a number, received "parameter"',
    ],
    [
      { a: { shape: "parameter", initial: "zeros" } },
      'state "a" to start from a number or "parameter", received "zeros"',
    ],
  ];
  for (const [state, message] of refused) {
    assertEquals(refusal(() => requireState(state as Record<string, StateSpec>)), message);
  }
});

Deno.test("requireScalars() wants the same names and finite numbers in every step", () => {
  const scalars = { lr: 0.1, eps: 1 };
  assertStrictEquals(requireScalars(scalars, { step: 1, lr: 0.1 }), scalars);
  requireScalars(scalars, { step: 2, lr: 0.1, names: ["eps", "lr"] });
  requireScalars({ inverse: Infinity }, { step: 1, lr: 0 }); // Asked for its names.
  const refused: [unknown, number, string][] = [
    [{ lr: 1 }, 0.1, 'the scalars "eps", "lr" in update 3, received "lr"'],
    [{}, 0.1, 'the scalars "eps", "lr" in update 3, received none'],
    [{ lr: NaN, eps: 1 }, 0.1, 'a number for scalar "lr" in update 3, received NaN'],
    [{ lr: "1", eps: 1 }, 0, 'a number for scalar "lr" in update 3, received "1"'],
    [null, 0.1, "numbers by name, received null"],
  ];
  for (const [found, lr, message] of refused) {
    const request = { step: 3, lr, names: ["lr", "eps"] };
    const require = () => requireScalars(found as Record<string, number>, request);
    assertEquals(refusal(require), message);
  }
});

Deno.test("requireUpdate() wants what state() announces, of the same shapes", () => {
  const current: UpdateInput = {
    parameter: tensor([2, 3]),
    gradient: tensor([2, 3]),
    state: { m: tensor([2, 3]), count: tensor([]) },
    scalars: {},
    options: { lrScale: 1, weightDecay: 0 },
  };
  const { parameter, state } = current;
  const updated: ParameterUpdate = { parameter: tensor([2, 3]), state };
  assertStrictEquals(requireUpdate(updated, current), updated);
  const refused: [unknown, string][] = [
    [undefined, 'an object with "parameter" and "state", received nothing'],
    [{ parameter }, 'an object with "parameter" and "state", received an object'],
    [{ state }, "the new parameter [2, 3], received nothing"],
    [{ parameter: tensor([3, 2]), state }, "the new parameter [2, 3], received [3, 2]"],
    [
      { parameter: tensor([2, 3], "float16"), state },
      "the new parameter float32 [2, 3], received float16 [2, 3]",
    ],
    [
      { parameter, state: { m: state.m } },
      'the new state "count" to be a scalar, received nothing',
    ],
    [
      { parameter, state: { ...state, count: tensor([1]) } },
      'the new state "count" to be a scalar, received [1]',
    ],
    [{ parameter, state: { ...state, n: state.m } }, 'state that was announced, received "n"'],
  ];
  for (const [update, message] of refused) {
    assertEquals(refusal(() => requireUpdate(update as ParameterUpdate, current)), message);
  }
});
