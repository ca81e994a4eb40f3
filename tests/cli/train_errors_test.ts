/** What a user's mistakes and bad data look like: one line each, and the right exit code. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { trainCommand } from "../../cli/train.ts";
import {
  type Files,
  type Flags,
  inFolder,
  namesIn,
  runFlags,
  words,
  writeSplits,
} from "../_training.ts";
import { listener } from "./_fakes.ts";

const H5 = fileURLToPath(new URL("../testdata/h5", import.meta.url));

/** Runs the command on the real plugins. */
async function command(args: readonly string[]): Promise<{ code: number; err: string[] }> {
  const io = listener();
  const code = await trainCommand(args, { io, listen: () => () => {} });
  return { code, err: io.errLines };
}

/** Flags that read all splits from one file of the test data. */
function allFiles(name: string): Flags {
  const splits = ["train", "val", "test"].map((split) => `data.${split}_features_file`);
  const files = splits.map((flag) => [flag, `${H5}/${name}`]);
  return { ...Object.fromEntries(files), "data.num_classes": "9" };
}

interface Case {
  readonly name: string;
  readonly flags: Flags;
  /** Flags to leave out. */
  readonly without?: readonly string[];
  readonly code: number;
  /** The lines on stderr; FOLDER stands for the folder of the test's files. */
  readonly lines: readonly string[];
  /** Whether the run has begun by then; otherwise it leaves no file. */
  readonly begins?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: "a wrong flag",
    flags: { "training.epoch": "3" },
    code: 2,
    lines: [
      "training.epoch: expected a field of training, received an unknown name, " +
      'did you mean "epochs"?',
    ],
  },
  {
    name: "missing required fields",
    flags: {},
    without: ["data.num_classes", "data.train_features_file", "model.encoder.feature_dim"],
    code: 2,
    lines: [
      "data.num_classes: expected a whole number from 1 to 10000000, received nothing",
      "data.train_features_file: expected a path, received nothing",
      "model.encoder.feature_dim: expected a whole number of at least 1, received nothing",
    ],
  },
  {
    name: "values of another type or out of range",
    flags: { "training.epochs": "many", "optimizer.lr": "-1", "model.head.dropout": "2" },
    code: 2,
    lines: [
      "model.head.dropout: expected a number from 0 to 1, received 2",
      'training.epochs: expected a whole number of at least 1, received "many"',
      "optimizer.lr: expected a number above 0, received -1",
    ],
  },
  {
    name: "more classes and more samples at once than there is memory for",
    flags: { "data.num_classes": "1000000000000000", "dataloading.eval_batch_size": "1e300" },
    code: 2,
    lines: [
      "data.num_classes: expected a whole number from 1 to 10000000, received 1000000000000000",
      "dataloading.eval_batch_size: expected a whole number from 1 to 9007199254740991, " +
      "received 1e+300",
    ],
  },
  {
    name: "a value for the best checkpoint that is not logged",
    flags: { "training.best_checkpoint_metric": "val_auc" },
    code: 2,
    lines: [
      'training.best_checkpoint_metric: expected one of "val_Accuracy", "val_F1", "val_loss", ' +
      'received "val_auc"',
    ],
  },
  {
    name: "a head for other targets",
    flags: { "model.head.head_type": "regression" },
    code: 2,
    lines: [
      'model.head.head_type: "regression": expected a head for Classification, ' +
      "this one predicts real values",
    ],
  },
  {
    name: "bags with a head over single embeddings",
    flags: allFiles("bags_ptr.h5"),
    code: 2,
    lines: [
      `model.head.head_type: "classification" takes one embedding per sample, ` +
      `"${H5}/bags_ptr.h5" holds bags of instances`,
    ],
  },
  {
    name: "single embeddings with a head over bags",
    flags: { "model.head.head_type": "clam" },
    code: 2,
    lines: [
      'model.head.head_type: "clam" takes bags of instances, ' +
      '"FOLDER/train.h5" holds single instances',
    ],
  },
  {
    name: "bags of another width with a head over bags",
    flags: {
      ...allFiles("bags_ptr.h5"),
      "model.head.head_type": "clam",
      "model.encoder.feature_dim": "7",
    },
    code: 1,
    lines: [
      `Cannot use "${H5}/bags_ptr.h5": its features are 6 wide, model.encoder.feature_dim is 7`,
    ],
  },
  {
    name: "an empty bag",
    flags: { ...allFiles("empty_bag.h5"), "model.head.head_type": "clam" },
    code: 1,
    lines: [`Cannot read "${H5}/empty_bag.h5": dataset "bag_ptr" makes bag 1 empty`],
  },
  {
    name: "a run to resume that is none",
    flags: { "training.resume": "FOLDER" },
    code: 2,
    lines: [
      'training.resume: expected a run directory with resolved_config.json, received "FOLDER"',
    ],
  },
  {
    name: "a wrong feature_dim",
    flags: { "model.encoder.feature_dim": "7" },
    code: 1,
    lines: [
      'Cannot use "FOLDER/train.h5": its features are 6 wide, model.encoder.feature_dim is 7',
    ],
  },
  {
    name: "too few classes",
    flags: { "data.num_classes": "2" },
    code: 1,
    lines: [
      'Cannot use "FOLDER/train.h5": dataset "labels" holds class 2 at 2, data.num_classes is 2',
    ],
  },
  {
    name: "a missing file",
    flags: { "data.train_features_file": "FOLDER/none.h5" },
    code: 1,
    lines: ['Cannot read "FOLDER/none.h5": the file does not exist'],
  },
  {
    name: "a folder for a file",
    flags: { "data.val_features_file": H5 },
    code: 1,
    lines: [`Cannot read "${H5}": it is a folder`],
  },
  {
    name: "a file of another kind",
    flags: { "data.test_features_file": `${H5}/not_hdf5.h5` },
    code: 1,
    lines: [
      `Cannot read "${H5}/not_hdf5.h5": it is text that begins "this is not an HDF5 file", ` +
      "not an HDF5 file",
    ],
  },
  {
    name: "validation features of another width",
    flags: { "data.val_features_file": `${H5}/features_nan.h5` },
    code: 1,
    lines: [
      `Cannot use "${H5}/features_nan.h5": its features are 4 wide, those of "FOLDER/train.h5" 6`,
    ],
  },
  {
    name: "validation bags for training instances",
    flags: { "data.val_features_file": `${H5}/bags_ptr.h5` },
    code: 1,
    lines: [`Cannot use "${H5}/bags_ptr.h5": it holds bags, "FOLDER/train.h5" no bags`],
  },
  {
    name: "a row with NaN",
    flags: { ...allFiles("features_nan.h5"), "model.encoder.feature_dim": "4" },
    code: 1,
    lines: [`Cannot read "${H5}/features_nan.h5": dataset "features", row 2 holds NaN`],
    begins: true,
  },
  {
    name: "a loss that stays NaN",
    flags: { "optimizer.lr": "1e38" },
    begins: true,
    code: 1,
    lines: [
      "Cannot go on training: the loss was NaN 3 times in a row, last in epoch 0, batch 3; " +
      "try a smaller optimizer.lr or training.gradient_clip_val",
    ],
  },
  {
    name: "exp_dir below a file",
    flags: { exp_dir: "FOLDER/train.h5/experiments", "logger.group": "g" },
    code: 1,
    lines: [
      'Cannot write "FOLDER/train.h5/experiments/precomputed_features/g/0": ' +
      '"FOLDER/train.h5" is not a folder',
    ],
  },
  {
    name: "initial weights that are not a checkpoint",
    flags: { "training.init_checkpoint": "FOLDER/train.h5" },
    code: 1,
    lines: [
      'Cannot read "FOLDER/train.h5": it is an HDF5 file, not a PyTorch or safetensors file',
    ],
  },
];

/** A command line, and what is expected of it, with the test's folder put in. */
function place({ flags, without = [], lines }: Case, files: Files) {
  const put = (text: string) => text.replaceAll("FOLDER", files.folder);
  const all = Object.entries(runFlags(files, flags))
    .filter(([path]) => !without.includes(path))
    .map(([path, value]) => [path, put(value)]);
  return { args: words(Object.fromEntries(all)), expected: lines.map(put) };
}

Deno.test("glovita_train tells every mistake in one line", async (t) => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    for (const test of CASES) {
      await t.step(test.name, async () => {
        const { args, expected } = place(test, files);
        const { code, err } = await command(args);
        assertEquals([code, err], [test.code, expected]);
        const begun = (await namesIn(folder)).includes("experiments");
        assertEquals(begun, test.begins ?? false);
        if (begun) await Deno.remove(join(folder, "experiments"), { recursive: true });
      });
    }
  });
});
