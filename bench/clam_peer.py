"""CLAM-SB (size small) in PyTorch: one training step on padded or packed bags, on request."""

import json
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

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

    def attend(self, x):
        x = F.normalize(self.norm(x), dim=-1, eps=1e-12)
        h = F.relu(self.projection(x))
        return h, self.c(torch.tanh(self.a(h)) * torch.sigmoid(self.b(h)))

    def classify(self, pooled):
        return 20 * F.linear(F.normalize(pooled, dim=-1), F.normalize(self.weight, dim=-1))

    def padded(self, x, mask):  # [bags, longest, D], [bags, longest]
        h, scores = self.attend(x)
        scores = scores.transpose(1, 2).float().masked_fill(~mask[:, None], float("-inf"))
        return self.classify((scores.softmax(-1) @ h.float())[:, 0])

    def packed(self, x, lengths):  # [rows, D]
        h, scores = self.attend(x)
        pooled = [
            scores.float().softmax(0).transpose(0, 1) @ h.float()
            for h, scores in zip(h.split(lengths), scores.split(lengths))
        ]
        return self.classify(torch.cat(pooled))


torch.manual_seed(0)
model = Clam()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)


def step(request):
    lengths = request["lengths"]
    rows = torch.randn(sum(lengths), D)
    labels = torch.arange(len(lengths)) % CLASSES
    padded = nn.utils.rnn.pad_sequence(rows.split(lengths), batch_first=True)
    mask = torch.arange(padded.shape[1])[None] < torch.tensor(lengths)[:, None]
    times = []
    for _ in range(request["count"]):
        start = time.perf_counter()
        optimizer.zero_grad()
        with precision(request["bf16"]):
            logits = model.packed(rows, lengths) if request["packed"] else model.padded(padded, mask)
        F.cross_entropy(logits.float(), labels).backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


for line in sys.stdin:
    request = json.loads(line)
    ms = 0.0 if request["task"] == "hello" else step(request)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": ms, "peak_mb": peak}), flush=True)
