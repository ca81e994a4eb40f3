import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { writeSafetensors } from "../../../engine/storage/safetensors.ts";
import { readFloat32 } from "../../../engine/storage/tensor_types.ts";
import {
  storedTensor,
  type TorchValue,
  writeTorchFile,
} from "../../../engine/storage/torch/torch_file.ts";
import { WeightsFile } from "../../../engine/storage/weights_file.ts";
import { TemporaryFolder, TORCH_FOLDER } from "./testdata.ts";

const bias = () => storedTensor("float32", [2], new Float32Array([1, 2]));

/** Keys and names of what a file holds. */
function contents({ stateDicts }: WeightsFile): [string, string[]][] {
  return stateDicts.map(({ keys, tensors }) => [keys.join("."), [...tensors.keys()]]);
}

Deno.test("WeightsFile finds every dictionary of tensors, the outer before the inner", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  await writeTorchFile(path, {
    epoch: 3,
    scale: bias(),
    model: { bias: bias(), _extra_state: bias(), lr: 0.1 },
    ema: { decay: 0.9, shadow: { "module.bias": bias(), "module._extra_state": bias() } },
    optimizer: { state: new Map([[0, { exp_avg: bias() }]]), param_groups: [{ w: bias() }] },
  });
  using file = WeightsFile.open(path);
  assertEquals(contents(file), [
    ["", ["scale"]],
    ["model", ["bias"]],
    ["ema.shadow", ["module.bias"]],
  ]);
  assertEquals([file.entry("epoch"), file.entry("ema", "decay")], [3, 0.9]);
  assertEquals([file.entry("nothing"), file.entry("epoch", "more")], [undefined, undefined]);
});

Deno.test("WeightsFile reads safetensors whatever the file is called", async () => {
  using folder = new TemporaryFolder();
  for (const name of ["a.bin", "b.safetensors", "c.pth"]) {
    await writeSafetensors(folder.file(name), new Map([["bias", bias()]]));
    using file = WeightsFile.open(folder.file(name));
    assertEquals([contents(file), file.entry("bias")], [[["", ["bias"]]], undefined]);
    const [{ tensors }] = file.stateDicts;
    assertEquals(readFloat32(tensors.get("bias")!, "bias").data, Float32Array.of(1, 2));
  }
});

Deno.test("WeightsFile reads PyTorch's older format", () => {
  using file = WeightsFile.open(`${TORCH_FOLDER}/legacy_checkpoint.pth`);
  assertEquals(contents(file).map(([key]) => key), ["", "state_dict"]);
});

const NO_WEIGHTS: Readonly<Record<string, readonly [TorchValue, string]>> = {
  "a bare tensor": [bias(), "it holds a bare tensor of shape [2], not a state dict"],
  "a list": [[bias()], "it holds no state dict"],
  "an empty dict": [{}, "it holds no state dict"],
  "numbered entries": [new Map([[0, bias()]]), "it holds no state dict"],
  "numbers": [{ epoch: 1, lr: [0.1] }, "it holds no state dict"],
};

for (const [name, [value, reason]] of Object.entries(NO_WEIGHTS)) {
  Deno.test(`WeightsFile.open() refuses ${name}`, async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("a.pt");
    await writeTorchFile(path, value);
    const error = assertThrows(() => WeightsFile.open(path), DataError);
    assertEquals(error.message, `Cannot load weights from "${path}": ${reason}`);
  });
}

Deno.test("WeightsFile.open() says what was saved instead of a state dict", () => {
  const advice = "not a state dict: save what its state_dict() gives";
  const modules = {
    "whole_module.pt": '"model" is an object of class "torch.nn.modules.container.Sequential", ',
    "legacy_module.pth": 'it holds an object of class "torch.nn.modules.linear.Linear", ',
  };
  for (const [name, what] of Object.entries(modules)) {
    assertThrows(() => WeightsFile.open(`${TORCH_FOLDER}/${name}`), DataError, what + advice);
  }
});

const encode = (text: string) => new TextEncoder().encode(text);

const OTHER_FILES: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  "nothing": [new Uint8Array(0), "it is an empty file"],
  "text": [encode("Not Found"), 'it is text that begins "Not Found"'],
  "a pointer": [encode("version https://git-lfs.github.com/spec/v1\n"), "it is a Git LFS pointer"],
  "a page": [encode("<!doctype html><p>Sign in</p>"), "it is an HTML page"],
  "a packed file": [new Uint8Array(gzipSync("x")), "it is compressed with gzip"],
  "HDF5": [Uint8Array.from("\x89HDF\r\n\x1a\n", (c) => c.charCodeAt(0)), "it is an HDF5 file"],
};

Deno.test("WeightsFile.open() says what a file is that holds no weights, whatever its name", () => {
  using folder = new TemporaryFolder();
  for (const [content, what] of Object.values(OTHER_FILES)) {
    for (const name of ["a.pt", "a.pth.tar", "a.bin"]) {
      Deno.writeFileSync(folder.file(name), content);
      const error = assertThrows(() => WeightsFile.open(folder.file(name)), DataError);
      const start = `Cannot read "${
        folder.file(name)
      }": ${what}, not a PyTorch or safetensors file`;
      assert(error.message.startsWith(start), error.message);
    }
    Deno.writeFileSync(folder.file("a.safetensors"), content);
    assertThrows(() => WeightsFile.open(folder.file("a.safetensors")), DataError, what);
  }
});

const pickle = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

Deno.test("WeightsFile.open() walks through deep and circular dictionaries", async () => {
  const { zipChunks } = await import("../../../engine/storage/torch/zip_writer.ts");
  using folder = new TemporaryFolder();
  const write = (name: string, text: string) => {
    using file = Deno.openSync(folder.file(name), { write: true, create: true });
    const entries = [{ name: "a/data.pkl", data: pickle("\x80\x02" + text) }];
    for (const chunk of zipChunks(entries)) file.writeSync(chunk);
    return folder.file(name);
  };
  const key = "X\x05\0\0\0model";
  const itself = write("itself.pt", `}q\0${key}h\0s.`);
  assertThrows(() => WeightsFile.open(itself), DataError, 'its dictionary "model" holds itself');
  const circle = write("circle.pt", `}q\0${key}}X\x03\0\0\0emah\0ss.`);
  assertThrows(() => WeightsFile.open(circle), DataError, '"model.ema" holds itself');
  const deep = write("deep.pt", `}${key}`.repeat(30_000) + "}" + "s".repeat(30_000) + ".");
  assertThrows(() => WeightsFile.open(deep), DataError, "it holds no state dict");
});

Deno.test("WeightsFile gives the file free when it is disposed of or refused", async () => {
  using folder = new TemporaryFolder();
  await writeTorchFile(folder.file("a.pt"), { bias: bias() });
  const file = WeightsFile.open(folder.file("a.pt"));
  const [{ tensors }] = file.stateDicts;
  file[Symbol.dispose]();
  assertThrows(() => tensors.get("bias")!.read("bias"), DataError, "it is closed");
});
