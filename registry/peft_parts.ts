/**
 * What methods of parameter-efficient fine-tuning give.
 * @module
 */
import type { Tensor } from "../engine/ir/node.ts";
import type { ForwardContext, Scope } from "../engine/nn/scope.ts";
import type { CalibratedParameter } from "../engine/train/calibration.ts";
import type { RunLength, StepHook } from "../engine/train/interfaces.ts";

/**
 * Chooses, before training, which entries of the encoder's parameters train. The others keep their
 * bits, whatever the optimizer does; checkpoints hold the choice, so that a resumed run keeps it.
 * @category Fine-tuning
 */
export interface Calibration {
  /** Batches of training samples, drawn at random, whose gradients are averaged. */
  readonly batches: number;
  /**
   * Says which entries of a parameter train. Called for those of the encoder's parameters that the
   * scope lets train.
   * @param parameter Its name within the encoder, its shape, and the gradient of the task's loss.
   * @returns One number per entry, row-major: 1 trains, 0 does not.
   */
  mask(parameter: CalibratedParameter): Uint8Array<ArrayBuffer>;
}

/**
 * Parameter-efficient fine-tuning: decides what trains by transforming scopes.
 * @category Fine-tuning
 */
export interface Peft {
  /**
   * Transforms the encoder's scope.
   * @param scope The scope that the encoder would get.
   * @returns The scope that it gets instead.
   */
  encoder(scope: Scope): Scope;
  /**
   * Transforms the head's scope.
   * @param scope The scope that the head would get.
   * @returns The scope that it gets instead.
   */
  head(scope: Scope): Scope;
  /**
   * Called when the encoder has declared its parameters; absent where the method suits every encoder.
   * @throws {RangeError} if the encoder has nothing that the method could act on.
   */
  finish?(): void;
  /** Chooses entries before training; absent where all entries of what trains do. */
  readonly calibration?: Calibration;
  /**
   * Name of one of the encoder's parameters in files of others, where the method gives it another;
   * it replaces the second name that the parameter has in checkpoints.
   * @param name Name of the parameter within the encoder's scope.
   */
  otherName?(name: string): string;
  /**
   * Further names that files of others may give to one of the encoder's parameters; they are only
   * read.
   * @param name Name of the parameter within the encoder's scope.
   */
  moreNames?(name: string): readonly string[];
  /**
   * Terms that training adds to the loss, by name: scalars that already carry their weight; absent
   * where there are none. Only graphs that train ask for them.
   * @param context Mode and random numbers.
   */
  losses?(context: ForwardContext): Readonly<Record<string, Tensor>>;
  /**
   * What the method does between updates; absent where it does nothing. Called once for each run that
   * trains.
   * @param run How long the run trains.
   * @throws {RangeError} if the options do not fit that.
   */
  stepHook?(run: RunLength): StepHook;
}
