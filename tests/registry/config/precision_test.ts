import { assertEquals, assertThrows } from "@std/assert";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveInferConfig } from "../../../registry/config/infer.ts";
import { ConfigError } from "../../../registry/errors.ts";
import "../../../plugins/mod.ts";

const file = { data: { dataset: "cifar10" } };

Deno.test("extraction and inference compute in float32 unless something else is asked for", () => {
  for (const resolve of [resolveExtractConfig, resolveInferConfig]) {
    const { config: plain } = resolve({ file });
    assertEquals([plain.precision_compute, plain.float32_matmul_precision], [32, "highest"]);
    const flags = [flag("precision_compute", "16"), flag("float32_matmul_precision", "medium")];
    const { config } = resolve({ file, flags });
    assertEquals([config.precision_compute, config.float32_matmul_precision], [16, "medium"]);
    assertThrows(() => resolve({ file, flags: [flag("precision_compute", "64")] }), ConfigError);
  }
});
