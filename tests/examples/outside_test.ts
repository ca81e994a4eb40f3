/** The example package outside of the tree, with the project as its dependency, without network. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join, relative } from "node:path";
import { writeBagSplits } from "../_bags.ts";
import { inFolder, words } from "../_training.ts";
import { runProcess } from "../cli/_process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PACKAGE = join(ROOT, "examples", "plugin_attention_pool");
const PERMISSIONS = ["read", "write", "ffi", "env", "sys"].map((name) => `--allow-${name}`);

/** A program that trains with the package's plugins, as a stranger writes it. */
const PROGRAM = `
import { acc, configure, precomputed, precomputedFeatures, registry, train } from "@glovita/glovita";
import { attentionPool, trueProbability } from "./mod.ts";

const [run] = await train([
  configure(precomputedFeatures, {
    num_classes: 2,
    train_features_file: "train.h5",
    val_features_file: "val.h5",
  }),
  configure(precomputed, { feature_dim: 8 }),
  configure(attentionPool, { attention_dim: 16 }),
  configure(acc),
  configure(trueProbability),
  { optimizer: { lr: 0.01 }, training: { epochs: 2, seed: 0 }, exp_dir: "runs" },
]);
console.log(registry.list("head_type").includes("attention_pool"), run.history[1].val.val_True_Probability);
`;

/** A program that the compiler must refuse: the types of the package reach its user. */
const WRONG = `
import { configure } from "@glovita/glovita";
import { attentionPool } from "./mod.ts";

configure(attentionPool, { attention_width: 16 });
`;

async function copyPackage(folder: string): Promise<void> {
  for (const { name } of Deno.readDirSync(PACKAGE)) {
    await Deno.copyFile(join(PACKAGE, name), join(folder, name));
  }
  await Deno.copyFile(join(ROOT, "deno.lock"), join(folder, "deno.lock"));
  const manifest = JSON.parse(await Deno.readTextFile(join(folder, "deno.json")));
  assertEquals(manifest.links, ["../.."]);
  const links = [relative(await Deno.realPath(folder), ROOT)];
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ ...manifest, links }));
}

async function deno(folder: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}

Deno.test("the example package passes outside of the tree, with the project linked", async (t) => {
  await inFolder(async (folder) => {
    await copyPackage(folder);
    const files = await writeBagSplits(folder);
    await Deno.writeTextFile(join(folder, "train.ts"), PROGRAM);
    await Deno.writeTextFile(join(folder, "wrong.ts"), WRONG);

    await t.step("type checking", async () => {
      const { code, errors } = await deno(folder, "check", "--cached-only", "mod.ts", "train.ts");
      assertEquals(code, 0, errors);
      const wrong = await deno(folder, "check", "--cached-only", "wrong.ts");
      assert(wrong.code !== 0);
      assertStringIncludes(wrong.errors, "attention_width");
    });

    await t.step("its tests", async () => {
      const { code, output } = await deno(folder, "test", "--cached-only", ...PERMISSIONS);
      assertEquals(code, 0, output);
      assertMatch(output, /ok \| \d\d passed \| 0 failed/);
    });

    await t.step("training by the library", async () => {
      const args = ["run", "--cached-only", "--no-prompt", ...PERMISSIONS, "train.ts"];
      const { code, output, errors } = await deno(folder, ...args);
      assertEquals(code, 0, errors);
      assertMatch(output, /^true 0\.\d+\n$/);
    });

    await t.step("training by --plugin", async () => {
      const plugin = ["--plugin", join(folder, "mod.ts"), "--task.metrics", "true_probability"];
      const { code, out, err } = await runProcess([
        ...plugin,
        ...words({
          "data.dataset": "precomputed_features",
          "data.num_classes": "2",
          "data.train_features_file": files.train,
          "data.val_features_file": files.val,
          "model.encoder.encoder_type": "precomputed",
          "model.encoder.feature_dim": "8",
          "model.head.head_type": "attention_pool",
          "training.epochs": "1",
          "exp_dir": join(folder, "runs"),
        }),
      ]);
      assertEquals(code, 0, err.join("\n"));
      assert(out.some((line) => line.includes("val_True_Probability")), out.join("\n"));
    });
  });
});
