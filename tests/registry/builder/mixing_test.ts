import { assertEquals, assertThrows } from "@std/assert";
import { type MixedSamples, mixingOf } from "../../../registry/builder/mixing.ts";
import type { TaskFields } from "../../../registry/config/tree.ts";
import { ConfigError } from "../../../registry/errors.ts";

const TASK: TaskFields = {
  metric_computation_mode: "epochwise",
  result_plot: null,
  label_smoothing: 0,
  mixup: false,
  mixup_alpha: 0.2,
  cutmix: false,
  cutmix_alpha: 1,
};

const IMAGES: MixedSamples = {
  split: { name: "images", sampleShape: [3, 8, 8] },
  dataset: { task: "Classification", subtask: "multiclass", numClasses: 2 },
  encoder: { output: "features", embedDim: 2, forward: (x) => x },
};

Deno.test("mixingOf() reads what is asked for", () => {
  assertEquals(mixingOf(TASK, IMAGES), undefined);
  assertEquals(mixingOf({ ...TASK, mixup: true }, IMAGES), { mixup: 0.2 });
  assertEquals(mixingOf({ ...TASK, mixup: true, cutmix: true }, IMAGES), { mixup: 0.2, cutmix: 1 });
});

Deno.test("mixingOf() says why samples cannot be mixed", () => {
  const { split, encoder } = IMAGES;
  const bags = { ...split, name: "bags.h5", bagLengths: Int32Array.of(3) };
  const reader = { inputShape: [2], wrap: (source: never) => source };
  const cases: readonly (readonly [Partial<MixedSamples>, string])[] = [
    [{ split: bags }, 'the samples of "bags.h5" are bags, whose instances have no partners'],
    [
      { dataset: { task: "Regression", subtask: "regression", numClasses: 1 } },
      "only classes are mixed, the targets are numbers",
    ],
    [
      { encoder: { ...encoder, reader } },
      "the encoder computes where samples are read, before they are mixed",
    ],
  ];
  for (const [changed, why] of cases) {
    const mix = () => mixingOf({ ...TASK, mixup: true, cutmix: true }, { ...IMAGES, ...changed });
    const error = assertThrows(mix, ConfigError);
    assertEquals(error.message.split("\n"), [
      `task.mixup: expected false, received true: ${why}`,
      `task.cutmix: expected false, received true: ${why}`,
    ]);
  }
  const rows = { ...IMAGES, split: { name: "train.h5", sampleShape: [6] } };
  assertEquals(mixingOf({ ...TASK, mixup: true }, rows), { mixup: 0.2 });
  assertThrows(
    () => mixingOf({ ...TASK, cutmix: true }, rows),
    ConfigError,
    'the samples of "train.h5" are not images, so there is no box to cut',
  );
});
