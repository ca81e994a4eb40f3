import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveGiven } from "../../../registry/builder/given_config.ts";
import { configure } from "../../../registry/configure.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
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
