import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { sha256OfFile } from "../../../engine/hub/sha256.ts";
import { input, scalar } from "../../../engine/ir/create.ts";
import { exp } from "../../../engine/ir/elementwise.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import { reduceMean } from "../../../engine/ir/matrix.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { linear, Parameters } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import type { OpenSource } from "../../../engine/data/data.ts";
import { onnx, type OnnxConfig } from "../../../plugins/encoder_type/onnx.ts";
import type { Encoder } from "../../../registry/plugin.ts";
import {
  imageSource,
  largestDifference,
  modelFile,
  readGolden,
} from "../../engine/onnx/_models.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";

const golden = readGolden();

/** The options of a model of the test data, with defaults. */
function configOf(name: string, options: Partial<OnnxConfig> = {}): OnnxConfig {
  return v.parse(onnx.config, { file: modelFile(name), ...options });
}

async function create(
  name: string,
  sampleShape: readonly number[] = golden[name]?.input ?? [3, 4, 4],
  options: Partial<OnnxConfig> = {},
): Promise<Encoder> {
  const parameters = new Parameters();
  const context = { scope: parameters.scope(), sampleShape, source: "images" };
  const encoder = await onnx.create(configOf(name, options), context);
  assertEquals(parameters.list(), []);
  return encoder;
}

Deno.test("onnx tells the layout of an output by its dimensions", async () => {
  const layout = async (name: string, shape?: readonly number[], options?: Partial<OnnxConfig>) => {
    const {
      output,
      embedDim,
      reader,
      numPrefixTokens,
      hasClassToken,
    } = await create(
      name,
      shape,
      options,
    );
    return [output, embedDim, reader?.inputShape, numPrefixTokens, hasClassToken];
  };
  const none = undefined;
  assertEquals(await layout("grey"), ["features", 5, [5], none, none]);
  assertEquals(await layout("map", [3, 21, 33]), ["map", 4, [4, 10, 16], none, none]);
  assertEquals(await layout("tokens"), ["tokens", 6, [5, 6], 0, false]);
  const tokens = { num_prefix_tokens: 1, has_class_token: true };
  assertEquals(await layout("tokens", none, tokens), ["tokens", 6, [5, 6], 1, true]);
  const features = { output: "features" };
  assertEquals(await layout("two_outputs", none, features), ["features", 4, [4], none, none]);
});

Deno.test("onnx tells the batch size that a file fixes", async () => {
  const names = ["features_batch_1", "features_batch_4", "tokens"];
  const batches = await Promise.all(names.map(async (name) => (await create(name)).reader?.batch));
  assertEquals(batches, [1, 4, undefined]);
});

Deno.test("onnx reads images through the model, which PyTorch's numbers confirm", async () => {
  for (const name of ["tokens", "features_batch_1", "features_batch_4", "map", "grey"]) {
    const { input: shape, outputs } = golden[name];
    const { reader } = await create(name, shape);
    const { module, options } = reader!.wrap(imageSource({ shape }));
    const { openSource } = await import(module) as { readonly openSource: OpenSource };
    const source = await openSource(structuredClone(options));
    const { features } = await source.read(new Int32Array([0, 1, 2, 3, 4, 5]));
    source.close();
    assertLess(largestDifference(features, Object.values(outputs)[0].values), 1e-6, name);
  }
});

Deno.test("onnx passes on what its reader gives", async () => {
  const { forward } = await create("grey");
  const rows = input("rows", "float32", ["batch", 5]);
  const context = { training: true, random: new RandomStream(scalar(0, "uint32")) };
  assertStrictEquals(forward(rows, context), rows);
});

Deno.test("onnx has no weights of its own, and tells the hash of its files", async () => {
  const weights = async (name: string) => await (await create(name)).pretrained!({});
  const file = modelFile("grey");
  const sha256 = await sha256OfFile(file);
  assertEquals(await weights("grey"), { values: new Map(), file, sha256, notices: [] });
  const external = await weights("external");
  assert(external.sha256 !== await sha256OfFile(modelFile("external")));
  assertEquals(external.sha256, (await weights("external")).sha256);
});

Deno.test("onnx.preprocessing() follows the file, and the options where it is silent", () => {
  const preprocessing = (name: string, options?: Partial<OnnxConfig>) =>
    onnx.preprocessing!(configOf(name, options));
  const rest = { mean: undefined, std: undefined, interpolation: "bicubic", cropPct: 1 } as const;
  assertEquals(preprocessing("grey"), { channels: 1, imageSize: [8, 8], ...rest });
  assertEquals(preprocessing("map"), { channels: 3, imageSize: undefined, ...rest });
  assertEquals(preprocessing("map", { image_size: 32 }).imageSize, [32, 32]);
  const numbers = {
    mean: [0.5],
    std: [0.2, 0.3, 0.4],
    interpolation: "box",
  } as const;
  assertEquals(preprocessing("map", { image_size: [32, 48], crop_pct: 0.9, ...numbers }), {
    channels: 3,
    imageSize: [32, 48],
    cropPct: 0.9,
    ...numbers,
  });
  const path = modelFile("tokens");
  assertThrows(
    () => preprocessing("tokens", { image_size: [8, 9] }),
    RangeError,
    `expected image_size to be 8 8 as in "${path}", received 8 9`,
  );
});

Deno.test("onnx says which output it wants to be told", async () => {
  const known = `expected output to be one of "map", "features" of "${modelFile("two_outputs")}"`;
  await assertRejects(() => create("two_outputs"), RangeError, `${known}, received none`);
  const wrong = () => create("two_outputs", undefined, { output: "logits" });
  await assertRejects(wrong, RangeError, `${known}, received "logits"`);
});

Deno.test("onnx refuses files that are not encoders of images", async () => {
  const cases = {
    float16: 'its input "pixels" takes float16, expected float32; onnxconverter-common\'s keep_io',
    uint8: 'its input "pixels" takes uint8, expected float32',
    two_inputs: 'it has the inputs "pixels", "other", expected a single one',
    channels_last: 'its input "pixels" has the shape [batch, 4, 4, 3], expected [batch, channels,',
  };
  for (const [name, state] of Object.entries(cases)) {
    const file = modelFile(name);
    const message = `Cannot use "${file}" as an encoder: ${state}`;
    const error = await assertRejects(() => create(name), DataError, message);
    assertEquals([error.file, error.message.includes("\n")], [file, false]);
    assertThrows(() => onnx.preprocessing!(configOf(name)), DataError, message);
  }
  for (const [name, state] of [["opset_99", "opset 99"], ["unknown_operator", "Frobnicate"]]) {
    await assertRejects(() => create(name), DataError, state);
  }
});

Deno.test("onnx takes an output of float16", async () => {
  assertEquals((await create("float16_output")).reader!.inputShape, [3, 4, 4]);
});

Deno.test("onnx refuses an output of more than four dimensions", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.onnx");
  const flat = input("x", "float32", ["batch", 1, 2, 2]);
  Deno.writeFileSync(file, encode(emit({ y: reshape(exp(flat), ["batch", 1, 2, 2, 1]) })));
  await assertRejects(
    () => create("", [1, 2, 2], { file }),
    DataError,
    `Cannot use "${file}" as an encoder: its output is [batch, 1, 2, 2, 1], expected 2, 3 or 4`,
  );
});

Deno.test("onnx refuses images of another size than its file takes", async () => {
  const path = modelFile("tokens");
  for (const [shape, found] of [[[3, 9, 8], "3×9×8"], [[1, 8, 8], "1×8×8"], [[192], "192"]]) {
    await assertRejects(
      () => create("tokens", shape as number[]),
      DataError,
      `Cannot use "images": its samples are ${found}, "${path}" takes images of 3×8×8`,
    );
  }
  const message = "takes images of 3×height×width";
  await assertRejects(() => create("map", [1, 9, 11]), DataError, message);
});

Deno.test("onnx refuses prefix tokens that do not fit", async () => {
  const cases = [
    ["tokens", { num_prefix_tokens: 6 }],
    ["tokens", { has_class_token: true }],
    ["grey", { num_prefix_tokens: 1 }],
  ] as const;
  for (const [name, options] of cases) {
    await assertRejects(
      () => create(name, undefined, options),
      RangeError,
      "expected num_prefix_tokens to count the class token among",
    );
  }
});

Deno.test("onnx names what is wrong with its options", () => {
  for (
    const bad of [{}, { file: "" }, { file: "a", crop_pct: 0 }, { file: "a", image_size: [1] }]
  ) {
    assertEquals(v.safeParse(onnx.config, bad).success, false);
  }
});

Deno.test("onnx gives a file that fails on two images one at a time, and says so", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.onnx");
  const x = input("x", "float32", ["batch", 1, 2, 2]);
  Deno.writeFileSync(file, encode(emit({ y: reshape(exp(x), [1, 4]) })));
  const { reader, pretrained } = await create("", [1, 2, 2], { file });
  assertEquals([reader!.batch, reader!.inputShape], [1, [4]]);
  const { notices } = await pretrained!({});
  assertEquals(notices, [`"${file}" gets one image at a time: it fails on two`]);

  const { module, options } = reader!.wrap(imageSource({ shape: [1, 2, 2] }));
  const { openSource } = await import(module) as { readonly openSource: OpenSource };
  const source = await openSource(structuredClone(options));
  const all = await source.read(new Int32Array([0, 1, 2]));
  const second = await source.read(new Int32Array([1]));
  source.close();
  assertEquals(all.features.length, 12);
  assertEquals(all.features.slice(4, 8), second.features);
});

Deno.test("onnx refuses a file whose batch would not fit into memory", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.onnx");
  const x = input("x", "float32", [2 ** 20, 3, 32, 32]);
  Deno.writeFileSync(file, encode(emit({ y: reduceMean(x, { axes: [2, 3] }) })));
  const state = 'its input "x" has the shape [1048576, 3, 32, 32], which is too large';
  await assertRejects(() => create("", [3, 32, 32], { file }), DataError, state);
});

Deno.test("onnx has faster products where a layer is wide enough", async () => {
  const narrow = await create("grey");
  assertEquals(await narrow.reader?.withMatmulPrecision?.("medium"), undefined);

  using folder = new TemporaryFolder();
  const path = folder.file("wide.onnx");
  const images = input("images", "float32", ["batch", 3, 16, 8]);
  const weight = { shape: [384, 384], values: new Float32Array(384 * 384).fill(1 / 384) };
  const y = linear(reshape(images, ["batch", 384]), input("w", "float32", [384, 384]));
  await Deno.writeFile(path, encode(bakeInputs(emit({ y }), new Map([["w", weight]]))));
  const wide = await onnx.create(v.parse(onnx.config, { file: path }), {
    scope: new Parameters().scope(),
    sampleShape: [3, 16, 8],
    source: "images",
  });
  const faster = await wide.reader?.withMatmulPrecision?.("medium");
  assertEquals(faster?.inputShape, [384]);
  const [exact, rounded] = await Promise.all([wide.reader!, faster!].map(async (reader) => {
    const { module, options } = reader.wrap(imageSource({ shape: [3, 16, 8] }));
    const { openSource }: { openSource: OpenSource } = await import(module);
    const source = await openSource(options);
    const { features } = await source.read(Int32Array.of(0));
    source.close();
    return features;
  }));
  const difference = largestDifference(rounded, [...exact]);
  assert(difference > 0 && difference < 1e-2, `${difference}`);
});
