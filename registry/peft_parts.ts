/**
 * What methods of parameter-efficient fine-tuning give.
 * @module
 */
import type { Tensor } from "../engine/ir/node.ts";
import type { ForwardContext, Scope } from "../engine/nn/scope.ts";
import type { RunLength, StepHook } from "../engine/train/interfaces.ts";

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
  /**
   * Name of one of the encoder's parameters in files of others, where the method gives it another;
   * it replaces the second name that the parameter has in checkpoints.
   * @param name Name of the parameter within the encoder's scope.
   */
  otherName?(name: string): string;
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
