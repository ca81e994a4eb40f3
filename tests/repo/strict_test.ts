/** Folders that are checked with more than the rest: an element by index may be `undefined`. */
import { assertEquals } from "@std/assert";
import { inFolder } from "../_training.ts";
import { deno } from "./_documented.ts";
import { read, ROOT } from "./_sources.ts";

const FOLDERS = ["engine/storage", "registry/config"];

/** A finding of the compiler. */
interface Finding {
  readonly error: string;
  readonly file: string;
  readonly line: string;
}

/** The project's configuration, with elements by index checked. */
function strictConfig(): string {
  const { imports, compilerOptions } = JSON.parse(read("deno.json"));
  const strict = { ...compilerOptions, noUncheckedIndexedAccess: true };
  return JSON.stringify({ imports, lock: `${ROOT}deno.lock`, compilerOptions: strict });
}

/** Checks files and folders, and all that they import. */
async function check(...paths: readonly string[]): Promise<Finding[]> {
  const { code, output } = await inFolder(async (folder) => {
    const config = `${folder}/deno.json`;
    await Deno.writeTextFile(config, strictConfig());
    return await deno("check", "--quiet", "--config", config, ...paths);
  });
  const reports = output.matchAll(
    /^(TS\d+) \[(?:(?!^TS\d)[\s\S])*?^\s+at file:\/\/(\S+):(\d+):\d+$/gm,
  );
  const found = [...reports].map(([, error, path, line]) => ({
    error,
    file: path.replace(ROOT, ""),
    line,
  }));
  assertEquals(code === 0, found.length === 0, output);
  return found;
}

Deno.test("elements by index are checked in the folders that read files and configs", async () => {
  const inside = ({ file }: Finding) => FOLDERS.some((folder) => file.startsWith(`${folder}/`));
  const found = (await check(...FOLDERS)).filter(inside);
  assertEquals(found, []);
});

Deno.test("the check of elements finds one that may be missing", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/first.ts`;
    await Deno.writeTextFile(file, "export const first = (all: Date[]) => all[0].getTime();\n");
    assertEquals(await check(file), [{ error: "TS2532", file, line: "1" }]);
  });
});
