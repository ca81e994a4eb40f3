/** What onnxruntime says about a model that it refuses, in words for the user. */
import { DataError } from "../errors.ts";

/** Known refusals, and what they mean. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /Opset (\d+) is under development.* till opset (\d+)/,
    "it is written in opset $1, the runtime knows opsets up to $2",
  ],
  [
    /No Op registered for (\S+) with domain_version of (\d+)/,
    'its operator "$1" does not exist in opset $2',
  ],
  [
    /Could not find an implementation for ([\w.]+)\(/,
    'the runtime has no implementation of its operator "$1"',
  ],
  [/External data path does not exist: "([^"]*)"/, 'its weights are in "$1", which is not there'],
  [/Protobuf parsing failed|does not have a graph/, "it is not an ONNX file, or it is cut off"],
  [/File doesn't exist/, "the file does not exist"],
];

/** The error of a model that cannot be loaded, in one line. */
export function loadError(error: unknown, path: string): DataError {
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
  const known = REASONS.find(([pattern]) => pattern.test(text));
  const found = known?.[0].exec(text) ?? [];
  const reason = known?.[1].replaceAll(/\$(\d)/g, (_, group) => found[Number(group)]) ??
    `the runtime refuses it: ${text.trim().replace(/\.$/, "")}`;
  return new DataError(`Cannot load "${path}": ${reason}`, { file: path, cause: error });
}
