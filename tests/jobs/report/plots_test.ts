import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { drawPlots } from "../../../jobs/report/plots.ts";
import { registry } from "../../../registry/registry.ts";
import { inFolder } from "../../_training.ts";
import { madeClasses, madeRun } from "./_made_runs.ts";

Deno.test("drawPlots() leaves out splits that were not predicted", async () => {
  await inFolder(async (folder) => {
    const path = await madeRun(folder, "data/group/0", madeClasses(60, 2), { split: "val" });
    await drawPlots(path, { splits: ["val", "test"], registry });
    const names = Array.from(Deno.readDirSync(join(path, "plots")), ({ name }) => name).sort();
    assertEquals(names, [
      "learning_curves.png",
      ...["confusion_matrix", "pr_curves", "reliability", "roc_curves", "scores"].map((id) =>
        `val_${id}.png`
      ),
    ]);
  });
});
