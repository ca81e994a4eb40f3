import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { Session } from "../../engine/runtime/session.ts";
import { TrainedModel } from "../../jobs/predict/trained_model.ts";
import { ConfigError } from "../../registry/errors.ts";
import { registry } from "../../registry/registry.ts";
import "../../plugins/mod.ts";
import { BAG_DIM, bagFlags, writeBagSplits } from "../_bags.ts";
import { inFolder, readRunJson, runFlags, words } from "../_training.ts";
import { runProcess, startCommand } from "../cli/_process.ts";

const PLUGIN = new URL("../../examples/plugin_attention_pool/mod.ts", import.meta.url);

Deno.test("the example plugin runs by --plugin as a built-in does, and its model is rebuilt", async () => {
  await inFolder(async (folder) => {
    const files = await writeBagSplits(folder);
    const { "model.head.variant": _, "model.head.size_arg": __, ...flags } = bagFlags();
    const chosen = { ...runFlags(files, flags), "model.head.head_type": "attention_pool" };
    const plugin = ["--plugin", PLUGIN.pathname];
    const group = ["--logger.group", "pool", "--task.metrics", "acc", "true_probability"];
    const trained = await runProcess([...plugin, ...words(chosen), ...group]);
    assertEquals(trained.code, 0, trained.err.join("\n"));
    assert(
      trained.out.some((line) => line.includes("val_True_Probability")),
      trained.out.join("\n"),
    );

    const run = join(folder, "experiments", "precomputed_features", "pool", "0");
    const config = readRunJson<{ model: { head: Record<string, unknown> } }>(run, "config.json");
    assertEquals(config.model.head, {
      head_type: "attention_pool",
      attention_dim: 64,
      dropout: 0,
    });

    const resumed = await runProcess([...plugin, "--training.resume", run]);
    assertEquals(resumed.code, 0, resumed.err.join("\n"));

    const hint = `; the run was made with --plugin ${PLUGIN.pathname}: ` +
      "give that again, or import it first";
    const without = await runProcess(["--training.resume", run]);
    assertEquals([without.code, without.out], [2, []]);
    assertEquals(without.err.map((line) => line.slice(-hint.length)), [hint, hint]);
    const [head, metric] = without.err;
    assertMatch(head, /^model.head.head_type: expected .*, received "attention_pool"; the run/);
    assertMatch(metric, /^task.metrics: expected .*, received "true_probability"; the run/);

    const checkpoint = join(run, "checkpoints", "best.pt");
    const error = await assertRejects(() => TrainedModel.load(checkpoint), ConfigError);
    assertEquals(error.message.split("\n"), without.err);

    const output = join(folder, "model.onnx");
    const exporting = ["--exp_dir", run, "--output", output];
    const refused = await startCommand("export", exporting).finished;
    assertEquals([refused.code, refused.err.some((line) => line.endsWith(hint))], [2, true]);
    const exported = await startCommand("export", [...plugin, ...exporting]).finished;
    assertEquals([exported.code, exported.err], [0, []]);

    await import(PLUGIN.href);
    await using model = await TrainedModel.load(checkpoint);
    const features = Float32Array.from({ length: 3 * 8 }, (_, i) => i / 24);
    const [prediction] = await model.predict({ features, lengths: Int32Array.of(3) });
    assertEquals(prediction.attention?.map(({ length }) => length), [3]);
    assertEquals(registry.has("head_type", "attention_pool"), true);
    const session = await Session.open(output);
    const said = await session.run({
      features: { dtype: "float32", shape: [3, BAG_DIM], data: features },
      lengths: { dtype: "int64", shape: [1], data: BigInt64Array.of(3n) },
    });
    await session.release();
    const { scores, attention: [attention] } = { attention: [], ...prediction };
    for (const [name, values] of Object.entries({ scores, attention })) {
      for (const [at, value] of values.entries()) {
        assertAlmostEquals(Number(said[name].data[at]), value, 1e-5, name);
      }
    }
  });
});

Deno.test("the example plugin's options show in --help and are checked as a built-in's are", async () => {
  const plugin = ["--plugin", PLUGIN.pathname, "--model.head.head_type", "attention_pool"];
  const help = await runProcess([...plugin, "--help"]);
  assertEquals(help.code, 0);
  assertStringIncludes(help.out.join("\n"), "--model.head.attention_dim");
  const wrong = await runProcess([...plugin, "--model.head.attention_dim", "0"]);
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.err.join("\n"), "model.head.attention_dim: expected");
});
