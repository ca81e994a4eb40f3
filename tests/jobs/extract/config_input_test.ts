import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveExtractInput } from "../../../jobs/extract/config_input.ts";
import { configure } from "../../../registry/configure.ts";
import { DataError } from "../../../engine/errors.ts";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { Registry } from "../../../registry/registry.ts";
import { extractionRegistry, madeUp } from "../../_extraction.ts";
import { inFolder } from "../../_training.ts";

const [images, encoder] = madeUp;

/** A run directory with a checkpoint that nobody opens. */
function writeRun(folder: string, config: object): string {
  Deno.mkdirSync(`${folder}/checkpoints`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/config.json`, JSON.stringify(config));
  Deno.writeTextFileSync(`${folder}/checkpoints/last.pt`, "");
  return `${folder}/checkpoints/last.pt`;
}

Deno.test("resolveExtractInput() resolves parts, and leaves a resolved config as it is", () => {
  const registry = extractionRegistry();
  const parts = [configure(images), configure(encoder), { precision: 32, split: "val" }] as const;
  const { config } = resolveExtractInput(parts, registry);
  assertEquals([config.data.dataset, config.precision, config.split], ["made_up", 32, "val"]);
  assert(resolveExtractInput(config, registry).config === config);
  const same = resolveExtractConfig({ parts }, registry);
  assertEquals(config, same.config);
});

Deno.test("resolveExtractInput() completes the config of a checkpoint's run", async () => {
  await inFolder((folder) => {
    const checkpoint_path = writeRun(folder, {
      data: { dataset: "made_up" },
      model: { encoder: { encoder_type: "tiny" } },
      training: { epochs: 3 },
    });
    const registry = extractionRegistry();
    const { config } = resolveExtractInput([{ checkpoint_path, method: "avg" }], registry);
    assertEquals(
      [config.data.dataset, config.model.encoder.encoder_type, config.method],
      ["made_up", "tiny", "avg"],
    );
    const { issues } = assertThrows(
      () => resolveExtractInput([{ checkpoint_path }], new Registry()),
      ConfigError,
    );
    assert(issues[0].message.includes("the plugin that brings it is missing"), issues[0].message);
    const missing = { checkpoint_path: `${folder}/checkpoints/none.pt` };
    assertThrows(() => resolveExtractInput([missing], registry), DataError, "does not exist");
    return Promise.resolve();
  });
});
