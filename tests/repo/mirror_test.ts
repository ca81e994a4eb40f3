import { assertEquals } from "@std/assert";
import { code, listFiles, listSources, read } from "./_sources.ts";

/** Tests that also are those of other modules: parts that are only seen through a whole. */
const COVERS: Readonly<Record<string, readonly string[]>> = {
  "tests/cli/preview_test.ts": ["jobs/preview/config.ts"],
  "tests/browser/page_test.ts": [
    "browser/attention_map.ts",
    "browser/calls.ts",
    "browser/chart.ts",
    "browser/dom.ts",
    "browser/feature_file.ts",
    "browser/hdf5.ts",
    "browser/join.ts",
    "browser/labelled_samples.ts",
    "browser/predict_bags.ts",
    "browser/predict_features.ts",
    "browser/predict_images.ts",
    "browser/result_table.ts",
    "browser/safetensors.ts",
    "browser/screen.ts",
    "browser/train_view.ts",
    "browser/training.ts",
    "browser/worker.ts",
  ],
  "tests/cli/study_test.ts": ["cli/study_table.ts", "cli/study_thread.ts"],
  "tests/cli/train_test.ts": ["cli/command.ts", "cli/sources.ts"],
  "tests/engine/autodiff/gradients_test.ts": [
    "engine/autodiff/batch_normalization.ts",
    "engine/autodiff/layer_normalization.ts",
    "engine/autodiff/layout_gradients.ts",
    "engine/autodiff/rule.ts",
    "engine/autodiff/sum_leading.ts",
  ],
  "tests/engine/autodiff/backward_test.ts": ["engine/ir/reachable.ts"],
  "tests/engine/ir/elementwise_test.ts": ["engine/ir/activations.ts"],
  "tests/engine/ir/shape_test.ts": ["engine/ir/create.ts"],
  "tests/engine/features/feature_writer_test.ts": ["engine/features/float16_template.ts"],
  "tests/engine/images/decode_test.ts": ["engine/images/image_error.ts"],
  "tests/engine/slides/tile_places_test.ts": ["engine/slides/tile_attributes.ts"],
  "tests/engine/storage/hdf5/hdf5_test.ts": ["engine/storage/hdf5/dataset_rows.ts"],
  "tests/engine/storage/hdf5/number_type_test.ts": ["engine/storage/hdf5/datatype.ts"],
  "tests/engine/storage/hdf5/paths_test.ts": [
    "engine/storage/hdf5/btree2.ts",
    "engine/storage/hdf5/fractal_heap.ts",
    "engine/storage/hdf5/groups.ts",
  ],
  "tests/engine/storage/hdf5/raw_test.ts": [
    "engine/storage/hdf5/chunk_table.ts",
    "engine/storage/hdf5/chunk_tree.ts",
    "engine/storage/hdf5/chunked_rows.ts",
    "engine/storage/hdf5/chunks.ts",
    "engine/storage/hdf5/extensible_array.ts",
  ],
  "tests/engine/storage/hdf5/attributes_test.ts": ["engine/storage/hdf5/texts.ts"],
  "tests/engine/storage/hdf5/sources_test.ts": [
    "engine/storage/hdf5/external.ts",
    "engine/storage/hdf5/virtual.ts",
  ],
  "tests/engine/storage/torch/host_test.ts": ["engine/storage/torch/tensor_view.ts"],
  "tests/engine/storage/torch/pickle_writer_test.ts": [
    "engine/storage/torch/pickle_opcodes.ts",
    "engine/storage/torch/pickle_values.ts",
  ],
  "tests/engine/storage/torch/torch_file_test.ts": ["engine/storage/torch/writer.ts"],
  "tests/plugins/dataset/layouts_test.ts": [
    "plugins/dataset/aid.ts",
    "plugins/dataset/chestxray14.ts",
    "plugins/dataset/diabetic_retina.ts",
    "plugins/dataset/fgvc_aircraft.ts",
    "plugins/dataset/flowers102.ts",
    "plugins/dataset/imagenet.ts",
    "plugins/dataset/neudet.ts",
    "plugins/dataset/pcam.ts",
    "plugins/dataset/resisc45.ts",
    "plugins/dataset/rxrx1.ts",
    "plugins/dataset/zooscannet.ts",
  ],
  "tests/plugins/optimizer/optimizer_test.ts": [
    "plugins/optimizer/Adam.ts",
    "plugins/optimizer/AdamW.ts",
    "plugins/optimizer/Madgrad.ts",
    "plugins/optimizer/Muon.ts",
    "plugins/optimizer/RMSprop.ts",
    "plugins/optimizer/SGD.ts",
  ],
  "tests/jobs/export/browser_page_test.ts": [
    "jobs/export/page/files.ts",
    "jobs/export/page/html.ts",
  ],
  "tests/jobs/export/export_test.ts": ["jobs/export/export_graph.ts"],
  "tests/jobs/predict/infer_attention_test.ts": [
    "jobs/attention/bag_places.ts",
    "jobs/attention/write_attention.ts",
  ],
  "tests/jobs/predict/trained_model_test.ts": ["jobs/predict/load_model.ts"],
  "tests/jobs/inspect/inspect_test.ts": [
    "jobs/inspect/feature_file.ts",
    "jobs/inspect/file.ts",
    "jobs/inspect/hdf5_facts.ts",
    "jobs/inspect/options.ts",
    "jobs/inspect/slide.ts",
  ],
  "tests/jobs/inspect/slides_test.ts": ["jobs/inspect/divisions.ts"],
  "tests/jobs/inspect/survey_test.ts": ["jobs/inspect/folder.ts"],
  "tests/jobs/inspect/weights_test.ts": ["jobs/inspect/runs.ts"],
  "tests/engine/train/frozen_encoder_test.ts": ["engine/train/cached_source.ts"],
  "tests/jobs/train/frozen_encoder_test.ts": ["registry/builder/frozen_encoder.ts"],
  "tests/jobs/train/train_test.ts": ["registry/builder/fold.ts"],
  "tests/engine/runtime/session_test.ts": ["engine/runtime/session_options.ts"],
  "tests/webgpu/steps_test.ts": ["engine/train/device_step.ts"],
  "tests/registry/config/flags_test.ts": ["registry/config/flag.ts", "registry/config/words.ts"],
  "tests/registry/config/resolve_test.ts": [
    "registry/config/sections.ts",
    "registry/config/validate.ts",
  ],
};

const testOf = (path: string) => `tests/${path.replace(/\.ts$/, "_test.ts")}`;

/** Whether a module does anything: it is neither private, nor a list of exports, nor types only. */
function hasBehaviour(path: string): boolean {
  if (/(^|\/)(_[^/]*|mod)\.ts$/.test(path)) return false;
  return /^(export )?(default )?(async )?(function|class|const|let)\b/m.test(code(read(path)));
}

const sources = listSources();
const tests = new Set(listFiles("tests", "_test.ts"));
const covered = Object.values(COVERS).flat();

Deno.test("every module has its test, in the place that mirrors its own", () => {
  const missing = sources.filter(hasBehaviour)
    .filter((path) => !tests.has(testOf(path)) && !covered.includes(path));
  assertEquals(missing, []);
});

Deno.test("the list of modules that a test covers besides its own is up to date", () => {
  assertEquals(Object.keys(COVERS).filter((test) => !tests.has(test)), []);
  const outdated = covered.filter((path) => !sources.includes(path) || tests.has(testOf(path)));
  assertEquals(outdated, []);
});
