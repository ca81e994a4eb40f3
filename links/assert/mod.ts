/**
 * Local stand-in for `jsr:@std/assert`: the few functions that the tests use, over `node:assert`.
 * Signatures follow the real package, so that replacing the link by it changes nothing.
 * @module
 */
import assertion from "node:assert";

/** Error thrown when an assertion fails. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

function check(run: () => void, msg?: string): void {
  try {
    run();
  } catch (error) {
    const text = (error as Error).message;
    throw new AssertionError(msg ? `${msg}\n${text}` : text);
  }
}

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg || "Expected a truthy value");
}

/** Asserts deep equality. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => assertion.deepStrictEqual(actual, expected), msg);
}

/** Asserts deep inequality. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => assertion.notDeepStrictEqual(actual, expected), msg);
}

/** Asserts identity. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  check(() => assertion.ok(Object.is(actual, expected), "Expected the same value"), msg);
}

/** Asserts that two numbers differ by at most `tolerance` (default 1e-7 relative to `expected`). */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  const delta = Math.abs(expected - actual);
  if (delta <= allowed) return;
  const text = `Expected ${actual} to be within ${allowed} of ${expected}, it differs by ${delta}`;
  throw new AssertionError(msg ? `${msg}\n${text}` : text);
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  check(
    () => assertion.ok(actual.includes(expected), `Expected "${actual}" to contain "${expected}"`),
    msg,
  );
}

/** Asserts that `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  check(() => assertion.match(actual, expected), msg);
}

/** Asserts that `actual` is at most `expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  check(() => assertion.ok(actual <= expected, `Expected ${actual} <= ${expected}`), msg);
}

/** Asserts that `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  check(() => assertion.ok(actual < expected, `Expected ${actual} < ${expected}`), msg);
}

/** Asserts that `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  check(() => assertion.ok(actual > expected, `Expected ${actual} > ${expected}`), msg);
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = new (...args: any[]) => E;

function assertIsError<E extends Error>(
  error: unknown,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): asserts error is E {
  const prefix = msg ? `${msg}\n` : "";
  if (!(error instanceof Error)) throw new AssertionError(`${prefix}A non-Error was thrown`);
  if (errorClass && !(error instanceof errorClass)) {
    throw new AssertionError(
      `${prefix}Expected ${errorClass.name} but ${error.name} was thrown: ${error.message}`,
    );
  }
  if (msgIncludes !== undefined && !error.message.includes(msgIncludes)) {
    throw new AssertionError(
      `${prefix}Expected the message to include "${msgIncludes}" but it is "${error.message}"`,
    );
  }
}

/** Asserts that `fn` throws, and returns what it threw. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E {
  let thrown: { readonly error: unknown } | undefined;
  try {
    fn();
  } catch (error) {
    thrown = { error };
  }
  if (!thrown) throw new AssertionError(msg ?? "Expected the function to throw");
  assertIsError(thrown.error, ErrorClass, msgIncludes, msg);
  return thrown.error;
}

/** Asserts that `fn` rejects, and returns what it rejected with. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch {
    throw new AssertionError("Function throws when expected to reject");
  }
  let thrown: { readonly error: unknown } | undefined;
  try {
    await promise;
  } catch (error) {
    thrown = { error };
  }
  if (!thrown) throw new AssertionError(msg ?? "Expected the function to reject");
  assertIsError(thrown.error, ErrorClass, msgIncludes, msg);
  return thrown.error;
}
