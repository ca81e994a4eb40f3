import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveConfigInput } from "../../../registry/builder/config_input.ts";
import { configure } from "../../../registry/configure.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
import { inFolder, runConfig } from "../../_training.ts";
import { fake } from "../_fakes.ts";
import { runParts } from "./_parts.ts";

const files = { folder: "runs", train: "train.h5", val: "val.h5", test: "test.h5" };

Deno.test("resolveConfigInput() leaves a resolved config as it is", () => {
  const config = runConfig(files);
  const { config: same, notices } = resolveConfigInput(config, registry);
  assert(same === config);
  assertEquals(notices, []);
});

Deno.test("resolveConfigInput() resolves parts to what flags resolve to", async () => {
  await inFolder((folder) => {
    const placed = { ...files, folder };
    assertEquals(resolveConfigInput(runParts(placed), registry).config, runConfig(placed));
    return Promise.resolve();
  });
});

Deno.test("resolveConfigInput() names everything that is wrong with parts", () => {
  const wrong = [configure(fake("head_type", "clamm")), { training: { epochs: 0 } }];
  const { issues } = assertThrows(
    () => resolveConfigInput(runParts(files, ...wrong), registry),
    ConfigError,
  );
  assertEquals(issues.map(({ path }) => path), ["model.head.head_type", "training.epochs"]);
});
