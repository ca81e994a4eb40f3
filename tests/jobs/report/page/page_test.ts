import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import type { ReportOptions } from "../../../../jobs/report/config.ts";
import { report } from "../../../../jobs/report/report.ts";
import { inFolder } from "../../../_training.ts";
import { madeClasses, madeNumbers, madeRun, REGRESSION } from "../_made_runs.ts";
import type { RunFacts } from "../../runs/_runs.ts";

const OPTIONS: ReportOptions = { output: null, format: "html", split: null };

async function pageOf(path: string): Promise<string> {
  const { files: [file] } = await report([path], OPTIONS);
  return await Deno.readTextFile(file);
}

async function pageOfRun(...args: [Parameters<typeof madeClasses>, RunFacts?]): Promise<string> {
  const [made, facts] = args;
  return await inFolder(async (folder) =>
    await pageOf(await madeRun(folder, "data/group/0", madeClasses(...made), facts))
  );
}

Deno.test("the page holds everything that it needs, and escapes names", async () => {
  const classNames = ["<script>alert(1)</script>", 'b"b', "c"];
  const page = await pageOfRun([90, 3, { classNames }]);
  assertEquals(page.match(/<script/g)!.length, 1);
  assertStringIncludes(page, "&lt;script&gt;alert(1)");
  assert(!/(src|href)="(?!#)|url\(|@import/.test(page.replaceAll(/xlink:href|xmlns\S*/g, "")));
  assertStringIncludes(page, "default-src &#39;none&#39;");
  const svgs = page.match(/<svg /g)!.length;
  assertEquals(page.match(/<title>[^<]+<\/title><desc>[^<]+<\/desc>/g)!.length, svgs);
  assertEquals(page.match(/<summary>Numbers<\/summary>/g)!.length, svgs / 2);
});

Deno.test("the first screen says number, interval, split, and how the run went", async () => {
  const page = await pageOfRun([90, 3], { info: { seconds: 75 } });
  assert(/Accuracy<\/span> <b>0\.\d+<\/b> <span>\[0\.\d+, 0\.\d+\]/.test(page));
  assertStringIncludes(page, "on 90 test samples.");
  assertStringIncludes(
    page,
    "Finished after 3 epochs in 1 min. Best val_Accuracy: 0.7500 in epoch 2",
  );
  assertStringIncludes(page, "resolved_config.json");
  assertStringIncludes(page, "--logger.group group_again");
});

Deno.test("samples that all folds predict are counted once, those of a fold each all", async () => {
  await inFolder(async (folder) => {
    for (const fold of [0, 1]) {
      await madeRun(folder, `data/same/${fold}`, madeClasses(60, 3));
      await madeRun(folder, `data/apart/${fold}`, madeClasses(60 + 3 * fold, 3));
    }
    const same = await pageOf(join(folder, "data/same"));
    assertStringIncludes(same, "on 60 test samples, each predicted by all 2 folds; the figures");
    assertStringIncludes(same, "Mean ± standard deviation over 2 folds; of all folds together");
    assertStringIncludes(await pageOf(join(folder, "data/apart")), "on 123 test samples. Mean");
  });
});

Deno.test("runs that stopped early or are not done say so", async () => {
  const early_stopping = { patience: 1, metric: "Accuracy" };
  const stopped = await pageOfRun([30, 3], {
    accuracy: [0.5, 0.75, 0.5, 0.5],
    config: { training: { epochs: 9, early_stopping } },
  });
  assertStringIncludes(stopped, "Stopped early after epoch 4 of 9.");
  const half = await pageOfRun([30, 3], { accuracy: [0.5] });
  assertStringIncludes(half, "Unfinished: 1 of 3 epochs are done; glovita_train --training.resume");
});

Deno.test("patients are counted, mistakes named, and classes sortable; many of them filterable", async () => {
  const patients = Array.from({ length: 90 }, (_, index) => `P${index % 10}`);
  const page = await pageOfRun([90, 3, { patients }]);
  assertStringIncludes(page, "on 90 test samples of 10 patients.");
  assertStringIncludes(page, "wrong decisions, by the probability");
  assertStringIncludes(page, '<table id="classes-0" class="sortable">');
  assert(!page.includes('data-table="classes-0"'));
  assertStringIncludes(await pageOfRun([120, 40]), 'data-table="classes-0"');
});

Deno.test("a page of regression has neither classes nor curves", async () => {
  await inFolder(async (folder) => {
    const page = await pageOf(
      await madeRun(folder, "data/group/0", madeNumbers(90), { config: REGRESSION }),
    );
    assertStringIncludes(page, "by their difference from the truth");
    assert(!page.includes("<h2>Classes</h2>"));
  });
});

Deno.test("runs are compared by numbers and by the fields that differ", async () => {
  await inFolder(async (folder) => {
    for (const [name, lr] of [["slow", 0.001], ["fast", 0.01]] as const) {
      const config = { head: { dropout: lr }, training: { epochs: 3 } };
      await madeRun(folder, `data/${name}/0`, madeClasses(60, 3), { config });
    }
    const page = await pageOf(folder);
    assertStringIncludes(page, '<a href="#run-0">fast</a>');
    const [, differing] = page.split("<h2>What differs</h2>");
    const [table] = differing.split("</table>");
    assertStringIncludes(table, "model.head.dropout");
    assert(!table.includes("training.epochs"));
  });
});

Deno.test("many runs are compared only", async () => {
  await inFolder(async (folder) => {
    for (let run = 0; run < 5; run++) {
      await madeRun(folder, `data/run${run}/0`, madeClasses(30, 3), {
        config: { training: { seed: run } },
      });
    }
    const page = await pageOf(join(folder, "data"));
    assert(!page.includes("<article"));
    assertStringIncludes(page, "glovita_report RUN");
  });
});

Deno.test("a run without predictions has curves of its training, and says what is missing", async () => {
  await inFolder(async (folder) => {
    const path = await madeRun(folder, "data/group/0", madeClasses(30, 3));
    await Deno.remove(join(path, "predictions_test.csv"));
    const page = await pageOf(path);
    assertStringIncludes(page, "Not evaluated:");
    assertStringIncludes(page, "<title>Learning curves</title>");
  });
});
