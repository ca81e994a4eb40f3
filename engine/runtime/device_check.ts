/**
 * Computing the same on the CPU and on a device, and finding what differs: a device that is wrong
 * does not say so.
 * @module
 */
import { DeviceError } from "../errors.ts";
import type { OnnxGraph, OnnxNode } from "../onnx/emit.ts";
import { onDevice } from "./device_failure.ts";
import { Session, type Value } from "./session.ts";
import type { Device, SessionOptions } from "./session_options.ts";

/** Largest difference relative to the largest value, beyond which a device is wrong. */
export const MAX_DIFFERENCE = 1e-3;

/**
 * The same where a device computes in float16 and the CPU in float32. Rounding alone makes 5e-4 to
 * 1e-3 of it with small models; deep ones, and products that are added up in float16, make more.
 */
export const MAX_HALF_DIFFERENCE = 2e-2;

/** Values that are small beside others of their kind are measured against this part of those. */
const SMALL = 1e-3;

/** Values by name. */
export type Outputs = Readonly<Record<string, Value>>;

/** Computes a graph once. */
export type Compute = (
  graph: OnnxGraph,
  feeds: Outputs,
  options: Pick<SessionOptions, "device" | "deviceId">,
) => Promise<Outputs>;

/** What is computed in both places. */
export interface DeviceCheck {
  /** What computes it. */
  readonly graph: OnnxGraph;
  /** The same in float32, for the CPU, where the graph computes in float16. @default {graph} */
  readonly whole?: OnnxGraph;
  /** Its inputs. */
  readonly feeds: Outputs;
  /** Outputs whose errors count relative to the largest of them all, such as gradients. @default {none} */
  readonly together?: readonly string[];
  /** What computes. @default {a session} */
  readonly compute?: Compute;
}

/** Where a device differs from the CPU. */
export interface Difference {
  /** The output that differs most. */
  readonly output: string;
  /** How much, relative to its largest value. */
  readonly relative: number;
  /** The operator that made the first wrong value, where it could be found. */
  readonly operator?: string;
}

/**
 * Computes a graph in both places.
 * @param check The graph and its inputs.
 * @param options The device.
 * @throws {DeviceError} if the device cannot compute it.
 * @returns What differs by more than {@linkcode MAX_DIFFERENCE}, or by more than
 *   {@linkcode MAX_HALF_DIFFERENCE} in float16; `undefined` where nothing does.
 */
export async function deviceDifference(
  check: DeviceCheck,
  options: Pick<SessionOptions, "device" | "deviceId">,
): Promise<Difference | undefined> {
  const [expected, found] = await inBothPlaces(check, options);
  const worst = worstOf(expected, found, check.together);
  if (worst.relative <= limitOf(check)) return undefined;
  return { ...worst, operator: await firstWrong(check, options) };
}

function limitOf({ whole }: DeviceCheck): number {
  return whole === undefined ? MAX_DIFFERENCE : MAX_HALF_DIFFERENCE;
}

/**
 * Refuses a device that computes something else than the CPU.
 * @param what What cannot be done, such as "train".
 * @param check The graph and its inputs.
 * @param options The device.
 * @throws {DeviceError} if a result differs, and then the message names the operator if it can be
 *   found, or if the device cannot compute it.
 */
export async function requireRightDevice(
  check: DeviceCheck,
  options: Pick<SessionOptions, "deviceId"> & { readonly device: Device },
): Promise<void> {
  const difference = await deviceDifference(check, options);
  if (difference === undefined) return;
  const { output, relative, operator } = difference;
  const culprit = operator === undefined ? "" : `; ${operator} is wrong`;
  throw new DeviceError(
    options.device,
    `its results on the first batch differ from the CPU's: "${output}" by ${
      relative.toPrecision(2)
    } of its largest value, at most ${limitOf(check)} is rounding${culprit}. Use ${
      check.whole === undefined ? "device cpu" : "precision_compute 32"
    }, or skip this check with no_device_check`,
  );
}

async function inBothPlaces(
  { graph, whole = graph, feeds, compute = runOnce }: DeviceCheck,
  options: SessionOptions,
): Promise<readonly [Outputs, Outputs]> {
  const { device = "cpu" } = options;
  const expected = await compute(whole, feeds, {});
  const run = () => compute(graph, feeds, options);
  return [expected, await onDevice(device, "compute the first batch", run)];
}

async function runOnce(
  graph: OnnxGraph,
  feeds: Outputs,
  { device, deviceId }: SessionOptions,
): Promise<Outputs> {
  const session = await Session.compile(graph, { device, deviceId });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

function worstOf(
  expected: Outputs,
  found: Outputs,
  together: readonly string[] = [],
): Pick<Difference, "output" | "relative"> {
  const largest = together.reduce((most, name) => Math.max(most, magnitude(expected[name])), 0);
  const shared = new Set(together);
  let worst = { output: "", relative: 0 };
  for (const [output, value] of Object.entries(expected)) {
    const scale = Math.max(magnitude(value), shared.has(output) ? SMALL * largest : 0);
    const relative = relativeDifference(value, found[output], scale);
    if (!(relative <= worst.relative)) worst = { output, relative };
  }
  return worst;
}

function magnitude({ data }: Value): number {
  let most = 0;
  for (const value of data) most = Math.max(most, Math.abs(Number(value)) || 0);
  return most;
}

/** The largest difference relative to a scale; numbers that are not finite must be so in both places. */
function relativeDifference({ data }: Value, { data: other }: Value, scale: number): number {
  let most = 0;
  for (let i = 0; i < data.length; i++) {
    const [a, b] = [Number(data[i]), Number(other[i])];
    if (Object.is(a, b) || a === b) continue;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
    most = Math.max(most, Math.abs(a - b));
  }
  return most === 0 ? 0 : most / Math.max(scale, Number.MIN_VALUE);
}

/** Nodes whose values are looked at at once: all of a large graph's would not fit into memory. */
const AT_ONCE = 64;

/**
 * Looks at the values between operators, from the first on. They are computed without the runtime's
 * fusions, so that what goes wrong in a fused operator may not show.
 */
async function firstWrong(
  check: DeviceCheck,
  options: SessionOptions,
): Promise<string | undefined> {
  const { graph } = check;
  const made = graph.nodes.flatMap((node) =>
    node.outputs.filter(Boolean).slice(0, 1).map((name) => ({ node, name }))
  );
  for (let start = 0; start < made.length; start += AT_ONCE) {
    const part = made.slice(start, start + AT_ONCE);
    const outputs = part.map(({ name }) => (
      { name, dtype: "float32", shape: [], inferred: true } as const
    ));
    try {
      const looked = { ...check, whole: undefined, graph: { ...graph, outputs } };
      const [expected, found] = await inBothPlaces(looked, options);
      const wrong = part.find(({ name }) =>
        worstOf({ [name]: expected[name] }, found).relative > limitOf(check)
      );
      if (wrong) return nameOf(wrong.node);
    } catch {
      return undefined; // The graph cannot be looked into: the difference stands.
    }
  }
}

function nameOf({ op, outputs: [name], part }: OnnxNode): string {
  return `${op} "${name}"${part ? ` of ${part}` : ""}`;
}
