/**
 * The commands that train on images as users of GloViTa type them, with small models on few images,
 * and a config that GloViTa saves.
 */
import "../../plugins/mod.ts";
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { trainCommand } from "../../cli/train.ts";
import { writeClassImages } from "../_class_images.ts";
import { inFolder, namesIn, readRunJson } from "../_training.ts";
import { CIFAR_FOLDER } from "../plugins/dataset/_cifar.ts";
import { layoutOf, writeLayout } from "../plugins/dataset/_layouts.ts";
import { listener } from "./_fakes.ts";

/** What makes a command cheap; the files in CIFAR's layout are not the published ones. */
const CHEAP = [
  "--data.augmentation.image_size 32",
  "--dataloading.num_workers 0",
  "--training.seed 1",
].join(" ");
const VIT = '--model.encoder.model_kwargs {"img_size":32}';
const UNCHECKED = "--data.dataset_kwargs.no_check_md5";

/** Runs a command and gives the directory of its run, and its notes. */
async function trained(folder: string, line: string) {
  const io = listener();
  const words = line.replaceAll("./data", folder).split(" ").filter((word) => word !== "");
  const code = await trainCommand([...words, "--exp_dir", join(folder, "runs")], { io });
  assertEquals(code, 0, [line, ...io.errLines].join("\n"));
  const [, directory] = io.outLines.flatMap((text) => /^run (.*?)(?:, fold .*)?$/.exec(text) ?? []);
  assert(directory !== undefined);
  const { val } = readRunJson<{ val: unknown[] }>(directory, "metrics.json");
  return { directory, epochs: val.length, notes: io.errLines };
}

Deno.test("glovita_train takes GloViTa's commands for CIFAR", async () => {
  await inFolder(async (folder) => {
    for (const name of await namesIn(CIFAR_FOLDER)) {
      Deno.symlinkSync(join(CIFAR_FOLDER, name), join(folder, name));
    }
    const lines: [line: string, epochs: number, ignored?: string][] = [
      [
        "--data.dataset cifar10 --data.data_root_dir ./data --model.encoder.encoder_type timm " +
        "--model.encoder.type test_resnet --model.encoder.no_pretrained " +
        "--model.head.head_type classification --peft.method full_finetuning --training.epochs 2 " +
        "--dataloading.batch_size 128",
        2,
      ],
      [
        "--training.epochs 1 --dataloading.batch_size 8 data:cifar10-config " +
        "--data.data_root_dir ./data model.encoder:timm-encoder-config " +
        "--model.encoder.type test_resnet --model.encoder.no_pretrained " +
        "model.head:classification-head-config logger:no-logger-config",
        1,
      ],
      [
        "--training.epochs 1 --dataloading.no_pin_memory --dataloading.no_persistent_workers " +
        "--optimizer.scheduler None data:cifar100_config --data.data-root-dir ./data " +
        `model.encoder:timm_encoder_config --model.encoder.type test_vit ${VIT} ` +
        "--model.encoder.no_pretrained model.head:classification_head_config --model.head.init_std " +
        "0.02 peft:lora_config --peft.lora_rank 4 logger:no_logger_config",
        1,
        "dataloading.no_pin_memory, dataloading.no_persistent_workers (not used by this command)",
      ],
      [
        "--training.epochs 2 --training.train_steps_per_epoch 1 --training.val_steps_per_epoch 1 " +
        "--training.best_checkpoint_metric F1 --task.metrics f1 acc top5acc " +
        "--add-log.reader R. --data.dataset cifar10 --data.data_root_dir ./data " +
        "--data.augmentation.train_policy autoaugment --dataloading.batch_size 2 " +
        "--dataloading.eval_batch_size 1 --model.encoder.type test_resnet " +
        "--model.encoder.no_pretrained --peft.method linear_probing",
        2,
        "add_log (not used by this run)", // there is no logger
      ],
    ];
    for (const [line, epochs, unused] of lines) {
      const run = await trained(folder, `${line} ${CHEAP} ${UNCHECKED}`);
      assertEquals(run.epochs, epochs, line);
      const ignored = run.notes.filter((note) => note.includes("ignored"));
      assertEquals(ignored, unused === undefined ? [] : [`note: ignored: ${unused}`], line);
      const final = (await namesIn(run.directory)).includes("final_val_metrics.json");
      assertEquals(final, line.includes("val_steps_per_epoch"));
    }
  });
});

Deno.test("glovita_train takes GloViTa's commands for images in folders", async () => {
  await inFolder(async (folder) => {
    await writeClassImages(folder, { counts: { train: 4, val: 2, test: 2 }, side: 32, seed: 1 });
    const line = "--data.dataset generic_image_dataset --data.data_root_dir ./data " +
      "--data.num_classes 2 --data.split_source subdirs --data.label_source folder " +
      "--model.encoder.encoder_type timm --model.encoder.type test_resnet " +
      "--model.head.head_type classification --peft.method full_finetuning";
    const more = `--model.encoder.no_pretrained --training.epochs 1 ${CHEAP}`;
    const { directory } = await trained(folder, `${line} ${more}`);
    assertEquals(
      readRunJson<{ class_names: string[] }>(directory, "runtime_info.json").class_names,
      ["bright", "dark"],
    );
  });
});

Deno.test("glovita_train goes through the folds that a split file lists", async () => {
  await inFolder(async (folder) => {
    const { listed, ...pcam } = layoutOf("pcam");
    await writeLayout(folder, { ...pcam, listed });
    const names = listed!;
    const folds = [0, 1].map((fold) => ({
      train: names.slice(0, 6).filter((_, index) => index % 2 === fold),
      val: names.slice(0, 6).filter((_, index) => index % 2 !== fold),
      test: names.slice(6),
    }));
    Deno.writeTextFileSync(join(folder, "splits.json"), JSON.stringify(folds));
    const line =
      "data:generic-image-dataset-config --data.data_root_dir ./data --data.num_classes " +
      `2 --model.encoder.type test_vit --model.encoder.no_pretrained ${VIT} --training.epochs 1 ` +
      "--training.cv_folds 2 --logger.group folds";
    await trained(folder, `${line} ${CHEAP}`);
    const group = join(folder, "runs/generic_image_dataset/folds");
    for (const [fold, { train, val }] of folds.entries()) {
      const splits = readRunJson(join(group, String(fold)), "splits.json");
      assertEquals([splits.train, splits.val], [train, val]);
    }
  });
});

/** What GloViTa writes of a run on CIFAR: every field, nearly all at their defaults. */
function savedByGlovita(root: string): Record<string, unknown> {
  return {
    data: {
      dataset: "cifar10",
      data_root_dir: root,
      num_classes: 10,
      task: "Classification",
      subtask: "multiclass",
      data_fraction: null,
      stratified: true,
      fold: null,
      dataset_kwargs: { check_md5: false },
      augmentation: {
        train_policy: "randaugment",
        test_policy: "default",
        image_size: 32,
        resize_size: null,
        crop_size: null,
        cutout_size: null,
        patch_size: null,
        mean: null,
        std: null,
        train_kwargs: {},
        test_kwargs: {},
      },
    },
    model: {
      feature_aggregation_method: "cls_token",
      encoder: {
        encoder_type: "timm",
        type: "test_vit",
        pretrained: false,
        input_channels: 3,
        model_kwargs: { img_size: 32 },
      },
      head: { head_type: "classification", dropout: 0, init_std: null },
    },
    peft: { method: "full_finetuning" },
    task: {
      metrics: ["acc", "f1"],
      metric_computation_mode: "epochwise",
      result_plot: null,
      label_smoothing: 0,
      mixup: false,
      mixup_alpha: 0.2,
    },
    training: {
      epochs: 1,
      precision: "no",
      compile: false,
      gradient_accumulation_steps: 1,
      gradient_clip_val: null,
      seed: null,
      enable_checkpointing: true,
      best_checkpoint_metric: null,
      cluster_progress_bar: false,
      cv_folds: 1,
      num_sanity_val_steps: 0,
      train_steps_per_epoch: null,
      val_steps_per_epoch: null,
      ddp_find_unused_parameters: false,
    },
    dataloading: {
      batch_size: 32,
      eval_batch_size: null,
      num_workers: 1,
      pin_memory: true,
      persistent_workers: true,
      prefetch_factor: 2,
      timeout: 0,
      drop_last_train: false,
      drop_last_eval: false,
      shuffle_train: true,
      shuffle_eval: false,
      use_worker_init_fn: true,
    },
    optimizer: {
      name: "AdamW",
      lr: 2e-5,
      weight_decay: 0.05,
      nesterov: false,
      muon_momentum: 0.95,
      muon_ns_coefficients: [3.4445, -4.775, 2.0315],
      muon_eps: 1e-7,
      muon_ns_steps: 5,
      muon_adjust_lr_fn: null,
      layer_wise_lr_decay: null,
      undecay_norm: false,
      scheduler: "CosineAnneal",
      warmup_epochs: 10,
    },
    logger: { backend: "none" },
    add_log: {},
    exp_dir: "./experiments",
  };
}

Deno.test("glovita_train takes a config that GloViTa has saved, and has nothing to say of it", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "config.json");
    const config = savedByGlovita(CIFAR_FOLDER);
    Deno.writeTextFileSync(file, JSON.stringify(config));
    const { notes } = await trained(folder, `--config ${file}`);
    assertEquals(notes, []);
    const training = {
      ...config.training as Record<string, unknown>,
      precision: "bf16",
      compile: true,
      ddp_find_unused_parameters: true,
    };
    const optimizer = { ...config.optimizer as object, scheduler: null, warmup_epochs: 3 };
    Deno.writeTextFileSync(file, JSON.stringify({ ...config, training, optimizer }));
    assertEquals((await trained(folder, `--config ${file}`)).notes, [
      "note: ignored: training.compile, training.ddp_find_unused_parameters, " +
      "optimizer.warmup_epochs (not used by this command)",
      "note: ignored: training.precision (not used by this run)",
    ]);
  });
});
