/** The commands as users of GloViTa type them, on small files in CIFAR's layout. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { openFeatureFile } from "../../engine/features/feature_file.ts";
import { CIFAR_FOLDER } from "../plugins/dataset/_cifar.ts";
import { type Command, runCommand } from "./_process.ts";

/** The small files are not the published ones. */
const UNCHECKED = ["--data.dataset_kwargs.no_check_md5"];

/** A folder with the data where the commands expect it. */
function workplace(): string {
  const folder = Deno.makeTempDirSync();
  Deno.symlinkSync(CIFAR_FOLDER, join(folder, "data"));
  return folder;
}

async function run(command: Command, folder: string, line: string, more: readonly string[] = []) {
  const { code, out, err } = await runCommand(command, [...line.split(/\s+/), ...more], folder);
  assertEquals(code, 0, [...out, ...err].join("\n"));
}

/** Layout, width, type and labels of the files, by name. */
async function contents(folder: string) {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return await Promise.all(names.map(async (name) => {
    const { layout, embedDim, dtype, labels } = await openFeatureFile(join(folder, name));
    return [name, layout, embedDim, dtype, labels.values.length];
  }));
}

Deno.test("glovita_extract_features takes the documented command of an explicit config", async () => {
  const folder = workplace();
  const line = "--method joint --output_dir ./precomputed_features --data.dataset cifar10 " +
    "--data.data_root_dir ./data --model.encoder.encoder_type timm " +
    "--model.encoder.type vit_base_patch16_224 --model.head.head_type classification " +
    "--dataloading.batch_size 128";
  await run("extract_features", folder, line, ["--model.encoder.no_pretrained", ...UNCHECKED]);
  // Without trained weights, CIFAR's images keep their size.
  const name = (split: string) =>
    `agg_joint_vit_base_patch16_224_cifar10_${split}_size32_float16.h5`;
  assertEquals(await contents(join(folder, "precomputed_features")), [
    [name("test"), "instance", 1536, "float16", 2],
    [name("train"), "instance", 1536, "float16", 5],
    [name("val"), "instance", 1536, "float16", 2],
  ]);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("glovita_extract_features takes the documented command of a checkpoint", async () => {
  const folder = workplace();
  const training = "--data.dataset cifar10 --data.data_root_dir ./data " +
    "--model.encoder.encoder_type timm --model.encoder.type test_vit " +
    "--model.encoder.no_pretrained --model.head.head_type classification " +
    "--peft.method full_finetuning --training.epochs 2 --dataloading.batch_size 128 " +
    "--data.augmentation.train_policy default --logger.group my_run";
  await run("train", folder, training, UNCHECKED);
  const line = "--checkpoint_path ./experiments/cifar10/my_run/0/checkpoints/last.pt " +
    "--output_dir ./precomputed_features " +
    "--output_filename {checkpoint}_{dataset}_{split}_{method}.h5";
  await run("extract_features", folder, line);
  assertEquals(await contents(join(folder, "precomputed_features")), [
    ["last_cifar10_test_joint.h5", "instance", 128, "float16", 2],
    ["last_cifar10_train_joint.h5", "instance", 128, "float16", 5],
    ["last_cifar10_val_joint.h5", "instance", 128, "float16", 2],
  ]);
  Deno.removeSync(folder, { recursive: true });
});
