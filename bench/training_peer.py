"""The linear training loop in PyTorch and h5py, measured on request."""

import json
import resource
import sys
import time

import h5py
import numpy as np
import torch

from _precision import precision

D, C, BATCH = 1536, 1000, 512
torch.set_num_threads(2)
model = torch.nn.Linear(D, C)
optimizers = {
    "foreach": lambda: torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05),
    "fused": lambda: torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05, fused=True),
}
optimizer = optimizers["foreach"]()


class Features(torch.utils.data.Dataset):
    """One row per call from a file that is opened once, as training code in the field does."""

    def __init__(self, path):
        self.path, self.file = path, None
        with h5py.File(path, "r") as file:
            self.labels = torch.from_numpy(file["labels"][:]).long()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        if self.file is None:
            self.file = h5py.File(self.path, "r")["features"]
        return torch.from_numpy(self.file[index].astype(np.float32)), self.labels[index]


def step(features, labels, bf16):
    optimizer.zero_grad()
    with precision(bf16):
        loss = torch.nn.functional.cross_entropy(model(features), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def steps(request):
    global optimizer
    optimizer = optimizers[request["optimizer"]]()
    features = torch.randn(BATCH, D)
    labels = torch.randint(0, C, (BATCH,))
    for _ in range(3):
        step(features, labels, request["bf16"])
    times = []
    for _ in range(request["count"]):
        start = time.perf_counter()
        step(features, labels, request["bf16"])
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


def epoch(request):
    """An epoch through a DataLoader with `workers` processes, rows shuffled."""
    data = Features(request["path"])
    loader = torch.utils.data.DataLoader(
        data, batch_size=BATCH, shuffle=True, num_workers=request["workers"]
    )
    start = time.perf_counter()
    for features, labels in loader:
        step(features, labels, request["bf16"])
    return (time.perf_counter() - start) * 1000


def epoch_by_batch(request):
    """The best that h5py does: a batch's rows in one sorted selection, no workers."""
    with h5py.File(request["path"], "r") as file:
        features, labels = file["features"], torch.from_numpy(file["labels"][:]).long()
        order = np.random.permutation(len(labels))
        start = time.perf_counter()
        for at in range(0, len(order), BATCH):
            rows = np.sort(order[at : at + BATCH])
            batch = torch.from_numpy(features[rows].astype(np.float32))
            step(batch, labels[rows], request["bf16"])
        return (time.perf_counter() - start) * 1000


TASKS = {"hello": lambda request: 0.0, "steps": steps, "epoch": epoch, "batches": epoch_by_batch}

for line in sys.stdin:
    request = json.loads(line)
    ms = TASKS[request["task"]](request)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": ms, "peak_mb": peak}), flush=True)
