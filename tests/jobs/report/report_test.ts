import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import type { ReportOptions } from "../../../jobs/report/config.ts";
import { report, type ReportEvent } from "../../../jobs/report/report.ts";
import { inFolder } from "../../_training.ts";
import { madeClasses, madeRun } from "./_made_runs.ts";

const OPTIONS: ReportOptions = { output: null, format: "html", split: null };

Deno.test("report() writes the page beside the run, and says how far it is", async () => {
  await inFolder(async (folder) => {
    const path = await madeRun(folder, "data/group/0", madeClasses(60, 3));
    const events: ReportEvent[] = [];
    const { files } = await report([path], OPTIONS, { onEvent: (event) => events.push(event) });
    assertEquals(files, [join(path, "report.html")]);
    assertEquals(events[0], { type: "read", done: 1, total: 1 });
    assertEquals(events.at(-1), { type: "drawn", done: 6, total: 6 });
    const again = await Deno.readTextFile(files[0]);
    await report([path], OPTIONS);
    assertEquals(await Deno.readTextFile(files[0]), again);
  });
});

Deno.test("report() writes each figure as an image, of several runs in a folder each", async () => {
  await inFolder(async (folder) => {
    const paths = [
      await madeRun(folder, "data/a/0", madeClasses(60, 3)),
      await madeRun(folder, "data/b/0", madeClasses(60, 3)),
    ];
    const output = join(folder, "figures");
    const { files } = await report(paths, { output, format: "svg", split: null });
    assert(files.includes(join(output, "comparison.svg")));
    assert(files.includes(join(output, "a", "confusion_matrix.svg")));
    assertEquals(files.length, 1 + 2 * 6);
    for (const file of files) assert((await Deno.readTextFile(file)).startsWith("<svg "));
    const single = await report([paths[0]], { ...OPTIONS, format: "png" });
    assertEquals(single.files[0], join(paths[0], "report", "learning_curves.png"));
  });
});

Deno.test("report() writes nothing where it is stopped, or where it cannot write", async () => {
  await inFolder(async (folder) => {
    const path = await madeRun(folder, "data/group/0", madeClasses(60, 3));
    const stop = new AbortController();
    const onEvent = ({ type }: ReportEvent) => type === "drawn" && stop.abort();
    await assertRejects(
      () => report([path], OPTIONS, { signal: stop.signal, onEvent }),
      DOMException,
    );
    assert(!Array.from(Deno.readDirSync(path)).some(({ name }) => name === "report.html"));
    const output = join(path, "resolved_config.json", "report.html");
    await assertRejects(() => report([path], { ...OPTIONS, output }), DataError, "Cannot write ");
  });
});
