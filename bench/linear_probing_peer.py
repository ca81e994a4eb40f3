"""Linear probing by timm on PyTorch, on request: the plain loop over images, with a DataLoader."""

import json
import resource
import sys
import time

import timm
import torch
from torch.nn import functional as F
from torchvision import datasets, transforms

from _precision import precision

torch.set_num_threads(2)


def loader(folder, split, batch, shuffle):
    transform = transforms.Compose([
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    data = datasets.ImageFolder(f"{folder}/images/{split}", transform)
    return torch.utils.data.DataLoader(
        data, batch_size=batch, shuffle=shuffle, num_workers=1, persistent_workers=True
    )


def train(request):
    start = time.perf_counter()
    torch.manual_seed(0)
    batch = request["batch"]
    train_loader = loader(request["folder"], "train", batch, True)
    val_loader = loader(request["folder"], "val", batch, False)
    encoder = timm.create_model(request["type"], pretrained=False, num_classes=0).eval()
    encoder.requires_grad_(False)
    head = torch.nn.Linear(encoder.num_features, 2)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=0.05)
    for _ in range(request["epochs"]):
        for images, labels in train_loader:
            with torch.inference_mode(), precision(request["bf16"]):
                features = encoder(images)
            with precision(request["bf16"]):
                loss = F.cross_entropy(head(features.clone()), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.inference_mode(), precision(request["bf16"]):
            for images, labels in val_loader:
                F.cross_entropy(head(encoder(images)), labels)
    return (time.perf_counter() - start) * 1000


for line in sys.stdin:
    request = json.loads(line)
    ms = train(request) if request["task"] == "train" else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": ms, "peak_mb": peak}), flush=True)
