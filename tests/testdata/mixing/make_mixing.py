"""Steps of SGD on mixed samples, by PyTorch: writes steps.json beside itself."""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
partners = torch.tensor([2, 0, 3, 1])
steps = {}


def step(name, samples, mixed, labels, loss_of, share):
    width = mixed[0].numel()
    weight = torch.linspace(-0.5, 0.5, 3 * width).reshape(3, width).requires_grad_()
    bias = torch.tensor([0.1, -0.2, 0.3], requires_grad=True)
    logits = mixed.flatten(1) @ weight.T + bias
    loss = share * loss_of(logits, labels) + (1 - share) * loss_of(logits, labels[partners])
    before = weight.flatten().tolist()
    loss.backward()
    torch.optim.SGD([weight, bias], lr=0.5).step()
    steps[name] = {
        "features": samples.flatten().tolist(),
        "labels": labels.flatten().tolist(),
        "partners": partners.tolist(),
        "share": share,
        "before": before,
        "loss": loss.item(),
        "weight": weight.flatten().tolist(),
        "bias": bias.tolist(),
    }


def smoothed(logits, labels):
    return F.cross_entropy(logits, labels, label_smoothing=0.1)


rows = torch.tensor([[1.0, -2], [0.5, 3], [-1, 0.25], [2, 1.5]])
classes = torch.tensor([0, 2, 1, 2])
labels = torch.tensor([[1.0, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]])
mixed_rows = 0.7 * rows + 0.3 * rows[partners]
step("mixup", rows, mixed_rows, classes, smoothed, 0.7)
step("multilabel", rows, mixed_rows, labels, F.binary_cross_entropy_with_logits, 0.7)

images = torch.linspace(-1, 1, 24).reshape(4, 1, 2, 3)
own = torch.tensor([[1.0, 1, 0], [1, 1, 0]])
step("cutmix", images, images * own + images[partners] * (1 - own), classes, smoothed, 4 / 6)
steps["cutmix"]["shares"] = own.flatten().tolist()

Path(__file__).with_name("steps.json").write_text(json.dumps(steps))
