"""Writes timm_forward_families.json and timm_parameters_families.json: models of timm by their names.

Made with PyTorch 2.13 and timm 1.0.29, float32 on a CPU. Weights and pixels follow the rule of
tests/_timm.ts, evaluation mode.
"""
import json
from pathlib import Path

import numpy as np
import timm
import torch
from make_timm_training import numbers, weights

SMALL_SWIN = {"embed_dim": 24, "depths": [1, 2, 2, 1], "num_heads": [1, 2, 3, 6]}
MODELS = [
    ("test_efficientnet", {}, 96),
    ("efficientnet_b0", {}, 64),
    ("tf_efficientnetv2_b0", {"in_chans": 1}, 69),
    ("swin_tiny_patch4_window7_224", {**SMALL_SWIN, "img_size": 112}, 112),
    ("swin_s3_tiny_224", {**SMALL_SWIN, "img_size": 224, "in_chans": 1}, 224),
    ("swinv2_tiny_window8_256", {**SMALL_SWIN, "img_size": 128}, 128),
]
MODULES = ["efficientnet", "swin_transformer", "swin_transformer_v2"]
FIRST = 32


def rounded(values):
    return [float(f"{value:.7g}") for value in values]


def tensors_of(model):
    return {n: t for n, t in model.state_dict().items() if not n.endswith("num_batches_tracked")}


def forward(name, kwargs, size):
    model = timm.create_model(name, num_classes=0, **kwargs).eval()
    tensors = tensors_of(model)
    for n, t in tensors.items():
        t.copy_(weights(n, t.shape))
    shape = (2, kwargs.get("in_chans", 3), size, size)
    pixels = (2 * numbers("input", int(np.prod(shape)))).astype(np.float32)
    features = model.forward_features(torch.tensor(pixels).reshape(shape))
    if getattr(model, "output_fmt", "") == "NHWC":
        features = features.permute(0, 3, 1, 2)
    return {
        "model": name,
        "model_kwargs": kwargs,
        "image_size": size,
        "feature_shape": list(features.shape),
        "num_features": model.num_features,
        "num_prefix_tokens": None,
        "has_class_token": None,
        "parameters": {n: list(t.shape) for n, t in tensors.items()},
        "features_first_row": rounded(features.flatten()[:FIRST].tolist()),
        "features_mean": features.mean().item(),
        "features_std": features.std().item(),
        "pooled": {"pooled": [rounded(row) for row in features.mean((2, 3)).tolist()]},
    }


def fingerprint(name):
    with torch.device("meta"):
        model = timm.create_model(name, num_classes=0)
    shapes = {n: list(t.shape) for n, t in tensors_of(model).items()}
    lines = sorted(f"{n} {'x'.join(map(str, shape))}" for n, shape in shapes.items())
    h = 2166136261
    for byte in "\n".join(lines).encode():
        h = ((h ^ byte) * 16777619) % 2**32
    return [len(shapes), int(sum(np.prod(shape, dtype=np.int64) for shape in shapes.values())), h]


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(__file__).parent
    with torch.no_grad():
        models = [forward(*each) for each in MODELS]
    content = {"timm": timm.__version__, "torch": torch.__version__, "models": models}
    (folder / "timm_forward_families.json").write_text(json.dumps(content) + "\n")
    names = [name for module in MODULES for name in timm.list_models(module=module)]
    prints = {name: fingerprint(name) for name in names}
    (folder / "timm_parameters_families.json").write_text(json.dumps(prints) + "\n")
