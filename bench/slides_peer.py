"""CLAM-SB (size small) in PyTorch over a folder of slides as CLAM trains: batch 1, a DataLoader."""

import json
import os
import resource
import sys
import time

import h5py
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from _precision import precision

torch.set_num_threads(2)
D, H, A, CLASSES = 1024, 512, 256, 2


class Clam(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(D, eps=1e-6)
        self.projection = nn.Linear(D, H)
        self.a, self.b, self.c = nn.Linear(H, A), nn.Linear(H, A), nn.Linear(A, 1)
        self.weight = nn.Parameter(torch.randn(CLASSES, H) * 0.02)

    def forward(self, x):  # [instances, D]
        x = F.normalize(self.norm(x), dim=-1, eps=1e-12)
        h = F.relu(self.projection(x))
        scores = self.c(torch.tanh(self.a(h)) * torch.sigmoid(self.b(h)))
        pooled = scores.softmax(0).transpose(0, 1) @ h
        return 20 * F.linear(F.normalize(pooled, dim=-1), F.normalize(self.weight, dim=-1))


class Slides(Dataset):
    def __init__(self, folder, kind):
        self.folder, self.kind = folder, kind
        self.count = len(os.listdir(folder))

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        path = os.path.join(self.folder, f"s{index}.{self.kind}")
        if self.kind == "pt":
            return torch.load(path), index % 2
        with h5py.File(path, "r") as file:
            return torch.from_numpy(file["features"][:]), index % 2


torch.manual_seed(0)
model = Clam()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)


def epoch(request):
    slides = Slides(request["folder"], request["kind"])
    loader = DataLoader(slides, batch_size=None, shuffle=True, num_workers=request["workers"])
    start = time.perf_counter()
    for features, label in loader:
        optimizer.zero_grad()
        with precision(request["bf16"]):
            loss = F.cross_entropy(model(features), torch.tensor([label]))
        loss.backward()
        optimizer.step()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        ms = 0.0 if request["task"] == "hello" else epoch(request)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"ms": ms, "peak_mb": peak}), flush=True)
