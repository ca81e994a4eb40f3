import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { drawPlots } from "../../../jobs/report/plots.ts";
import { registry } from "../../../registry/registry.ts";
import { inFolder } from "../../_training.ts";
import { madeClasses, madeRun } from "./_made_runs.ts";

Deno.test("drawPlots() leaves out splits that were not predicted", async () => {
  await inFolder(async (folder) => {
    const path = await madeRun(folder, "data/group/0", madeClasses(60, 2), { split: "val" });
    const images: string[] = [];
    const onImage = (name: string, png: Uint8Array) =>
      void images.push(`${name} ${png[1] === 0x50}`);
    await drawPlots(path, { splits: ["val", "test"], registry, onImage });
    assertEquals([images.length, images.every((line) => line.endsWith(" true"))], [6, true]);
    const names = Array.from(Deno.readDirSync(join(path, "plots")), ({ name }) => name).sort();
    assertEquals(names, [
      "learning_curves.png",
      ...["confusion_matrix", "pr_curves", "reliability", "roc_curves", "scores"].map((id) =>
        `val_${id}.png`
      ),
    ]);
  });
});
