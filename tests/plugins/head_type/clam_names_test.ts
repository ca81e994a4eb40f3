/** CLAM's own files as the start of a head, whatever dropout and gate they were made with. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { sizeOf } from "../../../engine/ir/dims.ts";
import { type Parameter, Parameters } from "../../../engine/nn/scope.ts";
import { storedTensor } from "../../../engine/storage/tensor_types.ts";
import { writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { WeightsFile } from "../../../engine/storage/weights_file.ts";
import { type InitialWeights, readInitialWeights } from "../../../engine/train/init_checkpoint.ts";
import { clam } from "../../../plugins/head_type/clam.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";

/** Layers of CLAM's `attention_net`, as its authors' code numbers them. */
function clamNames({ gate, dropout }: { gate: boolean; dropout: boolean }): string[] {
  const attention = `attention_net.${dropout ? 3 : 2}`;
  const nets = gate
    ? ["attention_a.0", "attention_b.0", "attention_c"]
    : ["module.0", dropout ? "module.3" : "module.2"];
  const layers = ["attention_net.0", ...nets.map((net) => `${attention}.${net}`)];
  return [...layers, "instance_classifiers.0", "instance_classifiers.1", "classifiers"]
    .flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]);
}

function createHead(options: Readonly<Record<string, unknown>>) {
  const parameters = new Parameters();
  const config = v.parse(clam.config, {
    ...{ variant: "sb", size_arg: "tiny", feature_prep: false, cosine_head: false },
    ...options,
  });
  const head = clam.create(config, {
    ...{ task: "Classification", subtask: "multiclass", numClasses: 2, embedDim: 8 },
    scope: parameters.scope(),
  });
  return { otherNames: head.otherNames, parameters: parameters.list() };
}

/** Reads a head's weights from a file that gives its parameters some names, in their order. */
async function read(
  options: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Promise<InitialWeights> {
  const { parameters, otherNames } = createHead(options);
  const values = (index: number, { shape }: Parameter) =>
    new Float32Array(sizeOf(shape)).fill(index);
  using folder = new TemporaryFolder();
  const path = folder.file("s_0_checkpoint.pt");
  await writeTorchFile(
    path,
    Object.fromEntries(
      parameters.map((parameter, i) =>
        [names[i], storedTensor("float32", parameter.shape, values(i, parameter))] as const
      ),
    ),
  );
  using file = WeightsFile.open(path);
  return readInitialWeights(file, { parameters, names: otherNames });
}

for (const gate of [true, false]) {
  for (const own of [0, 0.25]) {
    for (const theirs of [true, false]) {
      const made = `${gate ? "with" : "without"} gate and ${theirs ? "with" : "without"} dropout`;
      Deno.test(`clam with dropout ${own} starts from CLAM's file made ${made}`, async () => {
        const names = clamNames({ gate, dropout: theirs });
        const { parameters } = createHead({ gate, dropout: own });
        assertEquals(parameters.length, names.length);
        for (const place of [".", ".module."]) {
          const wrapped = names.map((name) =>
            name.replace("attention_net.", `attention_net${place}`)
          );
          const { values, unused } = await read({ gate, dropout: own }, wrapped);
          assertEquals(unused, []);
          for (const [i, { name }] of parameters.entries()) assertEquals(values.get(name)?.[0], i);
        }
      });
    }
  }
}

Deno.test("clam's own names stay as they are, with and without feature_prep", async () => {
  for (const feature_prep of [true, false]) {
    for (const gate of [true, false]) {
      const options = { feature_prep, gate, dropout: 0.25 };
      const { parameters } = createHead(options);
      const { values } = await read(options, parameters.map(({ name }) => name));
      for (const [i, { name }] of parameters.entries()) assertEquals(values.get(name)?.[0], i);
    }
  }
});

Deno.test("clam tells what feature_prep wants of a file that was made without", async () => {
  const { parameters, otherNames } = createHead({ feature_prep: true });
  using folder = new TemporaryFolder();
  const path = folder.file("w.pt");
  const tensors = createHead({}).parameters.map(({ name, shape }) =>
    [name, storedTensor("float32", shape, new Float32Array(sizeOf(shape)))] as const
  );
  await writeTorchFile(path, Object.fromEntries(tensors));
  using file = WeightsFile.open(path);
  const start = () => readInitialWeights(file, { parameters, names: otherNames });
  const { message } = assertThrows(start, DataError);
  assert(message.includes('"attention_net.0.layer_norm.weight" [8]'), message);
  assert(message.includes('unmatched in the file: "attention_net.0.weight" [256, 8]'), message);
});
