/** What a run computes with: its training step and its evaluator, on the CPU or on a device. */
import { DeviceError } from "../errors.ts";
import type { Device, SessionOptions } from "../runtime/session_options.ts";
import { onDevice } from "../runtime/device_failure.ts";
import type { Value } from "../runtime/session.ts";
import { DeviceStep } from "./device_step.ts";
import { Evaluator } from "./evaluate.ts";
import { microBatchSize } from "./micro_batches.ts";
import { modelGraph } from "./model.ts";
import type { TrainPlan } from "./plan.ts";
import type { TrainState } from "./state.ts";
import { TrainStep } from "./step.ts";

/** A training step, and an evaluator. */
export interface Computing {
  /** Trains. */
  readonly step: TrainStep | DeviceStep;
  /** Measures. */
  readonly evaluator: Evaluator;
}

/** The sessions of a run on a device. */
export function deviceSession(
  { session, device }: Pick<TrainPlan, "session" | "device">,
): SessionOptions & { readonly device: Device } {
  return { ...session, device: device?.device ?? "cpu" };
}

/**
 * Builds the graphs of a run.
 * @param plan What to train.
 * @param state Its values, with room for the optimizer's.
 * @throws {DeviceError} if a device cannot load them.
 */
async function startComputing(plan: TrainPlan, state: TrainState): Promise<Computing> {
  const { parameters, labelSmoothing, mixing, optimizer, expectedRows } = plan;
  const model = plan.frozen?.rest ?? plan.model;
  const session = { ...deviceSession(plan), reuseOutputs: true };
  const graph = modelGraph(model, {
    training: true,
    labelSmoothing,
    mixing,
    expectedRows: expectedRows?.train,
  });
  const { loss, scores, parts, updates } = graph;
  const named = Object.entries(parts).map(([name, part]) => [`loss_${name}`, part]);
  const step = {
    parameters,
    loss,
    outputs: { scores, ...Object.fromEntries(named) },
    updates,
    masks: plan.masks,
    optimizer,
    parameterOptions: plan.parameterOptions,
    clipNorm: plan.clipNorm,
    accumulate: plan.accumulate,
    session,
  };
  const hook = plan.stepHook;
  const microBatch = microBatchSize(model, graph, plan.loaders.train.batchSize);
  return {
    step: session.device === "cpu"
      ? await TrainStep.create({ ...step, hook, microBatch }, state)
      : await onDevice(session.device, "load the step", () => DeviceStep.create(step, state)),
    evaluator: await onDevice(
      session.device,
      "load the model",
      () =>
        Evaluator.create(model, state, {
          labelSmoothing,
          session,
          expectedRows: expectedRows?.eval,
        }),
    ),
  };
}

/**
 * Frees the sessions of a run.
 * @param computing What it computes with.
 */
export async function endComputing({ step, evaluator }: Computing): Promise<void> {
  await step.release();
  await evaluator.release();
}

/** A plan whose device is settled, and what it computes with. */
export interface Settled {
  /** The plan. */
  readonly plan: TrainPlan;
  /** What it computes with. */
  readonly computing: Computing;
}

/**
 * Builds the graphs of a run. Where nobody has named the device, the CPU takes the place of one that
 * cannot load them.
 * @param plan What to train.
 * @param state Its values, with room for the optimizer's.
 * @param notify Tells a line to the user.
 * @throws {DeviceError} if a device that was asked for cannot load them.
 */
export async function startSettled(
  plan: TrainPlan,
  state: TrainState,
  notify: (message: string) => void,
): Promise<Settled> {
  try {
    return { plan, computing: await startComputing(plan, state) };
  } catch (error) {
    return await startOnCpu(plan, state, { error, notify });
  }
}

/** Goes on where a device fails that nobody has named. */
async function startOnCpu(
  plan: TrainPlan,
  state: TrainState,
  { error, notify }: { readonly error: unknown; readonly notify: (message: string) => void },
): Promise<Settled> {
  if (!plan.device?.automatic || !(error instanceof DeviceError)) throw error;
  notify(`device cpu takes its place: ${error.message}`);
  const onCpu = { ...plan, device: undefined };
  return { plan: onCpu, computing: await startComputing(onCpu, state) };
}

/**
 * Compares a device with the CPU, before anything is trained. Where nobody has named the device, the
 * CPU takes the place of one that is wrong.
 * @param settled The plan, and what it computes with.
 * @param state Its values.
 * @param options A batch, and who is told.
 * @throws {DeviceError} if a device that was asked for computes something else than the CPU.
 */
export async function settleDevice(
  { plan, computing }: Settled,
  state: TrainState,
  { feeds, notify }: {
    readonly feeds: Readonly<Record<string, Value>>;
    readonly notify: (message: string) => void;
  },
): Promise<Settled> {
  const { step } = computing;
  if (!(step instanceof DeviceStep)) return { plan, computing };
  try {
    await step.check(feeds);
    return { plan, computing };
  } catch (error) {
    if (plan.device?.automatic) {
      await state.leaveDevice();
      await endComputing(computing);
    }
    return await startOnCpu(plan, state, { error, notify });
  }
}
