/** Where the nodes of a session ran, by the profile that the runtime writes. */
import { join } from "node:path";

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly args: {
    readonly op_name: string;
    readonly provider: string;
    readonly output_type_shape: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** What did not run on the device. */
export interface Placement {
  /** Operators that ran on the CPU and gave something else than sizes. */
  readonly onCpu: readonly string[];
  /** Tensors that went to the device within the graph, of each run. */
  readonly uploads: number;
  /** Tensors that came back. */
  readonly downloads: number;
}

/** Arithmetic of sizes, which the runtime keeps on the CPU: they say how much memory it needs. */
const OF_SIZES: ReadonlySet<string> = new Set([
  ...["Shape", "Gather", "Concat", "Reshape", "Slice", "Cast", "Identity"],
  ...["Add", "Sub", "Mul", "Div", "Min", "Max", "ReduceMax", "ReduceMin"],
]);

const isInteger = (type: string) => type === "int64" || type === "int32";

/**
 * Reads profiles.
 * @param folder Where the runtime wrote them.
 * @returns What all sessions of the folder did in their first run.
 */
export function readPlacement(folder: string): Placement {
  const first = new Map<string, Event>();
  for (const { name } of Deno.readDirSync(folder)) {
    const events: readonly Event[] = JSON.parse(Deno.readTextFileSync(join(folder, name)));
    for (const event of events) {
      if (event.cat !== "Node" || !event.name.endsWith("_kernel_time")) continue;
      first.set(`${name} ${event.name}`, event);
    }
  }
  const nodes = [...first.values()].map(({ args }) => args);
  const onCpu = nodes.filter(({ provider, op_name, output_type_shape }) =>
    provider === "CPUExecutionProvider" &&
    !(OF_SIZES.has(op_name) && output_type_shape.flatMap(Object.keys).every(isInteger))
  );
  const count = (op: string) => nodes.filter(({ op_name }) => op_name === op).length;
  return {
    onCpu: onCpu.map(({ op_name }) => op_name),
    uploads: count("MemcpyFromHost"),
    downloads: count("MemcpyToHost"),
  };
}
