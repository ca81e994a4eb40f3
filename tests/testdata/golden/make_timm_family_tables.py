"""Writes plugins/encoder_type/_timm_<family>.json: what timm 1.0.29 knows of the models of a family.

Run as `make_timm_family_tables.py PLUGINS_FOLDER`, then `deno fmt` the folder.
"""
import functools
import inspect
import json
import sys
from pathlib import Path

import timm
import torch
from timm.models import _registry as registry
from timm.models import efficientnet, swin_transformer, swin_transformer_v2

STATISTICS = {
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)): "imagenet",
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)): "inception",
}
# Its norm is not built.
NOT_BUILT = {"test_efficientnet_evos"}
seen = {}


class Seen(Exception):
    pass


def record(variant, pretrained=False, **kwargs):
    seen["kwargs"] = kwargs
    raise Seen


decode = efficientnet.decode_arch_def
create_effnet = efficientnet._create_effnet


def create(name):
    """The model itself, although its function is replaced."""
    efficientnet._create_effnet = create_effnet
    try:
        return timm.create_model(name)
    finally:
        efficientnet._create_effnet = record


def decode_arch_def(*args, **kwargs):
    bound = inspect.signature(decode).bind(*args, **kwargs)
    bound.apply_defaults()
    seen["definition"] = bound.arguments
    return decode(*args, **kwargs)


efficientnet.decode_arch_def = decode_arch_def
efficientnet._create_effnet = record
swin_transformer._create_swin_transformer = record
swin_transformer_v2._create_swin_transformer_v2 = record


def differing(values, defaults):
    return {name: value for name, value in values.items() if value != defaults.get(name)}


def plain(name, value):
    return value.__name__.lower() if name == "act_layer" else value


def efficientnet_kwargs():
    kwargs, definition = seen["kwargs"], dict(seen["definition"])
    del kwargs["block_args"]
    definition["arch_def"] = [list(stage) for stage in definition.pop("arch_def")]
    rounding = kwargs.pop("round_chs_fn").keywords
    norm = kwargs.pop("norm_layer")
    given = {} if not isinstance(norm, functools.partial) else norm.keywords
    norm = getattr(norm, "func", norm).__name__.lower()
    batch = norm == "batchnorm2d"
    if not batch:
        kwargs["norm_layer"] = {"name": norm, **given} if given else norm
    widths = {
        "channel_multiplier": rounding.get("multiplier", 1.0),
        "channel_divisor": rounding.get("divisor", 8),
        "round_limit": rounding.get("round_limit", 0.9),
    }
    experts = definition.pop("experts_multiplier")
    definition |= {} if experts == 1 else {"experts_multiplier": experts}
    defaults = {
        "channel_multiplier": 1, "channel_divisor": 8, "round_limit": 0.9, "depth_multiplier": 1, "depth_trunc": "ceil",
        "fix_first_last": False, "group_size": None, "num_features": 1280, "stem_size": 32, "stem_kernel_size": 3,
        "fix_stem": False, "act_layer": "relu",
    }
    batch_norm = {f"bn_{name}": value for name, value in given.items()} if batch else {}
    all_given = definition | widths | {name: plain(name, value) for name, value in kwargs.items()} | batch_norm
    return differing(all_given, defaults)


def with_pruned_widths(name, kwargs):
    """Widths of each block, inside, after squeezing and outside, in place of timm's file of shapes."""
    if not kwargs.get("pruned"):
        return kwargs
    with torch.device("meta"):
        shapes = {n: t.shape for n, t in create(name).state_dict().items()}
    blocks = list(dict.fromkeys(n.rsplit(".", 3)[0] for n in shapes if ".se.conv_reduce.weight" in n))
    last = [next(n for n in (f"{b}.conv_pwl.weight", f"{b}.conv_pw.weight") if n in shapes) for b in blocks]
    widths = [[shapes[f"{b}.conv_dw.weight"][0], shapes[f"{b}.se.conv_reduce.weight"][0], shapes[n][0]] for b, n in zip(blocks, last)]
    ends = {"stem_size": shapes["conv_stem.weight"][0], "fix_stem": True, "num_features": shapes["conv_head.weight"][0]}
    return {**kwargs, **ends, "pruned": widths}


def swin_kwargs():
    return dict(seen["kwargs"])


def kwargs_of(name, module, pretrained):
    seen.clear()
    try:
        registry._model_entrypoints[name](pretrained=pretrained)
    except Seen:
        return with_pruned_widths(name, efficientnet_kwargs()) if module == "efficientnet" else swin_kwargs()


def tag_entry(name, tag, cfg):
    _, height, width = cfg.input_size
    assert height == width
    entry = {"size": height, "statistics": STATISTICS[(tuple(cfg.mean), tuple(cfg.std))]}
    if cfg.interpolation != "bicubic":
        entry["interpolation"] = cfg.interpolation
    entry["crop_pct"] = cfg.crop_pct
    if cfg.crop_mode != "center":
        entry["crop_mode"] = cfg.crop_mode
    if cfg.hf_hub_id != f"timm/{name}.{tag}":
        entry["repository"] = cfg.hf_hub_id
    return entry


def model_entry(name, module):
    default = registry._model_default_cfgs[name]
    tags = {}
    for tag in default.tags:
        cfg = registry._model_pretrained_cfgs[f"{name}.{tag}" if tag else name]
        tags[tag or "untrained"] = tag_entry(name, tag, cfg)
    kwargs = kwargs_of(name, module, False)
    entry = {"family": module, "kwargs": kwargs}
    pretrained = differing(kwargs_of(name, module, True), kwargs)
    if pretrained:
        entry["pretrained_kwargs"] = pretrained
    return entry | {"tags": tags}


def write(path, modules):
    names = sorted((name, module) for module in modules for name in timm.list_models(module=module) if name not in NOT_BUILT)
    models = {name: model_entry(name, module) for name, module in names}
    path.write_text(json.dumps({"timm": timm.__version__, "models": models}) + "\n")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write(folder / "_timm_efficientnet.json", ["efficientnet"])
    write(folder / "_timm_swin.json", ["swin_transformer", "swin_transformer_v2"])
