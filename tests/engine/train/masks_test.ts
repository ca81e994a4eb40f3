import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { ones } from "../../../engine/nn/initializers.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { storedTensor } from "../../../engine/storage/tensor_types.ts";
import { type TorchValue, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { freezeMasked, type Masks, readMasks, storedMasks } from "../../../engine/train/masks.ts";
import { inFolder } from "../../_training.ts";

function parameters() {
  const all = new Parameters();
  for (const name of ["a", "b", "c"]) all.scope().parameter(name, [2, 2], ones);
  return all.list();
}

const masks: Masks = new Map([["a", Uint8Array.of(0, 1, 0, 0)], ["b", new Uint8Array(4)]]);

Deno.test("freezeMasked() freezes what has no entry that trains", () => {
  const found = freezeMasked(parameters(), masks);
  assertEquals(found.map(({ trainable }) => trainable), [true, false, true]);
});

Deno.test("readMasks() reads what storedMasks() has stored", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "last.pt");
    const tree = (masks: TorchValue) => ({ glovita: { masks } });
    await writeTorchFile(file, tree(storedMasks(masks, parameters())));
    assertEquals(readMasks(file, parameters()), masks);

    const refused = (state: string) => {
      const error = assertThrows(() => readMasks(file, parameters()), DataError);
      assertEquals(error.message, `Cannot resume from "${file}": ${state}`);
    };
    const wide = storedTensor("bool", [4], new Uint8Array(4));
    await writeTorchFile(file, tree({ "a.mask": wide }));
    refused('its mask of "a" is not bool [2,2]');
    const numbers = storedTensor("float32", [2, 2], new Float32Array(4));
    await writeTorchFile(file, tree({ "b.mask": numbers }));
    refused('its mask of "b" is not bool [2,2]');
    await writeTorchFile(file, { glovita: {} });
    refused("it does not say which entries of parameters train");
  });
});
