import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveGiven } from "../../../registry/builder/given_config.ts";
import { resolveGivenExtract } from "../../../jobs/extract/given_config.ts";
import { configure } from "../../../registry/configure.ts";
import { DataError } from "../../../engine/errors.ts";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { Registry, registry } from "../../../registry/registry.ts";
import { extractionRegistry, madeUp } from "../../_extraction.ts";
import { inFolder, runConfig } from "../../_training.ts";
import { fake } from "../_fakes.ts";
import { runParts } from "./_parts.ts";

const files = { folder: "runs", train: "train.h5", val: "val.h5", test: "test.h5" };

Deno.test("resolveGiven() leaves a resolved config as it is", () => {
  const config = runConfig(files);
  const { config: same, notices } = resolveGiven(config, registry);
  assert(same === config);
  assertEquals(notices, []);
});

Deno.test("resolveGiven() resolves parts to what flags resolve to", async () => {
  await inFolder((folder) => {
    const placed = { ...files, folder };
    assertEquals(resolveGiven(runParts(placed), registry).config, runConfig(placed));
    return Promise.resolve();
  });
});

Deno.test("resolveGiven() names everything that is wrong with parts", () => {
  const wrong = [configure(fake("head_type", "clamm")), { training: { epochs: 0 } }];
  const { issues } = assertThrows(
    () => resolveGiven(runParts(files, ...wrong), registry),
    ConfigError,
  );
  assertEquals(issues.map(({ path }) => path), ["model.head.head_type", "training.epochs"]);
});

const [images, encoder] = madeUp;

/** A run directory with a checkpoint that nobody opens. */
function writeRun(folder: string, config: object): string {
  Deno.mkdirSync(`${folder}/checkpoints`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/config.json`, JSON.stringify(config));
  Deno.writeTextFileSync(`${folder}/checkpoints/last.pt`, "");
  return `${folder}/checkpoints/last.pt`;
}

Deno.test("resolveGivenExtract() resolves parts, and leaves a resolved config as it is", () => {
  const registry = extractionRegistry();
  const parts = [configure(images), configure(encoder), { precision: 32, split: "val" }] as const;
  const { config } = resolveGivenExtract(parts, registry);
  assertEquals([config.data.dataset, config.precision, config.split], ["made_up", 32, "val"]);
  assert(resolveGivenExtract(config, registry).config === config);
  const same = resolveExtractConfig({ parts }, registry);
  assertEquals(config, same.config);
});

Deno.test("resolveGivenExtract() completes the config of a checkpoint's run", async () => {
  await inFolder((folder) => {
    const checkpoint_path = writeRun(folder, {
      data: { dataset: "made_up" },
      model: { encoder: { encoder_type: "tiny" } },
      training: { epochs: 3 },
    });
    const registry = extractionRegistry();
    const { config } = resolveGivenExtract([{ checkpoint_path, method: "avg" }], registry);
    assertEquals(
      [config.data.dataset, config.model.encoder.encoder_type, config.method],
      ["made_up", "tiny", "avg"],
    );
    const { issues } = assertThrows(
      () => resolveGivenExtract([{ checkpoint_path }], new Registry()),
      ConfigError,
    );
    assert(issues[0].message.includes("the plugin that brings it is missing"), issues[0].message);
    const missing = { checkpoint_path: `${folder}/checkpoints/none.pt` };
    assertThrows(() => resolveGivenExtract([missing], registry), DataError, "does not exist");
    return Promise.resolve();
  });
});
