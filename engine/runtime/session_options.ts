/**
 * How a session runs, and what the runtime is told of it.
 * @module
 */
import type { InferenceSession } from "onnxruntime-node";

/**
 * What may be asked for; `auto` looks for itself.
 * @category Configs
 */
export type DeviceChoice = "auto" | "cpu" | "webgpu" | "cuda";

/** All of it. */
export const DEVICE_CHOICES = ["auto", "cpu", "webgpu", "cuda"] as const satisfies DeviceChoice[];

/**
 * Where a graph runs.
 * @category Sessions
 */
export type Device = Exclude<DeviceChoice, "auto">;

/**
 * How a session runs.
 * @category Sessions
 */
export interface SessionOptions {
  /** Where the graph runs. @default {"cpu"} */
  readonly device?: Device;
  /** Which device of that kind, for `cuda`. @default {0} */
  readonly deviceId?: number;
  /** Outputs that stay on the device, for `webgpu`; they come from `runKeeping()`. @default {none} */
  readonly keep?: readonly string[];
  /** Threads within an operator. @default {all cores} */
  readonly threads?: number;
  /** Whether the runtime keeps freed memory for the next run. @default {true} */
  readonly arena?: boolean;
  /**
   * Whether threads take small blocks of work as they come free, so that a thread that shares its
   * core with the loader does not hold the others up. @default {where results stay bit-identical}
   */
  readonly smallBlocks?: boolean;
  /**
   * Whether outputs are written over those of the run before, which saves garbage in loops that keep
   * no result. @default {false}
   */
  readonly reuseOutputs?: boolean;
  /** Prefix of a JSON profile that the runtime writes when the session is released. */
  readonly profile?: string;
  /** Names of the outputs that are wanted. @default {all} */
  readonly outputs?: readonly string[];
}

/** What a model needs of the runtime. */
export interface ModelNeeds {
  /** Names of nodes that a device must leave to the CPU. */
  readonly cpuNodes?: readonly string[];
  /** Whether ARM's matrix products may be of bfloat16. */
  readonly fastMath?: boolean;
}

/**
 * Says the same in the runtime's words.
 * @param options How the session runs.
 * @param needs What the model needs.
 */
export function settingsOf(
  options: SessionOptions,
  { cpuNodes = [], fastMath = false }: ModelNeeds = {},
): InferenceSession.SessionOptions {
  const { keep = [] } = options;
  const extra = {
    ...(options.smallBlocks && { session: { dynamic_block_base: "4" } }),
    ...(fastMath && { mlas: { enable_gemm_fastmath_arm64_bfloat16: "1" } }),
  };
  return {
    executionProviders: [providerOf(options, cpuNodes)],
    ...(keep.length > 0 && {
      preferredOutputLocation: Object.fromEntries(keep.map((name) => [name, "gpu-buffer"])),
    }),
    intraOpNumThreads: options.threads ?? 0,
    enableCpuMemArena: options.arena ?? true,
    enableMemPattern: false,
    logSeverityLevel: 4, // What goes wrong is thrown.
    extra,
    ...(options.profile && { enableProfiling: true, profileFilePrefix: options.profile }),
  };
}

/** The runtime's name of a device, and what it is told. It goes to the CPU by itself for operators. */
function providerOf(
  { device = "cpu", deviceId = 0 }: SessionOptions,
  cpuNodes: readonly string[],
): InferenceSession.ExecutionProviderConfig {
  switch (device) {
    case "cpu":
      return "cpu";
    case "cuda":
      return { name: "cuda", deviceId };
    case "webgpu": {
      // The types know fewer options than the provider.
      const forced = cpuNodes.length > 0 && { forceCpuNodeNames: [...cpuNodes] };
      return { name: "webgpu", ...forced } as InferenceSession.WebGpuExecutionProviderOption;
    }
  }
}
