"""Writes timm_training.json and timm_training_families.json: what three SGD steps change in timm's models, in training mode.

Made with PyTorch 2.13 and timm 1.0.29, float32 on a CPU. Weights and pixels follow the rule of
tests/_timm.ts. A linear head over the mean of patch tokens, or of maps, and the cross entropy.
"""
import json
from pathlib import Path

import numpy as np
import timm
import torch

SEED, LR, MOMENTUM, BATCH, CLASSES, SAMPLES = 7, 0.005, 0.9, 4, 3, 12
LABELS = [[0, 2, 1, 2], [1, 1, 0, 2], [2, 0, 0, 1]]
MODELS = {
    "resnet18": {},
    "test_resnet": {},
    "vit_tiny_patch16_224": {"img_size": 64},
    "test_vit": {"img_size": 64},
    "test_vit3": {"img_size": 64},
    "test_convnext": {},
    "vit_small_patch16_dinov3": {"depth": 2, "embed_dim": 96, "num_heads": 3},
    "vit_small_patch16_rope_mixed_224": {"img_size": 64, "depth": 2, "embed_dim": 96, "num_heads": 3},
}
SMALL_SWIN = {"img_size": 64, "embed_dim": 16, "depths": [1, 2, 1, 1], "num_heads": [1, 2, 4, 4], "window_size": 4, "drop_path_rate": 0}
FAMILIES = {
    "test_efficientnet": {"pad_type": "same", "bn_eps": 0.001, "bn_momentum": 0.01},
    "swin_tiny_patch4_window7_224": SMALL_SWIN,
    "swinv2_tiny_window8_256": SMALL_SWIN,
}


def numbers(name, count):
    h = 2166136261
    for byte in f"{name}#{SEED}".encode():
        h = ((h ^ byte) * 16777619) % 2**32
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + h) % 2**32
    x ^= x >> np.uint64(16)
    x = x * 2246822519 % 2**32
    x ^= x >> np.uint64(13)
    return 2 * (x / 2**32) - 1


def weights(name, shape):
    s = numbers(name, int(np.prod(shape)))
    last = name.split(".")[-1]
    if last == "running_var":
        s = 1 + 0.25 * (s + 1)
    elif last == "running_mean":
        s = 0.1 * s
    elif last == "gamma":
        s = 0.1 + 0.05 * s
    elif last in ("pos_embed", "cls_token", "reg_token", "bias"):
        s = 0.02 * s
    elif len(shape) == 1:
        s = 1 + 0.1 * s
    else:
        s = s * np.sqrt(3 / np.prod(shape[1:]))
    return torch.tensor(s.astype(np.float32).reshape(tuple(shape)))


def train(name, kwargs):
    model = timm.create_model(name, pretrained=False, num_classes=0, **kwargs)
    head = torch.nn.Linear(model.num_features, CLASSES)
    tensors = {n: t for n, t in model.state_dict(keep_vars=True).items() if not n.endswith("num_batches_tracked")}
    tensors |= {f"head.{n}": t for n, t in head.state_dict(keep_vars=True).items()}
    with torch.no_grad():
        for n, t in tensors.items():
            t.copy_(weights(n, t.shape))
    before = {n: t.detach().clone() for n, t in tensors.items()}
    parameters = [p for p in tensors.values() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=LR, momentum=MOMENTUM)
    model.train()
    losses = []
    for step, labels in enumerate(LABELS):
        images = torch.tensor((2 * numbers(f"input{step}", BATCH * 3 * 64 * 64)).astype(np.float32)).reshape(BATCH, 3, 64, 64)
        features = model.forward_features(images)
        if features.ndim == 4:
            pooled = features.mean((1, 2) if getattr(model, "output_fmt", "") == "NHWC" else (2, 3))
        else:
            pooled = features[:, model.num_prefix_tokens:].mean(1)
        loss = torch.nn.functional.cross_entropy(head(pooled), torch.tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    changes = {}
    for n, t in tensors.items():
        if torch.equal(t.detach(), before[n]):
            continue  # a part that forward_features leaves out
        change = (t.detach() - before[n]).flatten().double().numpy()
        stride = max(1, len(change) // SAMPLES)
        changes[n] = {"largest": float(np.abs(change).max()), "samples": [float(f"{v:.6g}") for v in change[::stride][:SAMPLES]]}
    return {"model": name, "model_kwargs": kwargs, "losses": losses, "changes": changes}


if __name__ == "__main__":
    for file, models in {"timm_training.json": MODELS, "timm_training_families.json": FAMILIES}.items():
        cases = [train(name, kwargs) for name, kwargs in models.items()]
        content = {"lr": LR, "batch": BATCH, "labels": LABELS, "image_size": 64, "cases": cases}
        (Path(__file__).parent / file).write_text(json.dumps(content) + "\n")
