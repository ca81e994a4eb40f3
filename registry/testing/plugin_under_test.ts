/**
 * What the checks of a plugin work on, and how they say what is wrong.
 * @module
 */
import type { Plugin, Slot, SlotContexts, TaskInfo } from "../plugin.ts";

/** A plugin that is checked, with what it is created from. */
export interface PluginUnderTest<S extends Slot> {
  /** The plugin. */
  readonly plugin: Plugin<S>;
  /** Options that its schema has accepted. */
  readonly options: unknown;
  /** What the author wants `create` to get; the checks choose the rest. */
  readonly context: Partial<SlotContexts[S]>;
}

/** Something that a plugin promises by its slot. */
export interface Check<S extends Slot> {
  /** The promise, so that slot, key and name make a sentence. */
  readonly name: string;
  /**
   * Puts the plugin to the test.
   * @param subject The plugin.
   * @throws {Error} if it does not keep the promise.
   */
  check(subject: PluginUnderTest<S>): void | Promise<void>;
}

/**
 * Requires what a check says.
 * @param condition What must hold.
 * @param state What is the case instead, in words.
 * @throws {Error} if it does not hold.
 */
export function expect(condition: boolean, state: string): asserts condition {
  if (!condition) throw new Error(state);
}

/**
 * Tells whether two arrays hold the same numbers, to the bit.
 * @param a Numbers.
 * @param b Numbers.
 */
export function sameValues(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.from(a).every((value, index) => Object.is(value, b[index]));
}

/**
 * Does what a plugin may refuse.
 * @param create What is tried.
 * @returns What came of it; `undefined` where it throws a `RangeError`.
 */
export function unlessRefused<T>(create: () => T): T | undefined {
  try {
    return create();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Lists targets of every kind.
 * @param classes Number of classes.
 * @param values Number of predicted values.
 */
export function tasksOf(classes: number, values: number): readonly TaskInfo[] {
  return [
    { task: "Classification", subtask: "multiclass", numClasses: classes },
    { task: "Classification", subtask: "multilabel", numClasses: classes },
    { task: "Regression", subtask: "regression", numClasses: values },
  ];
}
