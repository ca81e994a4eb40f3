/** The package for npm, installed in an empty folder and run under Node. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { packForNpm } from "../../npm/pack.ts";
import { code } from "../repo/_sources.ts";
import { extractRed, trainDigits } from "./_program.ts";

const HERE = new URL("./", import.meta.url).pathname;
const DIGITS = new URL("../../digits", import.meta.url).pathname;

/** No colours; and where there is no registry, npm says so at once. */
const ENV = { NO_COLOR: "1", NPM_CONFIG_FETCH_RETRIES: "0" };

/** Runs a program; `undefined` where there is none of its name. */
async function run(program: string, args: readonly string[], cwd: string) {
  try {
    const command = new Deno.Command(program, { args: [...args], cwd, env: ENV });
    const { code, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout).trim(), err: decoder.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A Node that is new enough: this machine's, or npm's. */
async function findNode(cwd: string): Promise<string | undefined> {
  const installed = await run("node", ["-p", "process.execPath"], cwd);
  const version = await run("node", ["-p", "process.versions.node"], cwd);
  if (installed?.code === 0 && parseInt(version!.out) >= 24) return installed.out;
  const fetched = await run("npx", ["-y", "node@24", "-p", "process.execPath"], cwd);
  return fetched?.code === 0 ? fetched.out : undefined;
}

/** What npm says where it does not reach its registry. */
const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT)\b/;

/** Installs the package; false where its dependencies cannot be had. */
async function install(packed: string, folder: string): Promise<boolean> {
  await Deno.writeTextFile(join(folder, "package.json"), '{ "type": "module" }');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  const installed = await run("npm", ["install", ...flags, packed], folder);
  if (installed === undefined || UNREACHABLE.test(installed.err)) return false;
  assertEquals(installed.code, 0, installed.err);
  return true;
}

/** The files of the installed package, without those of what it depends on. */
async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name === "node_modules") continue;
    if (isDirectory) yield* filesIn(join(folder, name));
    else yield join(folder, name);
  }
}

Deno.test("the package for npm trains under Node, to the bit as under Deno", async (t) => {
  const folder = await Deno.makeTempDir();
  const packed = join(folder, "glovita.tgz");
  await packForNpm(packed);
  const node = await findNode(folder);
  const ignore = node === undefined || !await install(packed, folder);
  if (ignore) console.log("skipped: npm, its registry or Node 24 cannot be had");
  const installed = join(folder, "node_modules/@glovita/glovita");

  await t.step({
    name: "it is JavaScript with types, needs Node 24 and nothing of JSR",
    ignore,
    async fn() {
      const found = JSON.parse(await Deno.readTextFile(join(installed, "package.json")));
      assertEquals([found.version, found.engines], [manifest.version, { node: ">=24" }]);
      assertEquals(found.exports["./cli"], undefined);
      for (const [name, version] of Object.entries(found.dependencies)) {
        assertMatch(String(version), /^\d/, name);
      }
      const files = await Array.fromAsync(filesIn(installed));
      assertEquals(files.filter((path) => /(?<!\.d)\.ts$/.test(path)), []);
      for (
        const { types, import: module } of Object.values<Record<string, string>>(found.exports)
      ) {
        assert(files.includes(join(installed, types)) && files.includes(join(installed, module)));
      }
      const modules = files.filter((path) => path.endsWith(".js"));
      const texts = await Promise.all(modules.map((path) => Deno.readTextFile(path)));
      const ofJsr = (text: string) => /\bfrom "(jsr:|@std\/)/.test(code(text));
      assertEquals(modules.filter((_, index) => ofJsr(texts[index])), []);
    },
  });

  await t.step({
    name: "all its entries can be imported; it trains, and extracts features",
    ignore,
    async fn() {
      for (const name of ["_node.ts", "_program.ts"]) {
        await Deno.copyFile(join(HERE, name), join(folder, name));
      }
      const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./cli")
        .map((entry) => join(manifest.name, entry));
      const args = ["_node.ts", DIGITS, join(folder, "node"), ...entries];
      const done = (await run(node!, args, folder))!;
      assertEquals([done.code, done.err], [0, ""]);
      const { alone, workers, features } = JSON.parse(done.out.split("\n").at(-1)!);
      const expected = await trainDigits(DIGITS, join(folder, "deno"), 0);
      assertEquals(alone, expected);
      assertEquals(workers, expected);
      assertEquals(features, await extractRed(join(folder, "deno")));
    },
  });

  await t.step({
    name: "its locks keep another process out, until that is killed",
    ignore,
    async fn() {
      await Deno.copyFile(join(HERE, "_node_locks.mjs"), join(folder, "_node_locks.mjs"));
      const args = ["_node_locks.mjs", installed, join(folder, "run.lock")];
      const done = (await run(node!, args, folder))!;
      assertEquals([done.code, done.err], [0, ""]);
      assertEquals(JSON.parse(done.out), ["held", "refused", true, "killed", false, "taken"]);
    },
  });
  await Deno.remove(folder, { recursive: true });
});
