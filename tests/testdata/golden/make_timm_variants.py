"""Writes efficientnets.json, swins.json and swins_v2.json: features and gradients of small models of timm; and
relative_positions.json: tables of relative positions that timm resamples.

Made with PyTorch 2.13 and timm 1.0.29, float64 on a CPU. Weights and pixels follow the rule of
tests/_timm.ts, evaluation mode; gradients are those of the sum of features times the rule's numbers.
"""
import functools
import json
from pathlib import Path

import numpy as np
import torch
from make_timm_training import numbers, weights
from timm.layers import GroupNormAct, LayerNormAct2d
from timm.layers.pos_embed_rel import resize_rel_pos_bias_table
from timm.models._efficientnet_builder import decode_arch_def, round_channels
from timm.models.efficientnet import EfficientNet
from timm.models.swin_transformer import SwinTransformer
from timm.models.swin_transformer_v2 import SwinTransformerV2

V1 = [["ds_r1_k3_s1_e1_c16_se0.25"], ["ir_r2_k3_s2_e6_c24_se0.25"], ["ir_r1_k5_s2_e6_c40_se0.25"]]
V2 = [["cn_r2_k3_s1_e1_c8_skip"], ["er_r2_k3_s2_e4_c16"], ["ir_r1_k3_s2_e4_c24_se0.25", "ir_r2_k3_s1_e3_c24_noskip"]]
OTHER = [
    ["dsa_r1_k3_s1_c16"],
    ["ir_r1_k3.5_a1.1_p1.1_s2_e6_c24_se0.5_nsw", "ir_r1_k3.5.7_s1_e3_c24_nhs"],
    ["er_r1_k3_s1_e4_c24_fc24_gs8_se0.25_noskip"],
]
MIXED = [["ds_r1_k3_s1_c16"], ["ir_r2_k5_s2_e3_c24_se0.25_cc2"]]
FOLDED = [["ds_r1_k3_s1_c16_se0.25_d1"], ["er_r2_k3_s2_e6_c24_se0.25_nre"], ["ir_r1_k3_s2_e6_c32_se0.25"]]
SWIN = {"embed_dim": 8, "num_heads": [1, 2, 4, 4]}
EFFICIENTNETS = [
    ("efficientnet", {"arch_def": V1, "act_layer": "silu", "num_features": 32}, [3, 32, 32]),
    ("TensorFlow's padding", {"arch_def": V1, "act_layer": "relu6", "num_features": 32, "pad_type": "same", "bn_eps": 0.001}, [3, 33, 30]),
    ("second version", {"arch_def": V2, "act_layer": "silu", "num_features": 32, "stem_size": 8, "round_limit": 0}, [3, 32, 40]),
    (
        "other blocks",
        {
            "arch_def": OTHER, "num_features": 0, "channel_multiplier": 0.75, "fix_stem": True, "stem_size": 12, "stem_kernel_size": 5,
            "depth_multiplier": 1.4, "depth_trunc": "round", "in_chans": 1,
        },
        [1, 24, 32],
    ),
    (
        "blurred",
        {"arch_def": V2, "num_features": 16, "aa_layer": "blurpc", "channel_divisor": 4, "channel_multiplier": 0.5, "depth_multiplier": [1, 1, 1.3],
         "fix_first_last": True},
        [3, 32, 32],
    ),
    ("group norm", {"arch_def": V2, "act_layer": "silu", "num_features": 16, "group_size": 8, "norm_layer": {"name": "groupnormact", "group_size": 8}}, [3, 32, 32]),
    ("layer norm", {"arch_def": V1, "act_layer": "silu", "num_features": 16, "norm_layer": "layernormact2d"}, [3, 32, 32]),
]
EFFICIENTNETS += [
    ("mixed kernels", {"arch_def": MIXED, "act_layer": "silu", "num_features": 16, "pad_type": "same", "experts_multiplier": 2}, [3, 30, 32]),
    ("folded", {"arch_def": FOLDED, "act_layer": "silu", "num_features": 16, "depth_multiplier": 1.4}, [3, 32, 32]),
    ("global context", {"arch_def": V2, "act_layer": "silu", "num_features": 16, "se_layer": "gc"}, [3, 32, 32]),
]
SWINS = [
    ("shifted windows", {**SWIN, "img_size": 64, "window_size": 4, "depths": [2, 2, 2, 1]}, [3, 64, 64]),
    ("what is left over", {**SWIN, "img_size": [58, 44], "window_size": 3, "depths": [2, 2, 1, 1]}, [3, 58, 44]),
    (
        "windows of each stage",
        {**SWIN, "img_size": [32, 48], "patch_size": 2, "window_size": [4, [2, 4], 2, 1], "depths": [2, 2, 2, 1], "qkv_bias": False, "in_chans": 1,
         "mlp_ratio": 2},
        [1, 32, 48],
    ),
    ("always windows", {**SWIN, "img_size": 32, "window_size": 4, "depths": [1, 2, 1, 1], "always_partition": True}, [3, 32, 32]),
]
SWINS_V2 = [
    ("shifted windows", {**SWIN, "img_size": 64, "window_size": 4, "depths": [2, 2, 2, 1]}, [3, 64, 64]),
    (
        "windows of another training",
        {**SWIN, "img_size": [64, 96], "window_size": [4, 6], "depths": [1, 2, 1, 1], "pretrained_window_sizes": [8, 4, 4, 2], "in_chans": 1, "mlp_ratio": 2,
         "qkv_bias": False, "act_layer": "relu"},
        [1, 64, 96],
    ),
]
WINDOWS = [(7, (3, 3)), (4, (6, 3)), (3, (2, 2)), (3, (1, 4)), (2, (5, 3))]
NORMS = {"groupnormact": GroupNormAct, "layernormact2d": LayerNormAct2d}


def efficientnet(arch_def, **kwargs):
    def taken(defaults):
        return {theirs: kwargs.pop(ours, default) for ours, (theirs, default) in defaults.items()}

    widths = taken({"channel_multiplier": ("multiplier", 1), "channel_divisor": ("divisor", 8), "round_limit": ("round_limit", 0.9)})
    depths = taken({n: (n, d) for n, d in (("depth_multiplier", 1), ("depth_trunc", "ceil"), ("fix_first_last", False), ("group_size", None), ("experts_multiplier", 1))})
    if isinstance(depths["depth_multiplier"], list):
        depths["depth_multiplier"] = tuple(depths["depth_multiplier"])
    norm = kwargs.pop("norm_layer", None)
    if norm is None:
        norm_layer = functools.partial(torch.nn.BatchNorm2d, eps=kwargs.pop("bn_eps", 1e-5))
    elif isinstance(norm, str):
        norm_layer = NORMS[norm]
    else:
        norm_layer = functools.partial(NORMS[norm["name"]], group_size=norm["group_size"])
    kwargs["act_layer"] = {"silu": torch.nn.SiLU, "relu6": torch.nn.ReLU6}.get(kwargs.get("act_layer"), torch.nn.ReLU)
    blocks = decode_arch_def(arch_def, **depths)
    return EfficientNet(blocks, round_chs_fn=functools.partial(round_channels, **widths), norm_layer=norm_layer, num_classes=0, **kwargs)


def rounded(values, digits=7):
    return [float(f"{value:.{digits}g}") for value in values]


def variant(build, name, kwargs, sample_shape, channels_last=False):
    model = build(**kwargs).double().eval()
    tensors = {n: t for n, t in model.state_dict(keep_vars=True).items() if not n.endswith("num_batches_tracked")}
    with torch.no_grad():
        for n, t in tensors.items():
            t.copy_(weights(n, t.shape))
    pixels = (2 * numbers("input", 2 * int(np.prod(sample_shape)))).astype(np.float32)
    features = model.forward_features(torch.tensor(pixels).double().reshape(2, *sample_shape))
    if channels_last:
        features = features.permute(0, 3, 1, 2)
    cotangent = torch.tensor(numbers("cotangent", features.numel()).astype(np.float32)).double().reshape(features.shape)
    (features * cotangent).sum().backward()
    gradients = {}
    for n, t in tensors.items():
        if t.requires_grad:
            gradient = t.grad.flatten().numpy()
            gradients[n] = rounded([np.linalg.norm(gradient), gradient @ numbers(n, gradient.size)])
    return {
        "name": name,
        "kwargs": kwargs,
        "sample_shape": sample_shape,
        "embed_dim": model.num_features,
        "shape": list(features.shape),
        "parameters": {n: list(t.shape) for n, t in tensors.items()},
        "values": rounded(features.detach().flatten().tolist()),
        "gradients": gradients,
    }


def swin(architecture):
    return lambda **kwargs: architecture(num_classes=0, **kwargs)


def resampled(window, wanted):
    table = torch.tensor(numbers("table", (2 * window - 1) ** 2 * 2).astype(np.float32)).reshape(-1, 2)
    shape = ((2 * wanted[0] - 1) * (2 * wanted[1] - 1), 2)
    return {"from": window, "to": wanted, "values": rounded(resize_rel_pos_bias_table(table, wanted, shape).flatten().tolist())}


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(__file__).parent
    files = {
        "efficientnets.json": [variant(efficientnet, *each) for each in EFFICIENTNETS],
        "swins.json": [variant(swin(SwinTransformer), *each, channels_last=True) for each in SWINS],
        "swins_v2.json": [variant(swin(SwinTransformerV2), *each, channels_last=True) for each in SWINS_V2],
        "relative_positions.json": [resampled(*each) for each in WINDOWS],
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content) + "\n")
