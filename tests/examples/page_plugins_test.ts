/** The plugins of docs/writing_a_plugin.md, outside of the tree, as a stranger has them. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join, relative } from "node:path";
import { openFeatureFile } from "../../engine/features/feature_file.ts";
import { SLOT_NAMES } from "../../registry/slots.ts";
import { inFolder, words } from "../_training.ts";
import { runCommand, runProcess } from "../cli/_process.ts";
import { readBlocks } from "../docs/_pages.ts";
import { imagePath } from "../engine/images/_images.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PERMISSIONS = ["read", "write", "ffi", "env", "sys"].map((name) => `--allow-${name}`);

/** Programs of the page that begin with the name of their file. */
async function programsOf(page: string): Promise<Map<string, string>> {
  const blocks = readBlocks(await Deno.readTextFile(join(ROOT, page)));
  return new Map(blocks.flatMap(({ text }) => {
    const name = /^\/\/ my_plugins\/(\w+\.ts)\n/.exec(text)?.[1];
    return name === undefined ? [] : [[name, text] as const];
  }));
}

/** Writes the package of the page into a folder, with the project as its dependency. */
async function writePackage(folder: string): Promise<Map<string, string>> {
  const programs = await programsOf("docs/writing_a_plugin.md");
  for (const [name, text] of programs) await Deno.writeTextFile(join(folder, name), text);
  const manifest = {
    name: "@you/plugins",
    version: "0.1.0",
    exports: "./mod.ts",
    imports: { "@glovita/glovita": "jsr:@glovita/glovita@^0.1.0" },
    links: [relative(await Deno.realPath(folder), ROOT)],
  };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(manifest));
  await Deno.copyFile(join(ROOT, "deno.lock"), join(folder, "deno.lock"));
  return programs;
}

/** Three classes of numbers, as CSV. */
function table(seed: number): string {
  const lines = Array.from({ length: 60 }, (_, i) => {
    const label = i % 3;
    const noise = (k: number) => Math.abs(Math.sin(seed * 100 + i * 7 + k));
    return [label, label + noise(1), noise(2) - label].join();
  });
  return `${lines.join("\n")}\n`;
}

Deno.test("the plugins of the page keep their contracts and train outside of the tree", async (t) => {
  await inFolder(async (folder) => {
    const programs = await writePackage(folder);

    await t.step("there is one for every slot", () => {
      const text = [...programs.values()].join("\n");
      const missing = SLOT_NAMES.filter((slot) => !text.includes(`slot: "${slot}"`));
      assertEquals(missing, []);
    });

    await t.step("their checks", async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--cached-only", ...PERMISSIONS],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assertEquals(code, 0, out + err);
      assertMatch(out, /ok \| \d{3} passed \| 0 failed/);
    });

    await t.step("a training with eight of them", async () => {
      for (const [index, name] of ["train", "val"].entries()) {
        await Deno.writeTextFile(join(folder, `${name}.csv`), table(index));
      }
      const { code, out, err } = await runProcess([
        ...["--plugin", join(folder, "mod.ts"), "--task.metrics", "log_loss", "acc"],
        ...words({
          "data.dataset": "number_table",
          "data.num_classes": "3",
          "data.data_root_dir": folder,
          "data.train_table": "train.csv",
          "data.val_table": "val.csv",
          "model.encoder.encoder_type": "random_features",
          "model.head.head_type": "prototypes",
          "peft.method": "low_rank",
          "optimizer.name": "Lion",
          "optimizer.scheduler": "LinearDecay",
          "logger.backend": "json_lines",
          "logger.group": "page",
          "training.epochs": "2",
          "exp_dir": join(folder, "runs"),
        }),
      ]);
      assertEquals(code, 0, err.join("\n"));
      assert(out.some((line) => line.includes("val_Log_Loss")), out.join("\n"));
      const log = await Deno.readTextFile(join(folder, "runs/number_table/page/0/log.jsonl"));
      const events = log.trim().split("\n").map((line) => JSON.parse(line).event);
      assertEquals(events, ["start", "epoch", "epoch", "finished"]);
    });

    await t.step("a table with an empty cell", async () => {
      await Deno.writeTextFile(join(folder, "holes.csv"), `${table(0)}1,,2\n`);
      const { code, err } = await runProcess([
        ...["--plugin", join(folder, "mod.ts")],
        ...words({
          "data.dataset": "number_table",
          "data.num_classes": "3",
          "data.data_root_dir": folder,
          "data.train_table": "holes.csv",
          "data.val_table": "val.csv",
          "model.encoder.encoder_type": "random_features",
          "exp_dir": join(folder, "runs"),
        }),
      ]);
      const state = "line 61 is not a class and 2 numbers";
      assertEquals([code, err], [1, [`Cannot read "${join(folder, "holes.csv")}": ${state}`]]);
    });

    await t.step("an extraction with the policy", async () => {
      for (const name of ["cat", "dog"]) {
        await Deno.mkdir(join(folder, "images", "val", name), { recursive: true });
        await Deno.copyFile(imagePath("rgb.png"), join(folder, "images", "val", name, "1.png"));
      }
      const { code, err } = await runCommand("extract_features", [
        ...["--plugin", join(folder, "mod.ts"), "--model.encoder.no_pretrained"],
        ...words({
          "data.dataset": "generic_image_dataset",
          "data.data_root_dir": folder,
          "data.num_classes": "2",
          "data.split_source": "subdirs",
          "data.label_source": "folder",
          "data.augmentation.test_policy": "squash",
          "data.augmentation.image_size": "32",
          "model.encoder.type": "test_convnext",
          "method": "avg",
          "split": "val",
          "output_dir": folder,
          "output_filename": "{split}.h5",
        }),
      ]);
      assertEquals(code, 0, err.join("\n"));
      const { length, origin } = await openFeatureFile(join(folder, "val.h5"));
      assertEquals(length, 2);
      assertStringIncludes(String(origin?.augmentation), "squash");
    });
  });
});
