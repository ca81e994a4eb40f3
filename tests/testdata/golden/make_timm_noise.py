"""Writes timm_noise.json: how the noise of training spreads the outputs of timm's models.

Made with PyTorch 2.13 and timm 1.0.29, float32 on a CPU. One image goes through a model many times in
training mode; weights and pixels follow the rule of tests/_timm.ts.
"""
import json
from pathlib import Path

import torch
from make_timm_training import numbers, weights
from timm.models.convnext import ConvNeXt
from timm.models.vision_transformer import ParallelThingsBlock, VisionTransformer

COPIES, SIZE = 20000, 8
VIT = {"img_size": SIZE, "patch_size": 2, "embed_dim": 12, "depth": 2, "num_heads": 3, "reg_tokens": 1}
CONVNEXT = {"depths": [1, 1, 1, 2], "dims": [4, 4, 8, 8]}
CASES = [
    *(("vision_transformer", {**VIT, name: 0.3}) for name in (
        "pos_drop_rate", "attn_drop_rate", "proj_drop_rate", "drop_path_rate", "patch_drop_rate",
    )),
    ("vision_transformer", {**VIT, "patch_drop_rate": 0.98, "class_token": False, "global_pool": ""}),
    ("vision_transformer", {**VIT, "drop_path_rate": 0.3, "block_fn": "ParallelThingsBlock"}),
    ("convnext", {**CONVNEXT, "drop_path_rate": 0.3}),
]
CLASSES = {"vision_transformer": VisionTransformer, "convnext": ConvNeXt}


@torch.no_grad()
def case(family, kwargs):
    given = {k: ParallelThingsBlock if k == "block_fn" else v for k, v in kwargs.items()}
    size = 32 if family == "convnext" else SIZE
    model = CLASSES[family](**given).train()
    for name, tensor in model.state_dict().items():
        tensor.copy_(weights(name, tensor.shape))
    pixels = (2 * numbers("input", 2 * 3 * size * size)).reshape(2, 3, size, size)[:1].astype("float32")
    torch.manual_seed(0)
    copies = COPIES // 10 if family == "convnext" else COPIES
    parts = []
    for _ in range(10):
        features = model.forward_features(torch.tensor(pixels).expand(copies // 10, -1, -1, -1))
        parts.append(features.mean((2, 3)) if features.ndim == 4 else features.mean(1))
    outputs = torch.cat(parts).double()
    rounded = lambda values: [float(f"{v:.5g}") for v in values.tolist()]
    return {
        "family": family, "kwargs": kwargs, "size": size, "copies": copies,
        "mean": rounded(outputs.mean(0)), "std": rounded(outputs.std(0)),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    content = [case(*each) for each in CASES]
    (Path(__file__).parent / "timm_noise.json").write_text(json.dumps(content) + "\n")
