import { assertEquals } from "@std/assert";
import { readManifest, ROOT } from "./_sources.ts";

/** Runs a program at the top of the project, without any permission. */
async function runBare(program: string): Promise<{ code: number; output: string }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", "-"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("importing what the package exports opens no file, loads no native code, prints nothing", async () => {
  const modules = Object.values(readManifest().exports);
  const imports = modules.map((module) => `await import(${JSON.stringify(module)});`);
  assertEquals(await runBare(imports.join("\n")), { code: 0, output: "" });
});

Deno.test("importing contracts, parts and the engine adds no plugin", async () => {
  const { ".": _library, ...exports } = readManifest().exports;
  const entries = Object.entries(exports).filter(([name]) => name.split("/").length === 2);
  const imports = entries.map(([, module]) => `await import(${JSON.stringify(module)});`);
  const program = `${imports.join("\n")}
    const { registry } = await import("./registry/registry.ts");
    const { SLOT_NAMES } = await import("./registry/slots.ts");
    console.log(SLOT_NAMES.flatMap((slot) => registry.list(slot)).join());`;
  assertEquals(await runBare(program), { code: 0, output: "\n" });
});

Deno.test("importing one plugin adds no other", async () => {
  const program = `await import("./plugins/head_type/clam.ts");
    const { registry } = await import("./registry/registry.ts");
    const { SLOT_NAMES } = await import("./registry/slots.ts");
    console.log(SLOT_NAMES.flatMap((slot) => registry.list(slot)).join());`;
  assertEquals(await runBare(program), { code: 0, output: "clam\n" });
});

Deno.test("a program without permissions is told so when it opens a file or a session", async () => {
  const opening = 'Deno.readTextFileSync("deno.json");';
  assertEquals((await runBare(opening)).code, 1);
  const session = `const { Session, scalar } = await import("./engine/mod.ts");
    await Session.create({ one: scalar(1) });`;
  assertEquals((await runBare(session)).code, 1);
});
