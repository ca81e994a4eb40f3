import { assertEquals } from "@std/assert";
import { aliasesOf, parameterAliases } from "../../../registry/builder/parameter_names.ts";

Deno.test("parameterAliases() and foreignNames() know the other names", () => {
  assertEquals(parameterAliases("encoder.model.fc.bias"), ["model.fc.bias"]);
  assertEquals(parameterAliases("head.fc.fc.bias"), ["cls_head.fc.fc.bias"]);
  assertEquals(parameterAliases("peft.prompt"), []);
  assertEquals(aliasesOf("head.fc.fc.bias"), ["cls_head.fc.fc.bias", "fc.fc.bias"]);
  assertEquals(aliasesOf("encoder.model.fc.bias"), ["model.fc.bias", "fc.bias"]);
  const others = { head: (name: string) => [name.replace("fc.", "linear.")] };
  assertEquals(aliasesOf("encoder.model.fc.bias", others), ["model.fc.bias", "fc.bias"]);
  assertEquals(aliasesOf("head.fc.bias", others), [
    ...["cls_head.fc.bias", "fc.bias"],
    ...["head.linear.bias", "cls_head.linear.bias", "linear.bias"],
  ]);
});

Deno.test("parameterAliases() and aliasesOf() know what a PEFT method calls the encoder's", () => {
  const peft = (name: string) => `wrapped.${name}`;
  assertEquals(parameterAliases("encoder.model.fc.bias", peft), ["model.wrapped.fc.bias"]);
  assertEquals(parameterAliases("head.fc.bias", peft), ["cls_head.fc.bias"]);
  assertEquals(aliasesOf("encoder.model.fc.bias", { peft: (name) => [peft(name)] }), [
    "model.fc.bias",
    "fc.bias",
    "encoder.model.wrapped.fc.bias",
    "model.wrapped.fc.bias",
    "wrapped.fc.bias",
  ]);
});
