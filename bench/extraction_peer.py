"""timm on PyTorch: forward passes, and JPEG files to HDF5 through a DataLoader, on request."""

import json
import os
import resource
import sys
import time

import h5py
import torch
from PIL import Image

import timm
from safetensors.torch import save_file
from timm.data import create_transform, resolve_model_data_config

from _precision import precision

torch.set_num_threads(2)
models = {}


def model_of(name):
    if name not in models:
        torch.manual_seed(0)
        models[name] = timm.create_model(name, pretrained=False).eval()
    return models[name]


class Folder(torch.utils.data.Dataset):
    def __init__(self, root, transform):
        self.transform = transform
        base = os.path.join(root, "images", "train")
        self.files = [
            (os.path.join(base, label, name), index)
            for index, label in enumerate(sorted(os.listdir(base)))
            for name in sorted(os.listdir(os.path.join(base, label)))
        ]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path, label = self.files[index]
        return self.transform(Image.open(path).convert("RGB")), label


@torch.inference_mode()
def forward(request):
    model = model_of(request["type"])
    images = torch.randn(request["batch"], 3, 224, 224)
    with precision(request["bf16"]):
        model.forward_features(images)
        start = time.perf_counter()
        joint(model.forward_features(images))
    return (time.perf_counter() - start) * 1000


def joint(tokens):
    return torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], 1)


def weights(request):
    save_file(model_of(request["type"]).state_dict(), request["file"])
    return 0.0


@torch.inference_mode()
def extract(request):
    start = time.perf_counter()
    model = timm.create_model(request["type"], checkpoint_path=request["file"]).eval()
    transform = create_transform(**resolve_model_data_config(model))
    data = Folder(request["root"], transform)
    loader = torch.utils.data.DataLoader(
        data, batch_size=request["batch"], num_workers=request["workers"]
    )
    with h5py.File(os.path.join(request["root"], "theirs.h5"), "w") as file:
        width = 2 * model.num_features
        features = file.create_dataset(
            "features", (len(data), width), "float16", chunks=(1, width), compression=4
        )
        labels = file.create_dataset("labels", (len(data),), "int64")
        at = 0
        for images, targets in loader:
            with precision(request["bf16"]):
                values = joint(model.forward_features(images)).float().numpy()
            features[at : at + len(values)] = values
            labels[at : at + len(values)] = targets.numpy()
            at += len(values)
    return (time.perf_counter() - start) * 1000


def peak():
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + children) / 1024


TASKS = {"hello": lambda request: 0.0, "weights": weights, "forward": forward, "extract": extract}

for line in sys.stdin:
    request = json.loads(line)
    answer = {"ms": TASKS[request["task"]](request), "peak_mb": peak()}
    print(json.dumps(answer), flush=True)
