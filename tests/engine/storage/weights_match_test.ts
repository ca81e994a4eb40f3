import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { writeSafetensors } from "../../../engine/storage/safetensors.ts";
import { readFloat32 } from "../../../engine/storage/tensor_types.ts";
import {
  type StoredTensor,
  storedTensor,
  type TorchValue,
  writeTorchFile,
} from "../../../engine/storage/torch/torch_file.ts";
import { WeightsFile } from "../../../engine/storage/weights_file.ts";
import {
  countMatches,
  matchWeights,
  unusedNotice,
  unwrapName,
  type WeightsQuery,
} from "../../../engine/storage/weights_match.ts";
import { TemporaryFolder } from "./testdata.ts";

const PARAMETERS = [
  { name: "blocks.0.weight", shape: [1, 2] },
  { name: "norm.bias", shape: [2] },
];

/** The two parameters with values that tell sets apart, behind a prefix. */
function weights(value: number, prefix = "", width = 2): Record<string, StoredTensor> {
  const filled = () => new Float32Array(width).fill(value);
  return {
    [`${prefix}blocks.0.weight`]: storedTensor("float32", [1, width], filled()),
    [`${prefix}norm.bias`]: storedTensor("float32", [width], filled()),
  };
}

interface Outcome {
  /** First value of the first parameter. */
  readonly value: number;
  readonly notices: readonly string[];
  readonly unused: readonly string[];
}

/** Matches the parameters with a file, which is called `w.pt` in notices. */
async function match(
  content: TorchValue,
  request: Partial<WeightsQuery> = {},
): Promise<Outcome> {
  using folder = new TemporaryFolder();
  const path = folder.file("w.pt");
  await writeTorchFile(path, content);
  using file = WeightsFile.open(path);
  try {
    const { found, unused, notices } = matchWeights(file, { parameters: PARAMETERS, ...request });
    const { name, tensor } = found.get("blocks.0.weight")!;
    return {
      value: readFloat32(tensor, name).data[0],
      notices: notices.map((line) => line.replaceAll(path, "w.pt")),
      unused: unused.map(({ name }) => name),
    };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(error.message.replaceAll(path, "w.pt"), { dataset: error.dataset });
  }
}

/** The message of a file that does not match. */
async function refusal(
  content: TorchValue,
  request: Partial<WeightsQuery> = {},
): Promise<string> {
  try {
    await match(content, request);
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

const FOUND: Readonly<Record<string, TorchValue>> = {
  "at the top": weights(1),
  "in a dictionary": { epoch: 3, state_dict: weights(1) },
  "in two dictionaries": { model: { state_dict: weights(1) } },
  "behind Lightning's prefix": { state_dict: weights(1, "model.") },
  "behind the prefix of a network": { state_dict: weights(1, "net.") },
  "in a data parallel model": { model: weights(1, "module.") },
  "in a compiled model inside of another": { state_dict: weights(1, "model._orig_mod.") },
  "in a compiled, data parallel model": weights(1, "_orig_mod.module."),
  "with a wrapper inside": {
    "blocks.module.0.weight": weights(1)["blocks.0.weight"],
    "norm._orig_mod.bias": weights(1)["norm.bias"],
  },
  "under FSDP's wrappers": weights(1, "_fsdp_wrapped_module._checkpoint_wrapped_module."),
  "in a backbone": weights(1, "backbone."),
};

for (const [place, content] of Object.entries(FOUND)) {
  Deno.test(`matchWeights() finds parameters ${place}, and says nothing about it`, async () => {
    assertEquals(await match(content), { value: 1, notices: [], unused: [] });
  });
}

/** Files of two sets of weights, of which the one with the value 1 is wanted. */
const SEVERAL: Readonly<Record<string, readonly [TorchValue, taken: string, other: string]>> = {
  "timm": [
    { state_dict: weights(2), state_dict_ema: weights(1) },
    "state_dict_ema",
    "state_dict",
  ],
  "ConvNeXt's authors": [{ model: weights(2), model_ema: weights(1) }, "model_ema", "model"],
  "BasicSR": [{ params: weights(2), params_ema: weights(1) }, "params_ema", "params"],
  "YOLO": [
    { model: weights(2), ema: { shadow: weights(1), decay: 0.9 } },
    "ema.shadow",
    "model",
  ],
  "DINO": [{ student: weights(2), teacher: weights(1) }, "teacher", "student"],
  "DINOv2": [
    { model: { ...weights(2, "student.backbone."), ...weights(1, "teacher.backbone.") } },
    "model.teacher.backbone",
    "model.student.backbone",
  ],
  "a GAN": [{ net: weights(1), net_old: weights(2) }, "net", "net_old"],
  "a top level beside a copy": [
    { ...weights(1), copy: weights(2) },
    "the file's top level",
    "copy",
  ],
};

for (const [maker, [content, taken, other]] of Object.entries(SEVERAL)) {
  Deno.test(`matchWeights() takes "${taken}" of ${maker}, and tells which was taken`, async () => {
    const { value, notices, unused } = await match(content, { keyOption: "weights_key" });
    assertEquals([value, unused], [1, []]);
    const named = [taken, other].map((name) => name.startsWith("the ") ? name : `"${name}"`);
    const order = [`${named[0]} and ${named[1]}`, `${named[1]} and ${named[0]}`];
    const lines = order.map((both) =>
      `"w.pt" holds 2 sets of weights, ${both}: ${named[0]} is taken; weights_key chooses another`
    );
    assertEquals(notices.length === 1 && lines.includes(notices[0]), true, notices[0]);
  });
}

Deno.test("matchWeights() takes what a key names, by its end or by all of it", async () => {
  const [content] = SEVERAL.DINOv2;
  for (const key of ["student", "student.backbone", "model.student", "model.student.backbone"]) {
    assertEquals(await match(content, { key }), { value: 2, notices: [], unused: [] });
  }
  assertEquals((await match(SEVERAL.timm[0], { key: "state_dict" })).value, 2);
  assertEquals((await match(content, { key: "model" })).value, 1); // the teacher's, again
});

Deno.test("matchWeights() refuses a key that names nothing, and tells what there is", async () => {
  assertEquals(
    await refusal(SEVERAL.timm[0], { key: "teacher" }),
    'Cannot load weights from "w.pt": there are no weights of the model behind "teacher": ' +
      'it has "state_dict", "state_dict_ema"',
  );
  assertEquals(
    await refusal({ a: weights(1), b: { "blocks.0.weight": weights(1)["blocks.0.weight"] } }, {
      key: "b",
    }),
    'Cannot load weights from "w.pt": its "b" lacks 1 of the model\'s 2 tensors: "norm.bias" [2]',
  );
});

Deno.test("matchWeights() refuses sets of weights that nothing tells apart", async () => {
  const query = { ...weights(1, "encoder_q."), ...weights(2, "encoder_k.") };
  assertEquals(
    await refusal({ state_dict: query }, { keyOption: "weights_key" }),
    'Cannot load weights from "w.pt": it holds 2 sets of weights, "state_dict.encoder_q" and ' +
      '"state_dict.encoder_k", which cannot be told apart: weights_key chooses another',
  );
  assertEquals((await match({ state_dict: query }, { key: "encoder_k" })).value, 2);
  const models = { generator: weights(1), critic: weights(2) };
  assertEquals((await refusal(models)).endsWith("which cannot be told apart"), true);
});

Deno.test("matchWeights() takes the set of the model's shapes where another one is larger", async () => {
  const distilled = { teacher: weights(2, "", 3), student: weights(1) };
  const { value, notices } = await match(distilled);
  assertEquals(value, 1);
  assertEquals(notices, [
    '"w.pt" holds 2 sets of weights, "teacher" and "student": "student" is taken',
  ]);
});

Deno.test("matchWeights() tells of weights behind a beginning that is not a usual one", async () => {
  const { value, notices } = await match({ state_dict: weights(1, "visual.trunk.") });
  assertEquals(value, 1);
  assertEquals(notices, ['the weights of "w.pt" are taken from "state_dict.visual.trunk"']);
});

Deno.test("matchWeights() names what no parameter took, but not the other sets", async () => {
  const loss = storedTensor("float32", [1], Float32Array.of(0));
  const { unused } = await match({
    state_dict: {
      "teacher.bn.num_batches_tracked": loss,
      ...weights(1, "teacher."),
      ...weights(2, "student."),
      "loss.scale": loss,
      "student.mask": loss,
    },
  });
  assertEquals(unused, ["loss.scale"]);
});

Deno.test("matchWeights() gives names of one tensor as one set", async () => {
  const own = weights(1);
  const renamed = Object.fromEntries(Object.entries(own).map(([name, t]) => [`model.${name}`, t]));
  assertEquals(await match({ ...own, ...renamed }), { value: 1, notices: [], unused: [] });
});

Deno.test("matchWeights() tries other names of a parameter after its own", async () => {
  const names = (
    name: string,
  ) => [name.replace("norm.", "ln_f."), name.replace("norm.", "fc_norm.")];
  const { "norm.bias": bias, ...rest } = weights(1);
  for (const name of ["ln_f.bias", "fc_norm.bias"]) {
    assertEquals((await match({ state_dict: { ...rest, [name]: bias } }, { names })).unused, []);
  }
  const both = { ...weights(1), "ln_f.bias": weights(2)["norm.bias"] };
  assertEquals((await match(both, { names })).unused, []);
});

Deno.test("matchWeights() shows what is missing beside what there is instead", async () => {
  const other = {
    "blocks.0.kernel": weights(1)["blocks.0.weight"],
    "zebra": storedTensor("float32", [1], Float32Array.of(0)),
    "ln.bias": weights(1)["norm.bias"],
    "a": storedTensor("float32", [1], Float32Array.of(0)),
  };
  assertEquals(
    await refusal({ model: other }),
    'Cannot load weights from "w.pt": its "model" lacks 2 of the model\'s 2 tensors: ' +
      '"blocks.0.weight" [1, 2], "norm.bias" [2]; unmatched in the file: ' +
      '"blocks.0.kernel" [1, 2], "ln.bias" [2], "zebra" [1], …',
  );
  const { "model.norm.bias": _, ...part } = weights(1, "model.");
  assertEquals(
    await refusal({ ...part, "model.ln.bias": weights(1)["norm.bias"] }),
    'Cannot load weights from "w.pt": its "model" lacks 1 of the model\'s 2 tensors: ' +
      '"norm.bias" [2]; unmatched in the file: "model.ln.bias" [2]',
  );
});

Deno.test("matchWeights() lets parameters be absent that may be", async () => {
  const { "norm.bias": _, ...part } = weights(1);
  const optional = (name: string, has: (name: string) => boolean) =>
    name === "norm.bias" && has("fc.bias");
  const fc = { "fc.bias": weights(1)["norm.bias"] };
  assertEquals((await match({ ...part, ...fc }, { optional })).unused, ["fc.bias"]);
  assertEquals((await refusal(part, { optional })).includes('"norm.bias"'), true);
});

Deno.test("matchWeights() refuses names that are there with and without a wrapper", async () => {
  const message = await refusal({ ...weights(1), ...weights(2, "module.") });
  assertEquals(message.includes("is there with and without a prefix"), true);
});

Deno.test("matchWeights() finds nothing for a model without parameters", async () => {
  using folder = new TemporaryFolder();
  await writeSafetensors(folder.file("a.safetensors"), new Map(Object.entries(weights(1))));
  using file = WeightsFile.open(folder.file("a.safetensors"));
  assertEquals(matchWeights(file, { parameters: [] }).found.size, 0);
  assertEquals(countMatches(file, { parameters: PARAMETERS }), 2);
  assertEquals(countMatches(file, { parameters: [{ name: "fc.bias", shape: [2] }] }), 0);
  const inside = { parameters: [{ name: "bias", shape: [2] }] };
  assertEquals(countMatches(file, inside), 0); // which is the norm's
});

Deno.test("matchWeights() is not slow with names of many segments", async () => {
  const long = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`${"a.".repeat(50_000)}${i}`, weights(1)["norm.bias"]]),
  );
  assertEquals((await match({ ...long, ...weights(1) })).unused.length, 20);
  assertLess((await refusal(long)).length, 1000);
});

Deno.test("unusedNotice() counts tensors and names a few", () => {
  const unused = ["a", "b", "c", "d".repeat(500)].map((name) => ({ name, bare: name }));
  assertEquals(unusedNotice([], { file: "w.pt", taker: "model" }), []);
  assertEquals(unusedNotice(unused.slice(0, 1), { file: "w.pt", taker: "model" }), [
    'the model has no place for 1 tensor of "w.pt": "a"',
  ]);
  assertEquals(unusedNotice(unused, { file: "w.pt", taker: "encoder" }), [
    'the encoder has no place for 4 tensors of "w.pt": "a", "b", "c", …',
  ]);
  const [line] = unusedNotice(unused.slice(3), { file: "w.pt", taker: "encoder" });
  assertEquals(line.endsWith(`: "${"d".repeat(100)}…"`), true);
});

Deno.test("unwrapName() takes wrappers out of a name wherever they stand", () => {
  assertEquals(unwrapName("module._orig_mod.a.module.b"), "a.b");
  assertEquals(unwrapName("modules.my_module.w"), "modules.my_module.w");
  assertEquals(unwrapName("module"), "module");
});

Deno.test("matchWeights() names the first parameter that is missing", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.safetensors");
  const { "norm.bias": _, ...part } = weights(1);
  await writeSafetensors(path, new Map(Object.entries(part)));
  using file = WeightsFile.open(path);
  const error = assertThrows(() => matchWeights(file, { parameters: PARAMETERS }), DataError);
  assertEquals([error.file, error.dataset], [path, "norm.bias"]);
});
