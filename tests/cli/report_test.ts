import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { reportCommand } from "../../cli/report.ts";
import { inFolder } from "../_training.ts";
import { madeClasses, madeRun } from "../jobs/report/_made_runs.ts";
import { listener } from "./_fakes.ts";

async function run(...args: string[]) {
  const io = listener();
  const code = await reportCommand(args, { io });
  return { code, out: io.outLines, err: io.errLines };
}

Deno.test("glovita_report says where the report is", async () => {
  await inFolder(async (folder) => {
    const path = await madeRun(folder, "data/group/0", madeClasses(60, 3));
    const file = join(path, "report.html");
    assertEquals(await run(path), { code: 0, out: [`Saved ${file}`], err: [] });
    const output = join(folder, "x.html");
    assertEquals((await run(path, "--output", output)).out, [`Saved ${output}`]);
    assert((await Deno.readTextFile(output)).startsWith("<!DOCTYPE html>"));
  });
});

Deno.test("glovita_report names what it leaves out", async () => {
  await inFolder(async (folder) => {
    await madeRun(folder, "data/a/0", madeClasses(60, 3));
    const broken = await madeRun(folder, "data/b/0", madeClasses(60, 3));
    Deno.writeTextFileSync(join(broken, "resolved_config.json"), "[]");
    const { code, err } = await run(folder);
    assertEquals([code, err.length], [0, 1]);
    assert(err[0].startsWith("note: left out: Cannot report on "), err[0]);
  });
});

Deno.test("glovita_report names everything that is wrong with a command line", async () => {
  assertEquals(await run(), {
    code: 2,
    out: [],
    err: ["PATH: expected a run, a group of runs or a folder of them, received nothing"],
  });
  const { code, err } = await run("x", "--format", "pdf");
  assertEquals([code, err.length], [2, 1]);
  const missing = await run("x");
  assertEquals([missing.code, missing.err], [
    1,
    ['Cannot report on "x": it is not a run, a group of runs or a folder of them'],
  ]);
});
