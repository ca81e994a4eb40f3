import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { runsCommand } from "../../cli/runs.ts";
import { inFolder } from "../_training.ts";
import { writeRun } from "../jobs/runs/_runs.ts";
import { listener } from "./_fakes.ts";

async function run(args: readonly string[], width?: number) {
  const io = listener();
  const code = await runsCommand(args, { io, width });
  return { code, out: io.outLines, err: io.errLines };
}

/** Three runs, one of them damaged. */
async function withRuns(test: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await writeRun(folder, "data/low/0", { accuracy: [0.1, 0.2, 0.3] });
    await writeRun(folder, "data/high/0", { accuracy: [0.7, 0.8, 0.9] });
    const broken = await writeRun(folder, "data/odd/0");
    Deno.writeTextFileSync(broken.file("resolvedConfig"), "[]");
    await test(folder);
  });
}

Deno.test("glovita_runs lists runs, damaged ones among them, and says what is wrong", async () => {
  await withRuns(async (folder) => {
    const { code, out, err } = await run([folder]);
    const problem = `"${join(folder, "data/odd/0/resolved_config.json")}" holds no config`;
    assertEquals([code, err.length], [0, 1]);
    assert(err[0].endsWith(problem), err[0]);
    assertEquals(out.map((line) => line.split(" ")[0]), ["group", "odd", "high", "low"]);
    assert(out.some((line) => /^odd .* damaged /.test(line)));
  });
});

Deno.test("glovita_runs sorts by a column, down with a dash before it, damaged runs last", async () => {
  await withRuns(async (folder) => {
    const order = async (...args: string[]) =>
      (await run([folder, ...args])).out.slice(1).map((line) => line.split(" ")[0]);
    assertEquals(await order("--sort", "best"), ["low", "high", "odd"]);
    assertEquals(await order("--sort", "-best"), ["high", "low", "odd"]);
    assertEquals(await order("--sort=-best"), ["high", "low", "odd"]);
  });
});

Deno.test("glovita_runs --json writes everything, in the same order", async () => {
  await withRuns(async (folder) => {
    const { code, out } = await run([folder, "--json", "--sort", "-best"]);
    const runs = JSON.parse(out.join("\n"));
    assertEquals(code, 0);
    assertEquals(runs.map(({ group }: { group: string }) => group), ["high", "low", "odd"]);
    assertEquals(runs[0].runs[0].best, { metric: "val_Accuracy", value: 0.9, epoch: 2 });
    assertEquals(runs[2].state, "damaged");
  });
});

Deno.test("glovita_runs says what a narrow terminal does not show", async () => {
  await withRuns(async (folder) => {
    const { out, err } = await run([folder], 60);
    assert(out.every((line) => line.length <= 60));
    assertEquals(err.at(-1), "note: too narrow for dataset, epochs; --json shows everything");
  });
});

Deno.test("glovita_runs says that there are none, and names what is wrong with a command line", async () => {
  await inFolder(async (folder) => {
    const none = [`note: there are no runs in "${folder}"`];
    assertEquals(await run([folder]), { code: 0, out: [], err: none });
    assertEquals(await run([folder, "--json"]), { code: 0, out: ["[]"], err: [] });
    assertEquals(await run([join(folder, "x")]), {
      code: 1,
      out: [],
      err: [`Cannot list runs: "${join(folder, "x")}" is not a folder`],
    });
    assertEquals((await run([folder, "b"])).err, ["b: expected one EXP_DIR, received another"]);
    const { code, err } = await run([folder, "--sort", "-bst"]);
    assertEquals([code, err.length], [2, 1]);
    assert(err[0].startsWith('sort: expected one of "group", '), err[0]);
    assert(err[0].endsWith('received "-bst", did you mean "best"?'), err[0]);
  });
});
