/** Files that Python reads and writes; runs where GLOVITA_PYTHON names a Python with PyTorch. */
import { assertEquals } from "@std/assert";
import { SafetensorsFile, writeSafetensors } from "../../../../engine/storage/safetensors.ts";
import { loadStateDict } from "../../../../engine/storage/state_dict.ts";
import {
  OrderedDict,
  pyFloat,
  pyTuple,
  storedTensor,
  toFloat32,
  writeTorchFile,
} from "../../../../engine/storage/torch/torch_file.ts";
import { TemporaryFolder } from "../testdata.ts";

const python = Deno.env.get("GLOVITA_PYTHON");

/** Runs a script; what it prints must be JSON. */
function run(script: string, ...args: string[]): unknown {
  const command = new Deno.Command(python ?? "", { args: ["-c", script, ...args] });
  const { stdout, stderr, success } = command.outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

function interop(name: string, fn: (folder: TemporaryFolder) => Promise<void> | void): void {
  Deno.test({
    name: `${name} (needs GLOVITA_PYTHON with torch and safetensors)`,
    ignore: !python,
    fn: async () => {
      using folder = new TemporaryFolder();
      await fn(folder);
    },
  });
}

interop("torch.load(weights_only=True) opens a checkpoint", async (folder) => {
  const weight = storedTensor("float32", [2, 3], new Float32Array([1, 2, 3, 4, 5, 6]));
  const moments = () => ({
    step: storedTensor("float32", [], new Float32Array([7])),
    exp_avg: storedTensor("float32", [2, 3], new Float32Array(6)),
    exp_avg_sq: storedTensor("float32", [2, 3], new Float32Array(6)),
  });
  await writeTorchFile(folder.file("last.pt"), {
    epoch: 3,
    model: new OrderedDict([
      ["encoder.model.weight", weight],
      ["model.weight", weight],
      ["half", storedTensor("float16", [2], new Uint16Array([0x3c00, 0xc000]))],
      ["brain", storedTensor("bfloat16", [1], new Uint16Array([0x3fc0]))],
      ["count", storedTensor("int64", [], new BigInt64Array([-5n]))],
      ["flags", storedTensor("bool", [2], new Uint8Array([1, 0]))],
      ["empty", storedTensor("float32", [0, 3], new Float32Array(0))],
    ]),
    optimizer: {
      state: new Map([[0, moments()]]),
      param_groups: [{ lr: pyFloat(1), betas: pyTuple(0.9, 0.999), params: [0], fused: null }],
    },
    large: 2n ** 70n,
    text: "größe",
  });
  const script = `
import torch, json, sys
c = torch.load(sys.argv[1], weights_only=True)
m = c["model"]
p = torch.nn.Parameter(m["model.weight"])
o = torch.optim.AdamW([p]); g = c["optimizer"]["param_groups"][0]
print(json.dumps([c["epoch"], type(m).__name__, m["encoder.model.weight"].tolist(),
  m["encoder.model.weight"].data_ptr() == m["model.weight"].data_ptr(), m["half"].tolist(),
  m["brain"].tolist(), str(m["brain"].dtype), m["count"].item(), m["flags"].tolist(),
  list(m["empty"].shape), list(c["optimizer"]["state"].keys()),
  c["optimizer"]["state"][0]["step"].item(), type(g["lr"]).__name__, type(g["betas"]).__name__,
  g["fused"], c["large"] == 2**70, c["text"]]))`;
  assertEquals(run(script, folder.file("last.pt")), [
    3,
    "OrderedDict",
    [[1, 2, 3], [4, 5, 6]],
    true,
    [1, -2],
    [1.5],
    "torch.bfloat16",
    -5,
    [true, false],
    [0, 3],
    [0],
    7,
    "float",
    "tuple",
    null,
    true,
    "größe",
  ]);
});

interop("torch.load(mmap=True) and zipfile accept the archive", async (folder) => {
  const data = Float32Array.from({ length: 5000 }, (_, i) => i);
  await writeTorchFile(folder.file("a.pt"), { a: storedTensor("float32", [5000], data) });
  const script = `
import torch, json, sys, zipfile
a = torch.load(sys.argv[1], weights_only=True, mmap=True)["a"]
print(json.dumps([zipfile.ZipFile(sys.argv[1]).testzip(), a.sum().item(), a.data_ptr() % 64]))`;
  assertEquals(run(script, folder.file("a.pt")), [null, 12_497_500, 0]);
});

interop("loadStateDict() reads what torch.save writes", (folder) => {
  const script = `
import torch, json, sys
torch.manual_seed(3)
m = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3)).to(
    memory_format=torch.channels_last)
sd = {"module." + k: v for k, v in m.state_dict().items()}
sd["module.view"] = torch.nn.Parameter(torch.arange(12.).reshape(3, 4)[1:, ::2].t())
sd["module.half"] = sd["module.view"].detach().half()
torch.save({"state_dict": sd, "optimizer": torch.optim.SGD(m.parameters(), 0.1).state_dict()},
    sys.argv[1])
print(json.dumps({k[7:]: [list(v.shape), v.detach().float().flatten().tolist()]
    for k, v in sd.items()}))`;
  const expected = run(script, folder.file("a.pt")) as Record<string, [number[], number[]]>;
  const state = loadStateDict(folder.file("a.pt"));
  assertEquals([...state.keys()], Object.keys(expected));
  for (const [name, [shape, values]] of Object.entries(expected)) {
    assertEquals(state.get(name), { shape, data: Float32Array.from(values) });
  }
});

interop("safetensors files go both ways", async (folder) => {
  const bias = storedTensor("float16", [2], new Uint16Array([0x3c00, 0xc000]));
  const step = storedTensor("int64", [], new BigInt64Array([9n]));
  await writeSafetensors(folder.file("a"), new Map([["bias", bias], ["step", step]]));
  const script = `
import json, sys
from safetensors.torch import load_file, save_file
t = load_file(sys.argv[1]); save_file({k: v * 2 for k, v in t.items()}, sys.argv[2])
print(json.dumps({k: [str(v.dtype), v.tolist()] for k, v in sorted(t.items())}))`;
  assertEquals(run(script, folder.file("a"), folder.file("b")), {
    bias: ["torch.float16", [1, -2]],
    step: ["torch.int64", 9],
  });
  using file = SafetensorsFile.open(folder.file("b"));
  assertEquals(toFloat32(file.read("bias")).data, new Float32Array([2, -4]));
});
