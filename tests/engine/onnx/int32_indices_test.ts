import { assert, assertEquals, assertThrows } from "@std/assert";
import { input, scalar } from "../../../engine/ir/create.ts";
import { cast, mul } from "../../../engine/ir/elementwise.ts";
import { gather, topK } from "../../../engine/ir/indexing.ts";
import { matMul, reduceSum } from "../../../engine/ir/matrix.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import {
  atMost,
  bagGrid,
  bagIndex,
  fromGrid,
  gridRows,
  membership,
  toGrid,
} from "../../../engine/nn/bags.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { rowBlocks } from "../../../engine/nn/row_blocks.ts";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import { int32s, withInt32Indices } from "../../../engine/onnx/int32_indices.ts";
import { valueTypes } from "../../../engine/onnx/value_types.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { numbers } from "../_run.ts";

const lengths = input("lengths", "int64", ["bags"]);
const x = input("x", "float32", ["rows", 4]);

/** Everything that bags, blocks and dropout compute with indices, and a gradient through it. */
function bagGraph(): OnnxGraph {
  const index = bagIndex(lengths, x);
  const grid = bagGrid({ lengths, index });
  const scores = reshape(reduceSum(x, { axes: [1] }), [1, "rows"]);
  const cells = toGrid(scores, grid);
  const two = { count: atMost(2, grid.shortest), symbol: "best" };
  const { values: best, indices: places } = topK(cells, two);
  const chosen = gather(x, gridRows(grid, places));
  const blocks = rowBlocks(x, 3);
  const random = new RandomStream(scalar(7, "uint32")).rows();
  const dropped = random.dropout(x, index, 0.5);
  return emit({
    index,
    valid: grid.valid,
    best,
    chosen,
    back: fromGrid(cells, grid),
    sums: matMul(cast(membership(index, lengths), "float32"), x),
    blocks: reduceSum(mul(blocks[1].cut(x), 2)),
    of: blocks[2].bagIndex(index),
    dropped,
    gradient: gradients(reduceSum(mul(chosen, chosen)), [x])[0],
  });
}

async function run(graph: OnnxGraph): Promise<Record<string, Value>> {
  const session = await Session.compile(graph);
  const outputs = await session.run({
    lengths: { dtype: "int64", shape: [3], data: BigInt64Array.of(2n, 5n, 3n) },
    x: { dtype: "float32", shape: [10, 4], data: Float32Array.from(numbers(40)) },
  });
  await session.release();
  return outputs;
}

Deno.test("withInt32Indices() changes no bit", async () => {
  const graph = bagGraph();
  assertEquals(await run(withInt32Indices(graph)), await run(graph));
});

Deno.test("withInt32Indices() leaves int64 to sizes", () => {
  const graph = bagGraph();
  const rewritten = withInt32Indices(graph);
  const types = valueTypes(rewritten);
  const before = valueTypes(graph);
  assert(
    graph.nodes.some(({ op, outputs }) => op === "CumSum" && before.get(outputs[0]) === "int64"),
  );
  for (const { op, inputs, outputs } of rewritten.nodes) {
    if (["CumSum", "Range", "Less", "Equal", "Where", "ScatterElements"].includes(op)) {
      assert(
        inputs.every((name, at) => types.get(name) !== "int64" || op === "CumSum" && at === 1),
      );
      assert(outputs.every((name) => types.get(name) !== "int64"));
    }
    if (op === "Reshape" || op === "Expand") assertEquals(types.get(inputs[1]), "int64");
  }
  assertEquals(rewritten.outputs, graph.outputs);
  // It gives the size of the grid, too.
  assertEquals(rewritten.inputs.find(({ name }) => name === "lengths")?.dtype, "int64");
});

Deno.test("int32s() refuses what is beyond int32", () => {
  assertEquals([...int32s(BigInt64Array.of(-1n, 2147483647n))], [-1, 2147483647]);
  assertThrows(
    () => int32s(BigInt64Array.of(0n, 2147483648n)),
    RangeError,
    "Cannot use 2147483648 as an index: int32 ends at 2147483647",
  );
});
