/**
 * Bundles the page's code into `jobs/export/page/bundle.json`, from where exports write it: the package
 * carries the page as data, as it cannot bundle where it runs.
 *
 * Run with `npx -y deno@2.9.6 task page`.
 */
import { createHash } from "node:crypto";

const ROOT = new URL("../", import.meta.url);
const TARGET = new URL("jobs/export/page/bundle.json", ROOT);

/** Bundles, with what the modules are called in comments or as small as can be. */
async function bundle(...options: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", ...options, "browser/page.ts"],
    cwd: ROOT,
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(new TextDecoder().decode(stderr));
}

/** The modules that are in a bundle, and what they are recognised by. */
async function modulesOf(readable: string): Promise<Record<string, string>> {
  const names = [...readable.matchAll(/^\/\/ ((?:browser|engine|jobs|registry)\/\S+\.ts)$/gm)];
  const sorted = [...new Set(names.map(([, name]) => name))].sort();
  return Object.fromEntries(
    await Promise.all(sorted.map(async (name) => {
      const bytes = await Deno.readFile(new URL(name, ROOT));
      return [name, createHash("sha256").update(bytes).digest("hex").slice(0, 16)];
    })),
  );
}

if (import.meta.main) {
  const modules = await modulesOf(await bundle());
  const code = await bundle("--minify");
  await Deno.writeTextFile(TARGET, JSON.stringify({ modules, code }, null, 2) + "\n");
}
