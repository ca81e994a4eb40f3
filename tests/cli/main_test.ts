import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../cli/commands.ts";
import { glovita } from "../../cli/main.ts";
import metadata from "../../deno.json" with { type: "json" };
import { listener } from "./_fakes.ts";

/** Runs a command line, and listens. */
async function run(...args: readonly string[]) {
  const io = listener();
  const code = await glovita(args, { io });
  return { code, out: io.outLines, err: io.errLines };
}

Deno.test("glovita --help lists every command, a line for each", async () => {
  for (const flag of ["--help", "-h"]) {
    const { code, out, err } = await run(flag);
    assertEquals([code, err], [0, []]);
    for (const { name, description } of COMMANDS) {
      const lines = out.filter((line) => line.startsWith(`  ${name} `));
      assertEquals(lines.map((line) => line.endsWith(`  ${description}`)), [true], name);
    }
  }
});

Deno.test("glovita without a command shows its help as an error", async () => {
  const { code, out, err } = await run();
  assertEquals([code, out, err], [2, [], (await run("--help")).out]);
});

Deno.test("glovita --version says the version of the package", async () => {
  assertEquals(await run("--version"), { code: 0, out: [`glovita ${metadata.version}`], err: [] });
});

Deno.test("glovita names the commands where there is none of a name, and the nearest", async () => {
  const known =
    'command: expected one of "download", "extract_features", "inspect", "train", received';
  for (
    const [word, rest] of [
      ["infer", ' "infer"'],
      ["glovita_infer", ' "glovita_infer"'],
      ["trian", ' "trian", did you mean "train"?'],
      ["glovita_trian", ' "glovita_trian", did you mean "train"?'],
      ["extract-feature", ' "extract-feature", did you mean "extract_features"?'],
      ["--config", ' "--config"'],
      ["", ' ""'],
    ]
  ) {
    assertEquals(await run(word, "--help"), { code: 2, out: [], err: [known + rest] });
  }
});

Deno.test("glovita runs a command by its name, with and without the prefix, and passes words on", async () => {
  for (const { name } of COMMANDS) {
    for (const word of [name, `glovita_${name}`, name.replaceAll("_", "-")]) {
      const { code, out, err } = await run(word, "--version");
      assertEquals([code, out, err], [0, [`glovita_${name} ${metadata.version}`], []]);
    }
    const { code, out } = await run(name, "--help");
    assert(code === 0 && out[0].startsWith(`Usage: glovita_${name} `), out[0]);
  }
});

Deno.test("glovita ends with the command's own exit code", async () => {
  const { code, out, err } = await run("download", "--force");
  assertEquals([code, out], [2, []]);
  assertEquals(err, ["--force: expected a TYPE, --help or --version"]);
});
