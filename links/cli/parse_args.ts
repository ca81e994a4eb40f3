/**
 * Local stand-in for `jsr:@std/cli/parse-args`: the part of `parseArgs` that is used, over
 * `node:util`. Signatures follow the real package, so that replacing the link by it changes nothing.
 * @module
 */
import { parseArgs as parse, type ParseArgsConfig } from "node:util";

/** Which options there are, and of what type. */
export interface ParseOptions<B extends string, S extends string, C extends string> {
  /** Options without a value. */
  readonly boolean?: readonly B[];
  /** Options with a value. */
  readonly string?: readonly S[];
  /** Options with a value that may be repeated. */
  readonly collect?: readonly C[];
  /** Other names of options; one letter is a short option. */
  readonly alias?: Readonly<Record<string, string>>;
}

/** Parsed options by name, and the other words. */
export type Args<B extends string, S extends string, C extends string> =
  & { _: (string | number)[] }
  & { [K in B]: boolean }
  & { [K in Exclude<S, C>]: string | undefined }
  & { [K in C]: string[] };

/**
 * Parses a command line.
 * @param args The words.
 * @param options Which options there are.
 * @returns Options by name: `false` and `undefined` where not given, `""` where a value is missing.
 */
export function parseArgs<
  const B extends string = never,
  const S extends string = never,
  const C extends string = never,
>(args: string[], options: ParseOptions<B, S, C> = {}): Args<B, S, C> {
  const { boolean = [], string = [], collect = [], alias = {} } = options;
  const config: NonNullable<ParseArgsConfig["options"]> = {};
  for (const name of boolean) config[name] = { type: "boolean" };
  for (const name of [...string, ...collect]) {
    config[name] = { type: "string", multiple: (collect as readonly string[]).includes(name) };
  }
  for (const [short, name] of Object.entries(alias)) config[name].short = short;
  const texts = [...string, ...collect].map((name) => `--${name}`);
  const isBare = (word: string, next = "-") => texts.includes(word) && next.startsWith("-");
  const { values, positionals } = parse({
    args: args.map((word, index) => isBare(word, args[index + 1]) ? `${word}=` : word),
    options: config,
    strict: false,
    allowPositionals: true,
  });
  const result: Record<string, unknown> = { _: positionals };
  const text = (value: unknown): unknown => value === true ? "" : value;
  for (const name of boolean) result[name] = values[name] ?? false;
  for (const name of string) result[name] = text(values[name]);
  for (const name of collect) result[name] = ((values[name] ?? []) as unknown[]).map(text);
  return result as Args<B, S, C>;
}
