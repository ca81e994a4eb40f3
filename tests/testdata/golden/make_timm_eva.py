"""Writes evas.json, resnets_split.json and pathology.json, and adds to timm_parameters.json and timm_forward.json.

Made with PyTorch 2.13 and timm 1.0.29, float32 on a CPU. Weights and pixels follow the rule of
tests/_timm.ts.
"""
import functools
import json
from pathlib import Path

import numpy as np
import timm
import torch
from make_timm_training import numbers, weights
from timm.models import res2net, resnest, sknet
from timm.models.eva import Eva
from timm.models.resnet import ResNet

torch.set_num_threads(1)
FOLDER = Path(__file__).parent
# What forward_features does not read.
BEYOND = ("head.", "head_dist.", "fc_norm.", "attn_pool.", "fc.")
SMALL = dict(img_size=[8, 12], patch_size=4, embed_dim=24, depth=2, num_heads=3, global_pool="")
ROPE = dict(SMALL, use_rot_pos_emb=True)
DINOV3 = dict(
    ROPE, rope_type="dinov3", rope_temperature=100, rope_rotate_half=True, use_abs_pos_emb=False,
    num_reg_tokens=4, init_values=1e-5,
)
EVAS = {
    "EVA": SMALL,
    "EVA-02": dict(
        ROPE, qkv_fused=False, swiglu_mlp=True, scale_mlp=True, ref_feat_shape=[4, 4], mlp_ratio=8 / 3,
    ),
    "EVA-02, small": dict(ROPE, swiglu_mlp=True, ref_feat_shape=[4, 4], mlp_ratio=8 / 3),
    "EVA-02, CLIP": dict(
        ROPE, qkv_fused=False, swiglu_mlp=True, scale_mlp=True, scale_attn_inner=True, mlp_ratio=8 / 3,
    ),
    "norms after the branches": dict(SMALL, use_post_norm=True),
    "norms after the branches, gated": dict(
        ROPE, use_post_norm=True, swiglu_mlp=True, swiglu_align_to=8, mlp_ratio=1.4,
    ),
    "DINOv3": dict(DINOV3, qkv_bias=False),
    "DINOv3, with biases": dict(DINOV3, qkv_bias=True),
    "DINOv3, gated": dict(DINOV3, qkv_bias=False, swiglu_mlp=True, swiglu_align_to=8, mlp_ratio=1.4),
    "DINOv3, any size": dict(DINOV3, dynamic_img_size=True, img_size=16),
    "DINOv3, neighbours in pairs": dict(DINOV3, rope_rotate_half=False),
    "Perception Encoder": dict(
        ROPE, attn_type="rope", use_pre_transformer_norm=True, rope_grid_offset=1.0,
        rope_grid_indexing="xy", ref_feat_shape=[3, 5], norm_layer={"name": "LayerNorm", "eps": 1e-5},
    ),
    "Perception Encoder without last norm": dict(
        ROPE, attn_type="rope", class_token=False, use_post_transformer_norm=False, init_values=0.1,
    ),
    "ROPE-ViT, mixed": dict(
        ROPE, attn_type="rope", rope_type="mixed", rope_temperature=10.0, rope_grid_indexing="xy",
        use_abs_pos_emb=False, init_values=1e-5,
    ),
    "mixed, rows first": dict(ROPE, attn_type="rope", qkv_fused=False, rope_type="mixed"),
    "registers": dict(
        ROPE, attn_type="rope", num_reg_tokens=1, no_embed_class=True, class_token=False,
        rope_grid_indexing="xy",
    ),
    "resampled positions": dict(ROPE, dynamic_img_size=True, img_size=12, ref_feat_shape=[3, 3]),
    "norm after pooling": dict(SMALL, global_pool="avg"),
}
RESNET = dict(layers=[1, 2, 1, 1], channels=[8, 16, 16, 24])
SK = {"split_input": True}
RESNETS = {
    "Res2Net": dict(RESNET, block="Bottle2neck", base_width=48, block_args={"scale": 4}),
    "Res2NeXt": dict(RESNET, block="Bottle2neck", base_width=8, cardinality=8, block_args={"scale": 3}),
    "SKNet": dict(RESNET, block="SelectiveKernelBasic", zero_init_last=False, block_args={
        "sk_kwargs": {"rd_ratio": 1 / 8, "rd_divisor": 16, "split_input": True},
    }),
    "SKNet, bottlenecks": dict(RESNET, block="SelectiveKernelBottleneck", block_args={"sk_kwargs": SK}),
    "SKNeXt": dict(RESNET, block="SelectiveKernelBottleneck", cardinality=4, base_width=32, block_args={
        "sk_kwargs": {"rd_ratio": 1 / 16, "rd_divisor": 32, "split_input": False},
    }),
    "ResNeSt": dict(
        RESNET, block="ResNestBottleneck", avg_down=True, stem_type="deep", stem_width=8,
        block_args={"radix": 2, "avd": True, "avd_first": False},
    ),
    "ResNeSt, means first, groups": dict(
        RESNET, block="ResNestBottleneck", cardinality=2, base_width=64,
        block_args={"radix": 4, "avd": True, "avd_first": True},
    ),
    "ResNeSt, one part": dict(RESNET, block="ResNestBottleneck", block_args={"radix": 1}),
}
FORWARD = [
    ("eva02_tiny_patch14_224", {}, 224),
    ("vit_small_patch16_dinov3", {}, 256),
    ("vit_small_patch16_rope_mixed_224", {}, 224),
    ("vit_pe_core_tiny_patch16_384", {"depth": 2, "img_size": 64}, 64),
    ("deit_tiny_distilled_patch16_224", {"depth": 2, "img_size": 64}, 64),
    ("ecaresnet50d_pruned", {}, 64),
    ("res2net50_26w_4s", {}, 64),
    ("resnest14d", {}, 64),
    ("skresnet18", {}, 64),
]
PACKED = {"mlp_layer": "SwiGLUPacked", "act_layer": "SiLU"}
VIRCHOW = dict(init_values=1e-5, mlp_ratio=5.3375, dynamic_img_size=True, img_size=224, **PACKED)
# Names of timm, and the arguments that the authors of the models give.
PATHOLOGY = {
    "UNI": ("vit_large_patch16_224", dict(init_values=1e-5, dynamic_img_size=True)),
    "UNI2-h": ("vit_giant_patch14_224", dict(
        img_size=224, patch_size=14, depth=24, num_heads=24, init_values=1e-5, embed_dim=1536,
        mlp_ratio=5.33334, no_embed_class=True, reg_tokens=8, dynamic_img_size=True, **PACKED,
    )),
    "Virchow": ("vit_huge_patch14_224", VIRCHOW),
    "Virchow2": ("vit_huge_patch14_224", dict(VIRCHOW, reg_tokens=4)),
    "H-optimus-0": ("vit_giant_patch14_reg4_dinov2", dict(img_size=224)),
    "H-optimus-1": ("vit_giant_patch14_reg4_dinov2", dict(img_size=224)),
    "H0-mini": ("vit_base_patch14_reg4_dinov2", dict(
        img_size=224, mlp_ratio=5.33334, dynamic_img_size=True, **PACKED,
    )),
    "Prov-GigaPath": ("vit_giant_patch14_dinov2", dict(img_size=224, patch_size=16)),
    "Midnight-12k": ("vit_giant_patch14_dinov2", dict(img_size=224)),
    "Hibou-B": ("vit_base_patch14_reg4_dinov2", dict(img_size=224)),
    "CONCH": ("vit_base_patch16_224", dict(img_size=448, dynamic_img_size=True)),
    "Phikon": ("vit_base_patch16_224", dict(norm_layer={"name": "LayerNorm", "eps": 1e-12})),
    "Phikon-v2": ("vit_large_patch16_224", dict(init_values=1e-5)),
}
# Two blocks of each, on small images.
REDUCED = ["UNI", "UNI2-h", "Virchow2", "H0-mini", "Prov-GigaPath"]


def python(kwargs):
    """Arguments as Python has them."""
    out = dict(kwargs)
    if isinstance(out.get("norm_layer"), dict):
        out["norm_layer"] = functools.partial(timm.layers.LayerNorm, eps=out["norm_layer"]["eps"])
    if "mlp_layer" in out:
        out["mlp_layer"] = timm.layers.SwiGLUPacked
    if "act_layer" in out:
        out["act_layer"] = torch.nn.SiLU
    return out


def tensors_of(model):
    return {
        n: t for n, t in model.state_dict(keep_vars=True).items()
        if not n.startswith(BEYOND) and not n.endswith("num_batches_tracked")
    }


def on_rule(model, sample_shape):
    """The model's features of the images of the rule, with its weights."""
    tensors = tensors_of(model)
    with torch.no_grad():
        for n, t in tensors.items():
            t.copy_(weights(n, t.shape))
    pixels = (2 * numbers("input", 2 * int(np.prod(sample_shape)))).astype(np.float32)
    return tensors, model.eval().forward_features(torch.tensor(pixels).reshape(2, *sample_shape))


def rounded(values, digits=7):
    return [float(f"{v:.{digits}g}") for v in np.asarray(values, np.float64).flatten()]


def resnet(kwargs):
    block = next(getattr(m, kwargs["block"]) for m in (res2net, resnest, sknet) if hasattr(m, kwargs["block"]))
    return ResNet(num_classes=0, **dict(kwargs, block=block))


def variant(name, kwargs):
    maps = "block" in kwargs
    sample_shape = [3, 48, 40] if maps else [3, 8, 12]
    model = resnet(kwargs) if maps else Eva(num_classes=0, **python(kwargs))
    tensors, features = on_rule(model, sample_shape)
    cotangent = torch.tensor(numbers("cotangent", features.numel()).astype(np.float32)).reshape(features.shape)
    trained = {n: t for n, t in tensors.items() if t.requires_grad}
    (features * cotangent).sum().backward()
    gradients = {}
    for n, t in trained.items():
        g = t.grad.double().flatten().numpy()
        gradients[n] = rounded([np.linalg.norm(g), g @ numbers(n, len(g))])
    layout = {} if maps else {"output": "tokens", "prefix": model.num_prefix_tokens}
    return layout | {
        "name": name, "kwargs": kwargs, "sample_shape": sample_shape,
        "embed_dim": model.num_features, "shape": list(features.shape),
        "parameters": {n: list(t.shape) for n, t in tensors.items()},
        "values": rounded(features.detach()), "gradients": gradients,
    }


def fingerprint(tensors):
    h = 2166136261
    for byte in "\n".join(sorted(f"{n} {'x'.join(map(str, t.shape))}" for n, t in tensors.items())).encode():
        h = ((h ^ byte) * 16777619) % 2**32
    return [len(tensors), sum(t.numel() for t in tensors.values()), h]


def on_meta(name, kwargs):
    with torch.device("meta"):
        return timm.create_model(name, num_classes=0, **python(kwargs))


def parameters(name):
    # As in GloViTa, tokens come out normalised, whatever the classifier pools.
    resnets = ("ecaresnet", "res2ne", "resnest", "skresne")
    pool = {} if "distilled" in name or name.startswith(resnets) else {"global_pool": ""}
    return fingerprint(tensors_of(on_meta(name, pool)))


def forward(model_name, kwargs, size):
    model = timm.create_model(model_name, num_classes=0, **kwargs)
    if hasattr(model, "blocks") and "distilled" not in model_name:
        model = timm.create_model(model_name, num_classes=0, global_pool="", **kwargs)
    tensors, features = on_rule(model, [3, size, size])
    features = features.detach()
    tokens = features.ndim == 3
    if tokens:
        prefix, first = model.num_prefix_tokens, features[:, 0]
        patches = features[:, prefix:]
        pooled = {"avg": patches.mean(1), "sum": patches.sum(1), "mean_all": features.mean(1)}
        if model.cls_token is not None:
            pooled |= {"cls_token": first, "joint": torch.cat([first, patches.mean(1)], 1)}
    else:
        pooled = {"pooled": features.mean((2, 3))}
    return {
        "model": model_name, "model_kwargs": kwargs, "image_size": size,
        "feature_shape": list(features.shape), "num_features": model.num_features if tokens else features.shape[1],
        "num_prefix_tokens": model.num_prefix_tokens if tokens else None,
        "has_class_token": model.cls_token is not None if tokens else None,
        "parameters": {n: list(t.shape) for n, t in tensors.items()},
        "features_first_row": rounded(features.flatten()[:64]),
        "features_mean": float(features.double().mean()), "features_std": float(features.double().std()),
        "pooled": {k: [rounded(row) for row in v] for k, v in pooled.items()},
    }


def reduced(name):
    """Two blocks, on images of 4 by 4 patches."""
    base, kwargs = PATHOLOGY[name]
    patch = kwargs.get("patch_size") or (14 if "patch14" in base else 16)
    small = dict(kwargs, depth=2, img_size=4 * patch)
    model = timm.create_model(base, num_classes=0, **dict(python(small), global_pool=""))
    _, features = on_rule(model, [3, 4 * patch, 4 * patch])
    features = features.detach()
    joint = torch.cat([features[:, 0], features[:, model.num_prefix_tokens:].mean(1)], 1)
    return {
        "image_size": 4 * patch, "model_kwargs": {"depth": 2, "img_size": 4 * patch},
        "joint": [rounded(row[::16]) for row in joint],
    }


def pathology(name):
    base, kwargs = PATHOLOGY[name]
    model = on_meta(base, kwargs)
    shapes = {n: list(t.shape) for n, t in tensors_of(model).items()}
    own = {n: s for n, s in shapes.items() if not n.startswith("blocks.") or n.startswith("blocks.0.")}
    out = {
        "name": name, "type": base, "model_kwargs": kwargs, "depth": len(model.blocks),
        "prefix": model.num_prefix_tokens, "fingerprint": fingerprint(tensors_of(model)),
        "parameters": own,
    }
    return out | ({"reduced": reduced(name)} if name in REDUCED else {})


def write(name, content, **options):
    (FOLDER / name).write_text(json.dumps(content, **options) + "\n")


def main():
    write("evas.json", [variant(name, kwargs) for name, kwargs in EVAS.items()])
    write("resnets_split.json", [variant(name, kwargs) for name, kwargs in RESNETS.items()])
    write("pathology.json", [pathology(name) for name in PATHOLOGY])
    path = FOLDER / "timm_parameters.json"
    known = json.loads(path.read_text())
    for module in ("eva", "deit", "res2net", "resnest", "sknet"):
        known |= {name: parameters(name) for name in timm.list_models(module=module)}
    lines = [f'"{k}":{json.dumps(v, separators=(",", ":"))}' for k, v in known.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    path = FOLDER / "timm_forward.json"
    known = json.loads(path.read_text())
    added = [name for name, _, _ in FORWARD]
    kept = [model for model in known["models"] if model["model"] not in added]
    known["models"] = kept + [forward(*case) for case in FORWARD]
    write(path.name, known, separators=(",", ":"))


if __name__ == "__main__":
    main()
