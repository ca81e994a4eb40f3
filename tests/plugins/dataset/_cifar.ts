/** Small files in CIFAR's layout, and what they hold. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { openSource } from "../../../engine/images/raw_image_source.ts";
import type { Split } from "../../../engine/data/data.ts";
import type { CifarConfig } from "../../../plugins/dataset/cifar10.ts";
import type { Dataset, Plugin } from "../../../registry/plugin.ts";

/** Folder of the small files. */
export const CIFAR_FOLDER: string = fileURLToPath(
  new URL("../../testdata/cifar/", import.meta.url),
);

/** What one of the files holds, as Python reads it. */
interface ExpectedFile {
  readonly labels: readonly number[];
  /** First four values of each image. */
  readonly first: readonly (readonly number[])[];
  /** Last four values of each image. */
  readonly last: readonly (readonly number[])[];
  /** Sum of each image's values. */
  readonly sums: readonly number[];
}

/** What the files hold. */
export const EXPECTED: Readonly<Record<string, ExpectedFile>> = JSON.parse(
  Deno.readTextFileSync(join(CIFAR_FOLDER, "expected.json")),
);

const OWN = { channels: 3, size: [32, 32], operations: [] } as const;

/** A dataset with options as a config file gives them. */
export function dataset(
  plugin: Plugin<"dataset", CifarConfig>,
  data_root_dir: string,
  options: Readonly<Record<string, unknown>> = {},
): Dataset {
  const images = { train: OWN, eval: OWN };
  const context = { dataRootDir: data_root_dir, images };
  return plugin.create(v.parse(plugin.config, options), context) as Dataset;
}

/** Options for files that are not the published ones. */
export const UNCHECKED = { dataset_kwargs: { check_md5: false } } as const;

/** Checks that a split holds what Python reads from files. */
export async function assertHolds(split: Split | undefined, ...files: string[]): Promise<void> {
  const expected = files.map((file) => EXPECTED[file]);
  const labels = expected.flatMap(({ labels }) => labels);
  assertEquals([...split?.labels.values ?? []], labels);
  assertEquals(split?.length, labels.length);
  const source = await openSource(structuredClone(split?.source.options));
  const { features } = await source.read(Int32Array.from(labels, (_, i) => i));
  source.close();
  const pixels = Array.from(features, (value) => Math.round(value * 255));
  const images = labels.map((_, i) => pixels.slice(i * 3072, (i + 1) * 3072));
  assertEquals(images.map((image) => image.slice(0, 4)), expected.flatMap((e) => e.first));
  assertEquals(images.map((image) => image.slice(-4)), expected.flatMap((e) => e.last));
  const sums = images.map((image) => image.reduce((sum, value) => sum + value, 0));
  assertEquals(sums, expected.flatMap((e) => e.sums));
}
