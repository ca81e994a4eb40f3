import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { findModels, type ModelChoice } from "../../../jobs/predict/find_models.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { inFolder } from "../../_training.ts";

/** Makes runs with the checkpoints that are named. */
async function makeRuns(folder: string, runs: Readonly<Record<string, readonly string[]>>) {
  for (const [run, checkpoints] of Object.entries(runs)) {
    await Deno.mkdir(join(folder, run, "checkpoints"), { recursive: true });
    await Deno.writeTextFile(join(folder, run, "resolved_config.json"), "{}");
    for (const name of checkpoints) {
      await Deno.writeTextFile(join(folder, run, "checkpoints", `${name}.pt`), "");
    }
  }
}

async function inRuns(
  test: (find: (choice: Partial<ModelChoice>) => string[], folder: string) => void,
) {
  await inFolder(async (folder) => {
    const both = ["best", "last"];
    await makeRuns(folder, { "set/a/0": both, "set/a/1": both, "set/b/0": ["last"] });
    const find = (choice: Partial<ModelChoice>) => {
      const none = { exp_dir: null, checkpoint_path: null, fold: null } as const;
      const { exp_dir, ...rest } = choice;
      const at = exp_dir === undefined || exp_dir === null ? null : join(folder, exp_dir);
      const found = findModels({ checkpoint: "best", ...none, ...rest, exp_dir: at });
      return found.map(({ checkpoint }) => checkpoint.replace(`${folder}/`, ""));
    };
    test(find, folder);
  });
}

Deno.test("a run, a group, a fold of it, or a checkpoint", async () => {
  await inRuns((find) => {
    assertEquals(find({ exp_dir: "set/a/0" }), ["set/a/0/checkpoints/best.pt"]);
    assertEquals(find({ exp_dir: "set/a", checkpoint: "last" }), [
      "set/a/0/checkpoints/last.pt",
      "set/a/1/checkpoints/last.pt",
    ]);
    assertEquals(find({ exp_dir: "set/a", fold: 1 }), ["set/a/1/checkpoints/best.pt"]);
    assertEquals(find({ exp_dir: "set/a/1/checkpoints/last.pt" }), ["set/a/1/checkpoints/last.pt"]);
    assertEquals(find({ checkpoint_path: "x/checkpoints/last.pt" }), ["x/checkpoints/last.pt"]);
  });
});

Deno.test("what is not there is refused, with what is", async () => {
  await inRuns((find, folder) => {
    const message = (choice: Partial<ModelChoice>) =>
      assertThrows(() => find(choice), DataError).message.replaceAll(`${folder}/`, "");
    assertEquals(
      message({ exp_dir: "set" }),
      'Cannot load a model: "set" is not a run or a group of runs; choose one of "set/a", "set/b"',
    );
    assertEquals(message({ exp_dir: "other" }), 'Cannot load a model: "other" does not exist');
    assertEquals(
      message({ exp_dir: "set/a/0/checkpoints" }),
      'Cannot load a model: "set/a/0/checkpoints" is not a run or a group of runs',
    );
    assertEquals(
      message({ exp_dir: "set/a", fold: 2 }),
      'Cannot load fold 2: "set/a" has 0, 1',
    );
    assertEquals(
      message({ exp_dir: "set/b" }),
      'Cannot load a model: "set/b/0/checkpoints/best.pt" does not exist; --checkpoint last is there',
    );
    const { issues } = assertThrows(() => find({}), ConfigError);
    const expected = "expected a run, a group of folds, or --checkpoint_path";
    assertEquals(issues, [{ path: "exp_dir", message: expected }]);
  });
});
