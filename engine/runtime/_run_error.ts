/** What onnxruntime says about a node that it cannot prepare or compute, in one line. */
import { PartError } from "../errors.ts";

/** Where the runtime names a node: operator and name, and what it says besides. */
const PATTERNS: readonly RegExp[] = [
  /while running (?<op>\w+) node\. Name:'(?<name>.*?)' Status Message: (?<reason>.*)/,
  /(?<reason>Could not find an implementation) for (?<op>\w+)\(\d+\) node with name '(?<name>.*)'/,
  /(?<reason>Type '\S+' of .*?) of operator \((?<op>\w+)\) in node \((?<name>.*)\) is invalid/,
  /Node \((?<name>.*?)\) Op \((?<op>\w+)\) (?<reason>.*)/,
];

/** A place in the runtime's own code, and the condition there that did not hold. */
const SOURCE = /^\/\S+:\d+ .*( was false\.|\) \[with .*\]) /;

/** What no part can help. */
const OUT_OF_MEMORY = /allocat/i;

/**
 * Names the node, and the part that made it.
 * @param error What the runtime threw.
 * @param parts Parts by name of the node.
 * @returns The error to throw; the same one where it is about no node.
 */
export function nodeError(
  error: unknown,
  parts: ReadonlyMap<string, string> = new Map(),
): unknown {
  if (!(error instanceof Error)) return error;
  const text = error.message.replaceAll(/\s+/g, " ").trim();
  const found = PATTERNS.map((pattern) => pattern.exec(text)?.groups).find(Boolean);
  if (found === undefined) return error;
  const { op, name, reason } = found;
  const message = `Cannot compute ${op} "${name}": ${reason.replace(SOURCE, "")}`;
  const named = new Error(message, { cause: error });
  const part = OUT_OF_MEMORY.test(reason) ? undefined : parts.get(name);
  return part === undefined ? named : new PartError(part, named);
}
