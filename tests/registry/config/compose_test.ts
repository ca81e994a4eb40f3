import { assertEquals } from "@std/assert";
import { composeSections } from "../../../registry/config/compose.ts";
import { flag } from "../../../registry/config/flag.ts";
import { selectPlugins } from "../../../registry/config/select.ts";
import { fakeRegistry, minimalFile } from "../_fakes.ts";

Deno.test("composeSections() puts options beside the fields of their section", () => {
  const flags = [flag("optimizer.name", "Muon")];
  const { selections } = selectPlugins(minimalFile(), flags, { registry: fakeRegistry() });
  const sections = composeSections(selections);
  const find = (path: string) => sections.find((section) => section.path === path)!;
  assertEquals(Object.keys(find("optimizer").entries), [
    "name",
    "scheduler",
    "lr",
    "weight_decay",
    "layer_wise_lr_decay",
    "undecay_norm",
    "muon_momentum",
    "muon_ns_coefficients",
    "warmup_epochs",
  ]);
  assertEquals(find("model").children, ["encoder", "head"]);
  assertEquals(find("task").plugins, []);
  assertEquals(find("").children.includes("model"), true);
  assertEquals(find("").children.includes("encoder"), false);
});
