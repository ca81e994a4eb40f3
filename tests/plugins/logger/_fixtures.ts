/**
 * Bytes that do not change, which Python has read: what it found lies beside them, and
 * `tests/testdata/loggers/*.py` finds it again.
 */
import {
  fileVersion,
  imageValue,
  scalarValue,
  sessionStart,
  summary,
  textValue,
} from "../../../plugins/logger/_tensorboard.ts";
import {
  exit,
  header,
  history,
  mediaFile,
  run,
  RunFileEncoder,
  runSummary,
} from "../../../plugins/logger/_wandb.ts";
import { PNG } from "./_run.ts";

const FOLDER = new URL("../../testdata/loggers/", import.meta.url).pathname;

/** An event file, and what EventAccumulator found in it. */
export const EVENTS = {
  folder: `${FOLDER}events`,
  file: `${FOLDER}events/events.out.tfevents.0000000001.glovita`,
  found: `${FOLDER}events.json`,
};

/** A run file, and what wandb's classes found in it. */
export const RUN = { file: `${FOLDER}run.wandb`, found: `${FOLDER}run.json` };

/** The bytes of the event file. */
export function eventBytes(): Uint8Array {
  return joined([
    fileVersion(1),
    summary(1.25, 0, [textValue("config", "```json\n{}\n```")]),
    summary(2.5, 0, [scalarValue("train_loss", 0.1), scalarValue("val_loss", NaN)]),
    summary(3, 1, [scalarValue("train_loss", -Infinity), scalarValue("val_loss", 1e-3)]),
    summary(3, 1, [imageValue("val_ConfusionMatrix_absolute", PNG)]),
    summary(4, 2, [scalarValue("train_loss", 7)]),
    sessionStart(5, 2),
    summary(6, 2, [scalarValue("train_loss", 2)]),
    summary(7, 300, [scalarValue("train_loss", 300)]),
  ]);
}

/** The bytes of the run file; its config goes over the end of a block. */
export function runBytes(): Uint8Array {
  const encoder = new RunFileEncoder();
  return joined([
    encoder.encode([
      header("0.1.0"),
      run({
        id: "abcd1234",
        entity: "lab",
        project: "mil",
        group: "first",
        name: "a run",
        tags: ["x", "fold_1"],
        config: { training: { epochs: 3, seed: null }, long: "é".repeat(16_500) },
        started: 1_700_000_000_250,
      }),
    ]),
    encoder.encode([
      history(0, {
        train_loss: 0.1,
        val_loss: NaN,
        epoch: 0,
        _step: 0,
        _timestamp: 1_700_000_001.5,
      }),
      runSummary({ train_loss: 0.1, val_loss: -Infinity }),
    ]),
    encoder.encode([
      mediaFile("media/images/plot_1.png"),
      history(1, { plot: { _type: "image-file" } }),
    ]),
    encoder.encode([exit(1, 12.75)]),
  ]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
