/** Files of exported models: whole or not at all, and in two parts where one is too small. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { input } from "../../../engine/ir/create.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { Session } from "../../../engine/runtime/session.ts";
import { writeModel } from "../../../jobs/export/model_file.ts";
import { inFolder, namesIn } from "../../_training.ts";

const COUNT = 5000;
const x = { dtype: "float32", shape: [COUNT], data: new Float32Array(COUNT).fill(2) } as const;

function graphWith(value: number) {
  const [x, v, w] = ["x", "v", "w"].map((name) => input(name, "float32", [COUNT]));
  const constant = (value: number) => ({
    shape: [COUNT],
    values: new Float32Array(COUNT).fill(value),
  });
  const graph = emit({ y: mul(mul(x, v), w) });
  return bakeInputs(graph, new Map([["v", constant(value)], ["w", constant(3)]]));
}

async function run(path: string): Promise<number> {
  const session = await Session.open(path);
  const { y } = await session.run({ x });
  await session.release();
  return Number(y.data[COUNT - 1]);
}

const check = async (path: string) => assertEquals(await run(path) > 0, true);

Deno.test("writeModel() puts weights beside a model that would be too large", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "models", "m.onnx");
    const options = { metadata: { task: "none" }, check, largestFile: 30_000 };
    const { file, dataFile, bytes } = await writeModel(path, graphWith(5), options);
    const names = await namesIn(join(folder, "models"));
    assertEquals([file, names.length], [path, 2]);
    assertEquals(names.map((name) => join(folder, "models", name)).sort(), [dataFile, path].sort());
    assertEquals(bytes, Deno.statSync(path).size + Deno.statSync(dataFile!).size);
    assert(Deno.statSync(path).size < 2000);
    assertEquals(await run(path), 30);

    const other = await writeModel(path, graphWith(7), options);
    assert(other.dataFile !== dataFile);
    assertEquals(await run(path), 42);
    const one = await writeModel(path, graphWith(2), { ...options, largestFile: 50_000 });
    assertEquals([one.dataFile, await run(path)], [undefined, 12]);
  });
});

Deno.test("writeModel() keeps the old file where the new one is wrong", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "m.onnx");
    await writeModel(path, graphWith(5), { metadata: {}, check });
    const refuse = () => Promise.reject(new Error("wrong"));
    for (const largestFile of [30_000, undefined]) {
      const options = { metadata: {}, check: refuse, largestFile };
      await assertRejects(() => writeModel(path, graphWith(7), options), Error, "wrong");
      assertEquals([await namesIn(folder), await run(path)], [["m.onnx"], 30]);
    }
  });
});

Deno.test("writeModel() says where no file can be", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "file"), "");
    const path = join(folder, "file", "m.onnx");
    const options = { metadata: {}, check };
    await assertRejects(() => writeModel(path, graphWith(1), options), Error, "cannot be made");
  });
});
