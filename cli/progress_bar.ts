/**
 * Progress bars, for terminals that a person watches.
 * @module
 */

/** The part of a `cli-progress` bar that is used. */
export interface Bar {
  /**
   * Shows the bar.
   * @param total What makes it full.
   * @param value How full it is.
   * @param payload Values of the format's names.
   */
  start(total: number, value: number, payload: Record<string, unknown>): void;
  /**
   * Moves the bar.
   * @param value How full it is.
   * @param payload Values of the format's names.
   */
  update(value: number, payload: Record<string, unknown>): void;
  /** Takes the bar away. */
  stop(): void;
}

interface BarModule {
  readonly default: { SingleBar: new (options: Record<string, unknown>) => Bar };
}

/**
 * Makes a bar; the library is loaded now and not before.
 * @param format Line with `{bar}` and other names.
 */
export async function createBar(format: string): Promise<Bar> {
  const { default: progress } = await import("cli-progress") as unknown as BarModule;
  return new progress.SingleBar({ format, clearOnComplete: true, hideCursor: true });
}
