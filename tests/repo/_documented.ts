/** Asks Deno about the project. */
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

/** What `deno doc` says of a symbol. */
export interface Documented {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] };
  }[];
}

/** All symbols, types among them, that modules export. */
export async function documented(...modules: readonly string[]): Promise<Documented[]> {
  const { output } = await deno("doc", "--json", ...modules);
  const { nodes } = JSON.parse(output.slice(output.indexOf("{"))) as {
    readonly nodes: Readonly<Record<string, { readonly symbols: readonly Documented[] }>>;
  };
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}
