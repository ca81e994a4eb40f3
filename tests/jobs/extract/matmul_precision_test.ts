import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import type { SourceModule } from "../../../engine/data/data.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { featureSplit, openFeatureFile } from "../../../engine/features/feature_file.ts";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { extractFeatures } from "../../../jobs/extract/extract.ts";
import { chooseMatmulPrecision } from "../../../jobs/extract/matmul_precision.ts";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { registry as builtIn } from "../../../registry/registry.ts";
import { extractionRegistry } from "../../_extraction.ts";

function layer(width: number): OnnxGraph {
  const shape = [width, width];
  const y = linear(input("x", "float32", ["rows", width]), input("w", "float32", shape));
  return bakeInputs(emit({ y }), new Map([["w", { shape, values: new Float32Array(width ** 2) }]]));
}

const yes = { pays: () => Promise.resolve(true), arch: "x86_64" };
const no = { pays: () => Promise.resolve(false), arch: "x86_64" };

Deno.test("chooseMatmulPrecision() leaves the highest precision alone", async () => {
  const graph = layer(384);
  const made = await chooseMatmulPrecision(graph, "highest", yes);
  assertStrictEquals(made.graph, graph);
  assertEquals([made.precision, made.fastMath, made.notices], ["highest", false, []]);
});

Deno.test("chooseMatmulPrecision() computes with less where that is faster", async () => {
  const graph = layer(384);
  for (const [wanted, products] of [["high", 2], ["medium", 1]] as const) {
    const made = await chooseMatmulPrecision(graph, wanted, yes);
    const { nodes } = made.graph;
    assertEquals(nodes.filter(({ op }) => op === "MatMulIntegerToFloat").length, products);
    assertEquals([made.precision, made.fastMath, made.notices], [wanted, false, []]);
  }
});

Deno.test("chooseMatmulPrecision() says why it has no effect", async () => {
  const cases = [
    [layer(384), no, "this processor gains nothing from it"],
    [layer(384), { ...yes, device: "webgpu" }, "device webgpu has kernels of its own"],
    [layer(64), yes, "no linear layer has at least 384 inputs and outputs"],
  ] as const;
  for (const wanted of ["high", "medium"] as const) {
    for (const [graph, machine, reason] of cases) {
      const made = await chooseMatmulPrecision(graph, wanted, machine);
      assertStrictEquals(made.graph, graph);
      assertEquals(made.precision, "highest");
      assertEquals(made.notices, [`float32_matmul_precision ${wanted} has no effect: ${reason}`]);
    }
  }
});

Deno.test("chooseMatmulPrecision() leaves medium to the runtime on ARM64", async () => {
  const graph = layer(384);
  const pays = () => Promise.reject(new Error("nothing is measured"));
  const made = await chooseMatmulPrecision(graph, "medium", { pays, arch: "aarch64" });
  assertStrictEquals(made.graph, graph);
  assertEquals([made.precision, made.fastMath], ["medium", true]);
});

/** Extracts with a vision transformer of 384 channels. */
async function extractWide(precision: "highest" | "high" | "medium") {
  const registry = extractionRegistry();
  registry.add(builtIn.get("encoder_type", "timm"));
  const model_kwargs = { img_size: 2, patch_size: 1, embed_dim: 384, depth: 2, num_heads: 6 };
  const encoder = {
    encoder_type: "timm",
    type: "vit_small_patch16_224",
    pretrained: false,
    model_kwargs,
  };
  const file = {
    data: { dataset: "made_up" },
    model: { encoder },
    split: "val",
    precision: 32,
    float32_matmul_precision: precision,
    output_dir: Deno.makeTempDirSync(),
  };
  const notices: string[] = [];
  const [made] = await extractFeatures(resolveExtractConfig({ file }, registry).config, {
    registry,
    onEvent: (event) => event.type === "notice" && notices.push(event.message),
  });
  using open = await Hdf5File.open(made.file);
  const used = open.attributes().get("float32_matmul_precision");
  const split = featureSplit(await openFeatureFile(made.file));
  const reader = await openSplitSource(split);
  const { features } = await reader.read(Int32Array.from({ length: split.length }, (_, i) => i));
  reader.close();
  return { features, used, notices: notices.filter((n) => n.startsWith("float32")) };
}

Deno.test("an extraction computes with the wanted precision, and its file says so", async () => {
  const whole = await extractWide("highest");
  assertEquals([whole.used, whole.notices], ["highest", []]);
  const norm = Math.hypot(...whole.features);
  for (const [wanted, largest] of [["high", 1e-3], ["medium", 1e-1]] as const) {
    const made = await extractWide(wanted);
    assertEquals(made.used, made.notices.length > 0 ? "highest" : wanted);
    const error = Math.hypot(...whole.features.map((value, i) => value - made.features[i])) / norm;
    assert(made.used === wanted ? error > largest / 1e3 && error < largest : error === 0);
  }
});

Deno.test("chooseMatmulPrecision() makes the products before the graph faster", async () => {
  const graph = layer(64);
  const faster = { inputShape: [1], wrap: (source: SourceModule) => source };
  const asked: string[] = [];
  const reader = {
    ...faster,
    withMatmulPrecision(precision: string) {
      asked.push(precision);
      return Promise.resolve(faster);
    },
  };
  const made = await chooseMatmulPrecision(graph, "medium", { ...yes, reader });
  assertStrictEquals(made.reader, faster);
  assertStrictEquals(made.graph, graph);
  assertEquals([made.precision, made.notices, asked], ["medium", [], ["medium"]]);
  const whole = await chooseMatmulPrecision(graph, "highest", { ...yes, reader });
  assertStrictEquals(whole.reader, reader);
  const arm = await chooseMatmulPrecision(graph, "medium", { ...yes, arch: "aarch64", reader });
  assertEquals([arm.precision, arm.reader], ["medium", reader]);
  const none = await chooseMatmulPrecision({ ...graph, nodes: [] }, "medium", {
    ...yes,
    arch: "aarch64",
  });
  assertEquals(none.notices, [
    "float32_matmul_precision medium has no effect: on ARM64, it is for encoders that are not in " +
    "an ONNX file",
  ]);
});
