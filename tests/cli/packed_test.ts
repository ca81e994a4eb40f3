/** What the package publishes, run as a command from another folder, without the checkout. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, join, relative } from "node:path";
import { pathToFileURL as toFileUrl } from "node:url";
import { COMMANDS } from "../../cli/commands.ts";
import { EXIT } from "../../cli/failure.ts";
import manifest from "../../deno.json" with { type: "json" };
import { inFolder, runFlags, words, writeSplits } from "../_training.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SPECIFIER = "jsr:@glovita/glovita/cli";

/** Words of the documented command that installs `glovita`. */
function installCommand(): string[] {
  const [command] = /^deno install --global [^`]*/m.exec(
    Deno.readTextFileSync(join(ROOT, "docs/getting_started.md")),
  )!;
  return command.replaceAll("\\\n", " ").trim().split(/\s+/);
}

/** Copies the files that `deno publish` takes, as the manifest lists them. */
async function pack(folder: string): Promise<void> {
  const copy = async (path: string): Promise<void> => {
    if ((await Deno.stat(join(ROOT, path))).isFile) {
      await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
      return await Deno.copyFile(join(ROOT, path), join(folder, path));
    }
    for await (const { name } of Deno.readDir(join(ROOT, path))) await copy(join(path, name));
  };
  for (const path of manifest.publish.include) await copy(path);
  // Links are a matter of the checkout; a published package has none.
  const { links: _, ...published } = manifest;
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(published));
}

/** The manifest for a machine without JSR: `@std/cli` is the stand-in of the checkout. */
function offline(packed: string): object {
  const published = JSON.parse(Deno.readTextFileSync(join(packed, "deno.json")));
  const parseArgs = toFileUrl(join(ROOT, "links/cli/parse_args.ts"));
  return {
    ...published,
    imports: { ...published.imports, "@std/cli/parse-args": parseArgs },
  };
}

async function run(program: string, args: readonly string[], cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("the packed files run as a command in another folder", async (t) => {
  await inFolder(async (folder) => {
    const [packed, home] = [join(folder, "packed"), join(folder, "home")];
    await Deno.mkdir(home, { recursive: true });
    await pack(packed);
    // What JSR has besides: here it is linked, so that nothing is fetched.
    const links = [packed, join(ROOT, "links/cli")].map((path) => relative(home, path));
    await Deno.writeTextFile(join(home, "deno.json"), JSON.stringify({ links }));
    await Deno.copyFile(join(ROOT, "deno.lock"), join(home, "deno.lock"));

    const [, , ...install] = installCommand();
    const permissions = install.filter((word) => word.startsWith("--allow-"));
    const inHome = (...args: readonly string[]) =>
      run(
        Deno.execPath(),
        ["run", "--quiet", "--cached-only", "--no-prompt", ...permissions, SPECIFIER, ...args],
        home,
      );

    await t.step("its help lists the commands", async () => {
      const { code, out, err } = await inHome("--help");
      assertEquals([code, err], [EXIT.ok, ""]);
      for (const { name, description } of COMMANDS) {
        assertMatch(out, RegExp(`^  ${name} +${RegExp.escape(description)}$`, "m"));
      }
    });

    await t.step("a command that does not exist ends with 2", async () => {
      const { code, out, err } = await inHome("forecast");
      assertEquals([code, out], [EXIT.usage, ""]);
      assertMatch(err, /^command: expected one of .*, received "forecast"\n$/);
    });

    await t.step("it is installed as the page says, and trains", async () => {
      const module = join(packed, "cli", "main.ts");
      const config = join(folder, "install.json");
      await Deno.writeTextFile(config, JSON.stringify(offline(packed)));
      const options = ["--root", folder, "--config", config, "--cached-only"];
      const wanted = install.map((word) => word === SPECIFIER ? module : word);
      assert(wanted.includes(module), install.join(" "));
      const installed = await run(Deno.execPath(), ["install", ...options, ...wanted], folder);
      assertEquals(installed.code, 0, installed.err);

      const program = join(folder, "bin", "glovita");
      const flags = { ...runFlags(await writeSplits(folder)), "exp_dir": "runs" };
      const { code, out, err } = await run(program, ["train", ...words(flags)], home);
      assertEquals([code, err], [EXIT.ok, ""]);
      assertStringIncludes(out, "run runs/precomputed_features/");
      assertMatch(out, /^test: test_loss /m);
      const [run_] = /runs\/precomputed_features\/\S+/.exec(out)!;
      assert((await Deno.stat(join(home, run_, "checkpoints", "best.pt"))).isFile);
    });
  });
});

Deno.test("the page installs the command with the permissions of its tasks and no more", () => {
  for (const task of ["train", "extract_features"] as const) {
    assertStringIncludes(manifest.tasks[task].command, " -P=run ");
  }
  const words = installCommand();
  assertEquals(words.slice(0, 5), ["deno", "install", "--global", "--name", "glovita"]);
  assertEquals(words.at(-1), SPECIFIER);
  const granted = words.slice(5, -1).filter((word) => word !== "--no-prompt");
  const ofTasks = Object.keys(manifest.permissions.run).map((name) => `--allow-${name}`);
  assertEquals(granted.sort(), ofTasks.sort());
  const module = Deno.readTextFileSync(join(ROOT, "cli", "main.ts")).replaceAll(/^ \*\s*/gm, "");
  assertStringIncludes(module.replaceAll(/\\?\n/g, "").replaceAll(/ +/g, " "), words.join(" "));
});
