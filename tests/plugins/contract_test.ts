/** Every plugin of the registry keeps to the contract of its slot. */
import "../../plugins/mod.ts";
import { assertEquals } from "@std/assert";
import { registry } from "../../registry/registry.ts";
import { SLOT_NAMES } from "../../registry/slots.ts";
import { pluginChecks } from "../../registry/testing/mod.ts";
import { inFolder } from "../_training.ts";
import { CASES } from "./_contract_cases.ts";

for (const slot of SLOT_NAMES) {
  for (const key of registry.list(slot)) {
    Deno.test(`${slot} ${key} keeps to its contract`, async (t) => {
      await inFolder(async (folder) => {
        const cases = CASES[`${slot} ${key}`] ?? [{}];
        for (const options of typeof cases === "function" ? await cases(folder) : cases) {
          const checks = pluginChecks(registry.get(slot, key), options);
          for (const { name, run } of checks) await t.step(name, run);
        }
      });
    });
  }
}

Deno.test("the cases of the contract are those of plugins that exist", () => {
  const known = SLOT_NAMES.flatMap((slot) => registry.list(slot).map((key) => `${slot} ${key}`));
  assertEquals(Object.keys(CASES).filter((name) => !known.includes(name)), []);
});
