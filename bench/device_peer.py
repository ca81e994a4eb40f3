"""Training steps and a forward pass in PyTorch on its GPU, or the CPU where it has none, on request."""

import json
import resource
import sys
import time

import timm
import torch
from torch import nn
from torch.nn import functional as F

from _clam import Clam
from _precision import precision

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(0)


def median_ms(run, count):
    """Middle time of some runs after three that warm up, each with all of its work done."""
    times = []
    for index in range(count + 3):
        start = time.perf_counter()
        run()
        if index >= 3:
            times.append(time.perf_counter() - start)
    return sorted(times)[count // 2] * 1000


def training(model, forward, labels, request):
    """A step; its loss is read, as that of the other side is."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05, fused=True)

    def run():
        optimizer.zero_grad()
        with precision(request["bf16"], DEVICE.type):
            logits = forward()
        loss = F.cross_entropy(logits.float(), labels.to(DEVICE))
        loss.backward()
        optimizer.step()
        loss.item()

    return median_ms(run, request["count"])


def linear(request):
    model = nn.Linear(request["width"], request["classes"]).to(DEVICE)
    features = torch.randn(request["size"], request["width"])
    labels = torch.randint(0, request["classes"], (request["size"],))
    return training(model, lambda: model(features.to(DEVICE)), labels, request)


def clam(request):
    lengths = request["lengths"]
    model = Clam(request["width"]).to(DEVICE)
    rows = torch.randn(sum(lengths), request["width"])
    labels = torch.arange(len(lengths)) % 2
    return training(model, lambda: model.packed(rows.to(DEVICE), lengths), labels, request)


def vit(request):
    model = timm.create_model(request["type"], pretrained=False, num_classes=10).to(DEVICE)
    images = torch.randn(request["size"], *request["shape"])
    labels = torch.randint(0, 10, (request["size"],))
    return training(model.train(), lambda: model(images.to(DEVICE)), labels, request)


def forward(request):
    model = timm.create_model(request["type"], pretrained=False, num_classes=0).to(DEVICE).eval()
    images = torch.randn(request["size"], *request["shape"])

    def run():
        with torch.inference_mode(), precision(request["bf16"], DEVICE.type):
            model(images.to(DEVICE)).float().cpu()

    return median_ms(run, request["count"])


TASKS = {"hello": lambda request: 0.0, "linear": linear, "clam": clam, "vit": vit, "forward": forward}

for line in sys.stdin:
    request = json.loads(line)
    ms = TASKS[request["task"]](request)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    name = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "the CPU"
    print(json.dumps({"ms": ms, "peak_mb": peak, "device": name}), flush=True)
