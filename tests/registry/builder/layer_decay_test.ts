import { assertEquals, assertThrows } from "@std/assert";
import { layerDecayNotices } from "../../../registry/builder/layer_decay.ts";
import { ConfigError } from "../../../registry/errors.ts";

Deno.test("layerDecayNotices() wants blocks, or a head alone", () => {
  const head = [{ name: "head.fc.fc.weight" }];
  const vit = [{ name: "encoder.model.blocks.0.attn.qkv.weight" }, ...head];
  const resnet = [{ name: "encoder.model.layer1.0.conv1.weight" }, ...head];
  for (const parameters of [head, vit, resnet]) {
    assertEquals(layerDecayNotices(parameters, null), []);
  }
  assertEquals(layerDecayNotices(vit, 0.75), []);
  assertEquals(layerDecayNotices(head, 0.75), [
    "optimizer.layer_wise_lr_decay has no effect: there are no layers below the head",
  ]);
  const error = assertThrows(() => layerDecayNotices(resnet, 0.75), ConfigError);
  assertEquals(error.issues, [{
    path: "optimizer.layer_wise_lr_decay",
    message:
      "expected none for ResNets, ConvNeXts and other encoders without a row of blocks, received 0.75",
  }]);
});
