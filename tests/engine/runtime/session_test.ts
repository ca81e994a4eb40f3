import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { DataError, PartError } from "../../../engine/errors.ts";
import { input } from "../../../engine/ir/create.ts";
import { add, cast, exp, mul } from "../../../engine/ir/elementwise.ts";
import { concat, reshape } from "../../../engine/ir/layout.ts";
import { matMul, reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { inPart } from "../../../engine/ir/part.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode, encodeWithConstantsApart } from "../../../engine/onnx/encode.ts";
import { bind, Session, type Value } from "../../../engine/runtime/session.ts";
import { modelFile } from "../onnx/_models.ts";
import { TemporaryFolder } from "../storage/testdata.ts";

const x = input("x", "float32", ["n"]);
const y = input("y", "float32", ["n"]);

function vector(...values: readonly number[]): Value {
  return { dtype: "float32", shape: [values.length], data: Float32Array.from(values) };
}

Deno.test("Session.run() computes outputs by name", async () => {
  const session = await Session.create({ sum: add(x, y), total: reduceSum(x) }, { threads: 1 });
  assertEquals(session.inputs, new Set(["x", "y"]));
  assertEquals(session.outputs, ["sum", "total"]);
  const { sum, total } = await session.run({ x: vector(1, 2), y: vector(10, 20) });
  await session.release();
  assertEquals({ ...sum, shape: [...sum.shape] }, vector(11, 22));
  assertEquals([[...total.shape], [...total.data]], [[], [3]]);
});

Deno.test("Session.run() takes another size in every run", async () => {
  const session = await Session.create({ y: mul(x, 2) }, { threads: 1 });
  for (const size of [3, 1, 7]) {
    const { y } = await session.run({ x: vector(...Array(size).fill(2)) });
    assertEquals([...y.data], Array(size).fill(4));
  }
  await session.release();
});

Deno.test("Session.run() throws if an input is not fed", async () => {
  const session = await Session.create({ sum: add(x, y) }, { threads: 1 });
  const message = 'Cannot run the graph: input "y" is not fed';
  await assertRejects(() => session.run({ x: vector(1) }), TypeError, message);
  await session.release();
});

Deno.test("Session.run() ignores feeds that the graph does not use", async () => {
  const session = await Session.create({ y: mul(x, 2) }, { threads: 1 });
  const { y } = await session.run({ x: vector(3), other: vector(1) });
  assertEquals([...y.data], [6]);
  await session.release();
});

Deno.test("Session.run() writes into the buffers given and allocates the others", async () => {
  const session = await Session.create({ twice: mul(x, 2), same: add(x, 0) }, { threads: 1 });
  const twice = await bind(vector(0, 0));
  for (const start of [1, 5]) {
    const results = await session.run({ x: vector(start, start + 1) }, { twice });
    assertStrictEquals(results.twice, twice);
    assertEquals([...twice.data], [2 * start, 2 * start + 2]);
    assertEquals([...results.same.data], [start, start + 1]);
  }
  await session.release();
});

Deno.test("Session.run() updates state in its own buffer", async () => {
  const state = input("state", "float32", [2]);
  const session = await Session.create({ next: add(mul(state, 0.5), 1) }, { threads: 1 });
  const buffer = await bind(vector(0, 8));
  for (let i = 0; i < 3; i++) await session.run({ state: buffer }, { next: buffer });
  await session.release();
  assertEquals([...buffer.data], [1.75, 2.75]);
});

Deno.test("Session.run() refuses a buffer of another shape", async () => {
  const session = await Session.create({ twice: mul(x, 2) }, { threads: 1 });
  const twice = await bind(vector(0, 0, 0));
  await assertRejects(() => session.run({ x: vector(1, 2) }, { twice }), Error, "twice");
  assertEquals([...twice.data], [0, 0, 0]);
  await session.release();
});

Deno.test("Session.run() names the input whose type or shape is not the graph's", async () => {
  const fixed = input("fixed", "float32", ["batch", 2]);
  const session = await Session.create({ y: mul(fixed, 2), z: exp(x) }, { threads: 1 });
  const refused: [Value, string][] = [
    [{ dtype: "int64", shape: [1, 2], data: new BigInt64Array(2) }, "int64 [1, 2]"],
    [{ dtype: "float32", shape: [2, 1], data: new Float32Array(2) }, "float32 [2, 1]"],
    [vector(1, 2), "float32 [2]"],
  ];
  for (const [value, received] of refused) {
    await assertRejects(
      () => session.run({ x: vector(1, 2), fixed: value }),
      TypeError,
      `Cannot run the graph: input "fixed" is ${received}, expected float32 [batch, 2]`,
    );
  }
  await session.release();
});

Deno.test("bind() refuses bfloat16, which exists inside graphs only", async () => {
  const value: Value = { dtype: "bfloat16", shape: [1], data: new Uint16Array(1) };
  const message = "Cannot feed bfloat16: the runtime takes it inside graphs only";
  await assertRejects(() => bind(value), TypeError, message);
  const session = await Session.create({ y: cast(cast(x, "bfloat16"), "float32") });
  const { y } = await session.run({ x: vector(1 + 2 ** -12) });
  assertEquals([...y.data], [1]);
  await session.release();
});

Deno.test("Session.load() runs the bytes of a model", async () => {
  const session = await Session.load(encode(emit({ y: exp(x) })), { threads: 1, arena: false });
  const { y } = await session.run({ x: vector(0) });
  assertEquals([...y.data], [1]);
  await session.release();
});

Deno.test("Session.open() runs a file, and only the outputs that are wanted", async () => {
  const path = modelFile("two_outputs");
  const pixels: Value = { dtype: "float32", shape: [1, 3, 8, 8], data: new Float32Array(192) };
  const all = await Session.open(path, { threads: 1 });
  assertEquals(all.outputs, ["map", "features"]);
  const { map, features } = await all.run({ pixels });
  assertEquals([[...map.shape], [...features.shape]], [[1, 4, 3, 3], [1, 4]]);
  await all.release();
  const one = await Session.open(path, { threads: 1, outputs: ["features"] });
  assertEquals(await one.run({ pixels }), { features });
  await one.release();
});

Deno.test("Session.open() explains in one line what the runtime cannot do", async () => {
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("text.onnx"), "no model");
  Deno.copyFileSync(modelFile("external"), folder.file("alone.onnx"));
  const missing = folder.file("external.onnx.data");
  const cases = [
    [modelFile("opset_99"), "it is written in opset 99, the runtime knows opsets up to 26"],
    [modelFile("unknown_operator"), 'its operator "Frobnicate" does not exist in opset 17'],
    [folder.file("text.onnx"), "it is not an ONNX file, or it is cut off"],
    [folder.file("none.onnx"), "the file does not exist"],
    [folder.file("alone.onnx"), `its weights are in "${missing}", which is not there`],
  ];
  for (const [path, reason] of cases) {
    const error = await assertRejects(() => Session.open(path), DataError);
    assertEquals([error.message, error.file], [`Cannot load "${path}": ${reason}`, path]);
  }
});

Deno.test("bind() throws if the number of values is not that of the shape", async () => {
  const value = { ...vector(1, 2, 3), shape: [2, 2] };
  const message = "Cannot bind shape [2,2]: received 3 values";
  await assertRejects(() => bind(value), TypeError, message);
});

Deno.test("Session.run() writes over the outputs of the run before where asked to", async () => {
  const session = await Session.create({ twice: mul(x, 2), total: reduceSum(x) }, {
    threads: 1,
    reuseOutputs: true,
  });
  assertEquals(session.outputs, ["twice", "total"]);
  const first = await session.run({ x: vector(1, 2) });
  assertEquals([[...first.twice.data], [...first.total.data]], [[2, 4], [3]]);
  const second = await session.run({ x: vector(3, 4) });
  assertStrictEquals(second.twice.data, first.twice.data);
  assertEquals([[...first.twice.data], [...first.total.data]], [[6, 8], [7]]);
  const given = await bind(vector(0, 0));
  assertStrictEquals((await session.run({ x: vector(5, 6) }, { twice: given })).twice, given);
  assertEquals([...given.data], [10, 12]);
  const longer = await session.run({ x: vector(1, 1, 1) });
  assertEquals([[...longer.twice.data], [...longer.total.data]], [[2, 2, 2], [3]]);
  const other: Value = { dtype: "float32", shape: [2, 1], data: new Float32Array(2) };
  await assertRejects(() => session.run({ x: other }), TypeError, 'input "x" is float32 [2, 1]');
  await session.release();
});

Deno.test("Session.run() allocates outputs whose sizes it cannot know", async () => {
  const outputs = { both: concat([x, input("z", "float32", ["m"])], 0, "both"), twice: mul(x, 2) };
  const session = await Session.create(outputs, { threads: 1, reuseOutputs: true });
  const first = await session.run({ x: vector(1), z: vector(2, 3) });
  const second = await session.run({ x: vector(4), z: vector(5, 6) });
  assertStrictEquals(second.twice, first.twice);
  assertEquals([[...first.both.data], [...second.both.data]], [[1, 2, 3], [4, 5, 6]]);
  await session.release();
});

Deno.test("Session.run() leaves no garbage where all outputs are written over", async () => {
  const size = 2 ** 20;
  const session = await Session.create({ y: mul(x, 2) }, { threads: 1, reuseOutputs: true });
  const feeds = {
    x: await bind({ dtype: "float32", shape: [size], data: new Float32Array(size) }),
  };
  await session.run(feeds);
  const before = Deno.memoryUsage().external;
  for (let run = 0; run < 8; run++) await session.run(feeds);
  assert(Deno.memoryUsage().external - before < 4 * size);
  await session.release();
});

Deno.test("the engine loads the runtime when a session is made and not before", async () => {
  const script = new URL("./_without_ffi.ts", import.meta.url).href;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--deny-ffi",
      script,
    ],
  }).output();
  const text = new TextDecoder();
  assertEquals(text.decode(stdout), "built\nrefused\n", text.decode(stderr));
});

const PART = 'head_type "mine"';
const broken = () => exp(reshape(x, ["pairs", 2]));

Deno.test("Session.run() names the node that cannot be computed, and its part", async () => {
  const reason = "The input tensor cannot be reshaped to the requested shape. " +
    "Input shape:{3}, requested shape:{-1,2}";
  const state = `Cannot compute Reshape "Reshape_0_0": ${reason}`;
  const nobodys = await Session.create({ z: broken() }, { threads: 1 });
  const plain = await assertRejects(() => nobodys.run({ x: vector(1, 2, 3) }), Error);
  assertEquals([plain.name, plain.message], ["Error", state]);
  await nobodys.release();
  const graph = emit({ z: inPart(PART, broken) });
  const sessions = [
    await Session.compile(graph, { threads: 1 }),
    await Session.compile(graph, { threads: 1, reuseOutputs: true }),
    await Session.load(structuredClone(encodeWithConstantsApart(graph)), { threads: 1 }),
  ];
  for (const session of sessions) {
    const error = await assertRejects(() => session.run({ x: vector(1, 2, 3) }), PartError);
    assertEquals([error.part, error.message], [
      PART,
      `Cannot use ${PART}: it is broken: ${state}`,
    ]);
    assertEquals((await session.run({ x: vector(0, 0) })).z.shape, [1, 2]);
    await session.release();
  }
});

Deno.test("Session.create() names the node that the runtime refuses, and its part", async () => {
  const rough = (a: Tensor) => cast(exp(cast(a, "bfloat16")), "float32");
  const plain = await assertRejects(() => Session.create({ z: rough(x) }), Error);
  assertEquals(plain.message, 'Cannot compute Exp "Exp_1_0": Could not find an implementation');
  const error = await assertRejects(
    () => Session.create({ z: inPart(PART, () => rough(x)) }),
    PartError,
  );
  assertEquals(error.message, `Cannot use ${PART}: it is broken: ${plain.message}`);
});

Deno.test("Session.run() names the part whose input nobody feeds", async () => {
  const mask = inPart(PART, () => input("mask", "float32", ["n"]));
  const session = await Session.create({ z: mul(x, mask) }, { threads: 1 });
  const error = await assertRejects(() => session.run({ x: vector(1) }), PartError);
  assertEquals(
    error.message,
    `Cannot use ${PART}: it is broken: Cannot run the graph: input "mask" is not fed`,
  );
  await session.release();
});

Deno.test("Session.load() lets products be less precise on ARM64 only", async () => {
  const graph = emit({ y: matMul(input("a", "float32", [2, 2]), input("b", "float32", [2, 2])) });
  const session = await Session.load({ bytes: encode(graph), constants: {}, fastMath: true });
  const value = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1 / 3, 0, 0, 1) } as const;
  const { y } = await session.run({ a: value, b: value });
  await session.release();
  const tolerance = Deno.build.arch === "aarch64" ? 2 ** -8 : 2 ** -24;
  assert(Math.abs(Number(y.data[0]) - 1 / 9) < tolerance);
});
