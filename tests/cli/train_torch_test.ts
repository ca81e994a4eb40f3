/** Checkpoints that PyTorch reads and writes; runs where GLOVITA_PYTHON names a Python for it. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { loadStateDict } from "../../engine/storage/state_dict.ts";
import { relativeError } from "../_golden.ts";
import { type Flags, inFolder, runTrain, writeSplits } from "../_training.ts";

const python = Deno.env.get("GLOVITA_PYTHON");

/** Runs a script that prints JSON. */
function run<T>(script: string, ...args: string[]): T {
  const command = new Deno.Command(python!, { args: ["-c", script, ...args] });
  const { stdout, stderr, success } = command.outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

function interop(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name: python ? name : `${name} (needs GLOVITA_PYTHON with torch and h5py)`,
    ignore: !python,
    fn: () => inFolder(fn),
  });
}

/** Goes on with checkpoints in PyTorch for an epoch each, and prints the weights. */
const CONTINUE = `
import json, sys
import h5py, torch

def go_on(case):
    checkpoint = torch.load(case["checkpoint"], weights_only=True)
    assert set(checkpoint) >= {"epoch", "model", "optimizer"}, list(checkpoint)
    model = checkpoint["model"]
    assert model["head.fc.fc.weight"].data_ptr() == model["cls_head.fc.fc.weight"].data_ptr()
    linear = torch.nn.Linear(6, 3)
    linear.load_state_dict({key: model["head.fc.fc." + key] for key in ("weight", "bias")})
    parameters = list(linear.parameters())
    if case["groups"] == 2:
        parameters = [{"params": [parameter]} for parameter in parameters]
    optimizer = getattr(torch.optim, case["name"])(parameters, lr=1.0, **case["options"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    for group in optimizer.param_groups:
        assert abs(group["lr"] - 0.005) < 1e-12, group["lr"]
        group["lr"] = group["initial_lr"]
    for begin in range(0, len(labels), 16):
        rows = slice(begin, begin + 16)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(
            linear(features[rows]), labels[rows], label_smoothing=0.1
        ).backward()
        optimizer.step()
    return {key: value.flatten().tolist() for key, value in linear.state_dict().items()}

with h5py.File(sys.argv[1]) as file:
    features = torch.from_numpy(file["features"][()])
    labels = torch.from_numpy(file["labels"][()]).long()
print(json.dumps([go_on(case) for case in json.loads(sys.argv[2])]))
`;

/** An optimizer as torch makes it, and the flags for the same one here. */
interface Case {
  readonly name: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Groups of parameters. */
  readonly groups?: number;
  readonly flags?: Flags;
}

const CASES: readonly Case[] = [
  { name: "AdamW" },
  { name: "AdamW", groups: 2, flags: { "optimizer.undecay_norm": "true" } },
  { name: "Adam" },
  { name: "SGD", options: { momentum: 0.9 } },
  {
    name: "SGD",
    options: { momentum: 0.9, nesterov: true },
    flags: { "optimizer.nesterov": "true" },
  },
];

interop("torch goes on with model and optimizer of a checkpoint", async (folder) => {
  const files = await writeSplits(folder);
  const directories: string[] = [];
  for (const { name, flags } of CASES) {
    // Two epochs: one of warm-up at half the rate, then one at the whole rate.
    const { directory } = await runTrain(files, {
      "optimizer.name": name,
      "optimizer.warmup_epochs": "1",
      "dataloading.shuffle_train": "false",
      "task.label_smoothing": "0.1",
      ...flags,
    });
    directories.push(join(directory, "checkpoints"));
  }
  const cases = CASES.map(({ name, options = {}, groups = 1 }, index) => {
    return { name, options, groups, checkpoint: join(directories[index], "epoch_0000.pt") };
  });
  const theirs = run<Record<string, number[]>[]>(CONTINUE, files.train, JSON.stringify(cases));
  for (const [index, { name }] of CASES.entries()) {
    const ours = loadStateDict(join(directories[index], "last.pt"));
    for (const key of ["weight", "bias"]) {
      const error = relativeError(ours.get(`head.fc.fc.${key}`)!.data, theirs[index][key]);
      assert(error < 1e-5, `${name} ${key}: ${error}`);
    }
  }
});

const SAVE = `
import collections, json, sys
import torch
torch.manual_seed(0)
linear = torch.nn.Linear(6, 3)
state = collections.OrderedDict(
    ("module.head.fc.fc." + key, value) for key, value in linear.state_dict().items()
)
torch.save(state, sys.argv[1] + "/bare.pt")
torch.save({"state_dict": {"fc.fc." + k: v.double() for k, v in linear.state_dict().items()},
            "epoch": 3}, sys.argv[1] + "/wrapped.pt")
print(json.dumps({key: value.flatten().tolist() for key, value in linear.state_dict().items()}))
`;

interop("training starts from a state dict that torch.save wrote", async (folder) => {
  const files = await writeSplits(folder);
  const saved = run<Record<string, number[]>>(SAVE, folder);
  for (const name of ["bare.pt", "wrapped.pt"]) {
    const { directory } = await runTrain(files, {
      "training.init_checkpoint": join(folder, name),
      "training.epochs": "1",
      "optimizer.lr": "1e-30",
    });
    const weights = loadStateDict(join(directory, "checkpoints", "last.pt"));
    for (const key of ["weight", "bias"]) {
      assertEquals([...weights.get(`head.fc.fc.${key}`)!.data], saved[key]);
    }
  }
});
