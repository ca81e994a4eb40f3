"""CLAM-SB (size small) in PyTorch: one training step on padded or packed bags, on request."""

import json
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from _clam import CLASSES, Clam, D
from _precision import precision

torch.set_num_threads(2)
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
