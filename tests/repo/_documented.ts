/** Asks Deno about the project. */
import { pathToFileURL } from "node:url";
import { ROOT } from "./_sources.ts";

/** Runs Deno at the top of the project. */
export async function deno(...args: string[]): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** A type, as `deno doc` reads it: what `value` is depends on `kind`. */
export interface TsType {
  readonly kind: string;
  readonly repr?: string;
  readonly value?: unknown;
}

/** A property of an interface. */
export interface Property {
  readonly name: string;
  readonly jsDoc?: {
    readonly doc?: string;
    readonly tags?: readonly { readonly kind: string; readonly value?: string }[];
  };
  readonly readonly?: boolean;
  readonly optional?: boolean;
  readonly tsType: TsType;
}

/** What `deno doc` says of a symbol. */
export interface Documented {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] };
    readonly def?: { readonly tsType?: TsType; readonly properties?: readonly Property[] };
  }[];
}

/** All symbols, types among them, that modules export. */
export async function documented(...modules: readonly string[]): Promise<Documented[]> {
  return (await documentedEach(modules)).flat();
}

/** The symbols of each module. */
export async function documentedEach(modules: readonly string[]): Promise<Documented[][]> {
  const { output } = await deno("doc", "--quiet", "--json", ...modules);
  const { nodes } = JSON.parse(output.slice(output.indexOf("{"))) as {
    readonly nodes: Readonly<Record<string, { readonly symbols: Documented[] }>>;
  };
  const base = pathToFileURL(`${ROOT}/`);
  return modules.map((module) => nodes[new URL(module, base).href].symbols);
}
