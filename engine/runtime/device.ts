/**
 * Where graphs run: the one place that knows which devices there are, whether a machine has them, and
 * what to do where it has not.
 * @module
 */
import { DeviceError } from "../errors.ts";
import {
  type Adapter,
  allowsSoftware,
  describeAdapter,
  findAdapter,
  webGpuProblem,
} from "./webgpu.ts";
import { cudaProblem } from "./cuda.ts";
import type { Device, DeviceChoice } from "./session_options.ts";

/** A device that was chosen. */
export interface ChosenDevice {
  /** Where graphs run. */
  readonly device: Device;
  /** Which device of that kind. */
  readonly deviceId: number;
  /** Whether nobody has named it: then another one may take its place. */
  readonly automatic: boolean;
  /** Whether it computes in float16, as is asked for. */
  readonly float16: boolean;
  /** What was chosen and why, in one line; absent where the CPU was asked for. */
  readonly notice?: string;
}

/** How a machine is looked at. */
export interface DeviceProbes {
  /** Finds the adapter of WebGPU that would be used. */
  readonly adapter: () => Promise<Adapter | undefined>;
  /** Whether an adapter in software will do. */
  readonly software: () => boolean;
  /** What keeps WebGPU from running, in float16 if that is asked for; nothing where it runs. */
  readonly webgpu: (
    adapter: Adapter | undefined,
    options: { readonly float16: boolean },
  ) => Promise<string | undefined>;
  /** What keeps CUDA from running; nothing where it runs. */
  readonly cuda: () => string | undefined;
}

const PROBES: DeviceProbes = {
  adapter: findAdapter,
  software: allowsSoftware,
  webgpu: webGpuProblem,
  cuda: () => cudaProblem(),
};

/** What is to run on a device. */
export interface DeviceWish {
  /** What is asked for. */
  readonly device: DeviceChoice;
  /** Which device of that kind. @default {0} */
  readonly deviceId?: number;
  /** Whether it is to compute in float16. @default {false} */
  readonly float16?: boolean;
  /** Why this work cannot run on WebGPU or CUDA, if it cannot. */
  readonly unfit?: Readonly<Partial<Record<Device, string>>>;
}

const NO_HALVES_ON_CPU = "it has no float16 arithmetic, and casts to float32 and back would only " +
  "cost time; use precision_compute 32, or device webgpu or cuda";

/**
 * Chooses where graphs run.
 * @param wish What is asked for.
 * @param probes How the machine is looked at.
 * @returns The device; for `auto` the CPU unless there is a GPU that runs, in float32 if it has no
 *   float16.
 * @throws {DeviceError} if the device that is asked for cannot be used; the message says what to do.
 */
export async function chooseDevice(
  { device, deviceId = 0, float16 = false, unfit = {} }: DeviceWish,
  probes: DeviceProbes = PROBES,
): Promise<ChosenDevice> {
  if (device === "cpu" && float16) throw new DeviceError(device, NO_HALVES_ON_CPU);
  const named = { deviceId, float16, automatic: false };
  if (device === "cpu") return { device, ...named };
  if (device === "auto") return await findDevice({ deviceId, float16, unfit }, probes);
  const reason = unfit[device];
  if (reason !== undefined) throw new DeviceError(device, `${reason}; use device cpu`);
  if (device === "cuda") {
    const problem = probes.cuda();
    if (problem !== undefined) throw new DeviceError(device, problem);
    return { device, ...named, notice: `device cuda:${deviceId}, as asked for` };
  }
  const adapter = await probes.adapter();
  const problem = await probes.webgpu(adapter, { float16 });
  if (problem !== undefined) throw new DeviceError(device, problem);
  const notice = `device webgpu, as asked for: ${describeAdapter(adapter)}`;
  return { device, ...named, notice };
}

/** CUDA where its library is installed, else WebGPU on hardware, else the CPU. */
async function findDevice(
  { deviceId, float16, unfit }: Required<Omit<DeviceWish, "device">>,
  probes: DeviceProbes,
): Promise<ChosenDevice> {
  const chosen = (device: Device, why: string, halves = false): ChosenDevice => ({
    device,
    deviceId,
    automatic: true,
    float16: float16 && halves,
    notice: `device ${device} (auto): ${why}`,
  });
  if (unfit.cuda === undefined && probes.cuda() === undefined) {
    return chosen("cuda", "onnxruntime's CUDA library is installed", true);
  }
  if (unfit.webgpu !== undefined) return chosen("cpu", unfit.webgpu);
  const adapter = await probes.adapter();
  if (adapter === undefined) return chosen("cpu", "no GPU was found");
  if (adapter.software && !probes.software()) {
    return chosen("cpu", `${describeAdapter(adapter)} is not a GPU`);
  }
  const halves = float16 && adapter.float16;
  const problem = await probes.webgpu(adapter, { float16: halves });
  return problem === undefined
    ? chosen("webgpu", describeAdapter(adapter), halves)
    : chosen("cpu", problem.split("\n", 1)[0]);
}
