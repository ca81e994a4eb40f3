/** Training from weights that somebody else made, and going on from numbers that nobody wrote. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { storedTensor } from "../../../engine/storage/tensor_types.ts";
import { type TorchValue, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { readTorchFile } from "../../_read_torch_file.ts";
import { inFolder, ofType, type Outcome, runTrain, writeSplits } from "../../_training.ts";
import type { Flags } from "../../_training.ts";

const FLAGS: Flags = { "training.epochs": "1", "optimizer.lr": "1e-30" };

/** The weights of a run's last epoch under CLAM's and timm's bare names, times a factor. */
function weightsOf({ directory }: Outcome, prefix: string, factor: number) {
  const state = [...loadStateDict(join(directory, "checkpoints", "last.pt"))];
  const bare = state.filter(([name]) => name.startsWith("head."));
  return Object.fromEntries(
    bare.map(([name, { shape, data }]) =>
      [
        prefix + name.slice("head.".length),
        storedTensor(
          "float32",
          shape,
          data.map((x) => factor * x),
        ),
      ] as const
    ),
  );
}

const notices = ({ events }: Outcome) => ofType(events, "notice").map(({ message }) => message);

Deno.test("train() starts from averaged weights, or from those that the key names", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const first = await runTrain(files, FLAGS);
    const file = join(folder, "epoch9.ckpt");
    const content: TorchValue = {
      hyper_parameters: { lr: 0.1 },
      state_dict: {
        ...weightsOf(first, "model.", 2),
        "model.loss.scale": storedTensor("float32", [1], Float32Array.of(1)),
      },
      ema: { decay: 0.9, shadow: weightsOf(first, "model._orig_mod.", 1) },
    };
    await writeTorchFile(file, content);
    const flags = { ...FLAGS, "training.init_checkpoint": file };
    const key = "training.init_checkpoint_key";

    const averaged = await runTrain(files, flags);
    assertEquals(notices(averaged), [
      `"${file}" holds 2 sets of weights, "state_dict.model" and "ema.shadow.model": ` +
      `"ema.shadow.model" is taken; ${key} chooses another`,
    ]);
    const [{ val }] = ofType(first.events, "epoch");
    assertEquals(ofType(averaged.events, "epoch")[0].val, val);

    const raw = await runTrain(files, { ...flags, [key]: "state_dict" });
    assertEquals(notices(raw), [
      `the model has no place for 1 tensor of "${file}": "model.loss.scale"`,
    ]);
    assert(ofType(raw.events, "epoch")[0].val.val_loss !== val.val_loss);

    const none = await assertRejects(
      () => runTrain(files, { ...flags, [key]: "teacher" }),
      DataError,
    );
    assertEquals(
      none.message,
      `Cannot load weights from "${file}": there are no weights of the model behind "teacher": ` +
        'it has "state_dict", "ema.shadow"',
    );
  });
});

Deno.test("train() wants a file for the key of one", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { ...FLAGS, "training.init_checkpoint_key": "ema" };
    const error = await assertRejects(() => runTrain(files, flags), ConfigError);
    assertEquals(
      error.message,
      "training.init_checkpoint_key: expected training.init_checkpoint to be given, too",
    );
  });
});

Deno.test("train() resumes from no checkpoint whose numbers are not those of a run", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { directory } = await runTrain(files, { "training.epochs": "2" });
    const last = join(directory, "checkpoints", "last.pt");
    const tree = readTorchFile(last) as Map<string, TorchValue>;
    for (const epoch of ["x", NaN, -5, 1.5, storedTensor("int64", [], BigInt64Array.of(1n))]) {
      await writeTorchFile(last, new Map(tree).set("epoch", epoch));
      const resume = () =>
        runTrain(files, { "training.epochs": "3", "training.resume": directory });
      const error = await assertRejects(resume, DataError);
      assertEquals(
        error.message,
        `Cannot resume from "${last}": "epoch" is not a whole number from 0`,
      );
    }
  });
});
