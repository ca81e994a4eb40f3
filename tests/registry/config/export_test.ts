import { assertEquals, assertThrows } from "@std/assert";
import { flag } from "../../../registry/config/flag.ts";
import { resolveExportConfig } from "../../../registry/config/export.ts";
import { ConfigError } from "../../../registry/errors.ts";

Deno.test("resolveExportConfig() fills in defaults", () => {
  const { config } = resolveExportConfig({ parts: [{ exp_dir: "run" }] });
  assertEquals(config, {
    exp_dir: "run",
    checkpoint_path: null,
    checkpoint: "best",
    fold: null,
    output: null,
    browser: null,
    precision: 32,
    with_preprocessing: false,
    merge_adapters: false,
  });
});

Deno.test("resolveExportConfig() takes flags, and names what is wrong with them", () => {
  const { config } = resolveExportConfig({
    flags: [flag("precision", "16"), flag("with_preprocessing", "true"), flag("fold", "2")],
  });
  assertEquals([config.precision, config.with_preprocessing, config.fold], [16, true, 2]);
  const wrong = { flags: [flag("precision", "8"), flag("opset", "17")] };
  const { issues } = assertThrows(() => resolveExportConfig(wrong), ConfigError);
  assertEquals(issues.map(({ path }) => path), ["opset", "precision"]);
});
