"""Writes what is known of timm's models: plugins/encoder_type/_timm_eva.json and _timm_others.json,
and the entries of _timm_models.json that come from timm's deit.py, res2net.py, resnest.py and
sknet.py and from its pruned ResNets. make_timm_family_tables.py comes first.

Made with timm 1.0.29. A model whose entry point needs what is not built here goes to the others.
"""
import functools
import importlib
import inspect
import json
import re
from pathlib import Path

import timm
from timm.models import _registry

FOLDER = Path(__file__).parents[3] / "plugins" / "encoder_type"
STATISTICS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "inception": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "openai_clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "sat493m": ((0.430, 0.411, 0.296), (0.213, 0.156, 0.143)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


class Built(Exception):
    pass


def arguments(name):
    """The class and the arguments that a model's entry point hands on."""
    module = importlib.import_module("timm.models." + _registry._model_to_module[name])
    original = module.build_model_with_cfg

    def stop(cls, variant, pretrained, **kwargs):
        raise Built((cls, kwargs))

    module.build_model_with_cfg = stop
    try:
        _registry.model_entrypoint(name)()
    except Built as built:
        return built.args[0]
    finally:
        module.build_model_with_cfg = original


def plain(value):
    """A value as JSON has it; classes and partial classes by their names."""
    if isinstance(value, functools.partial):
        return {"name": value.func.__name__, **{k: plain(v) for k, v in value.keywords.items()}}
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def kwargs_of(cls, kwargs):
    known = {name for each in cls.__mro__ for name in inspect.signature(each.__init__).parameters}
    return {
        k: plain(v)
        for k, v in kwargs.items()
        if k in known or k == "pruned"
    }


def tag_of(full, cfg):
    size = cfg.input_size[-1]
    statistics = next(k for k, v in STATISTICS.items() if v == (tuple(cfg.mean), tuple(cfg.std)))
    entry = {"size": size, "statistics": statistics}
    if cfg.interpolation != "bicubic":
        entry["interpolation"] = cfg.interpolation
    entry["crop_pct"] = cfg.crop_pct
    if cfg.crop_mode != "center":
        entry["crop_mode"] = cfg.crop_mode
    if cfg.hf_hub_id != f"timm/{full}":
        entry["repository"] = cfg.hf_hub_id
    return entry


def tags_of(name):
    cfgs = _registry._model_pretrained_cfgs
    first, *rest = [full.partition(".")[2] for full in _registry._model_with_tags[name]]
    return {tag: tag_of(f"{name}.{tag}", cfgs[f"{name}.{tag}"]) for tag in [first, *sorted(rest)]}


def entry(name, family):
    cls, kwargs = arguments(name)
    return {"family": family, "kwargs": kwargs_of(cls, kwargs), "tags": tags_of(name)}


def pruned_widths(name):
    """Channels of the convolutions of each block, from timm's table of pruned models."""
    shapes = (Path(timm.__file__).parent / "models" / "_pruned" / f"{name}.txt").read_text().strip()
    out = {}
    for line in shapes.split("***"):
        layer, shape = line.split(":")
        if match := re.fullmatch(r"(layer\d)\.(\d+)\.conv\d\.weight", layer):
            out.setdefault(match.groups(), []).append(int(shape[1:].split(",")[0]))
    return list(out.values())


def class_of(name):
    """What a model is, in the words of an error."""
    module = _registry._model_to_module[name]
    if name == "test_efficientnet_evos":
        return "EfficientNet with EvoNorm"
    cls, kwargs = CLASSES[module] if module in CLASSES else arguments(name)
    what = cls if isinstance(cls, str) else cls.__name__
    if what == "VisionTransformer":
        return f"{what} behind convolutions"
    return what


# Modules whose entry points do more than hand arguments on.
CLASSES = {"csatv2": ("CSATv2", {}), "gemma4_vit": ("Gemma4 vision tower", {})}


def write(name, content):
    (FOLDER / name).write_text(json.dumps(content) + "\n")


def main():
    path = FOLDER / "_timm_models.json"
    table = json.loads(path.read_text())
    for name in timm.list_models(module="deit"):
        table["models"][name] = entry(name, "vision_transformer")
        if "distilled" in name:
            table["models"][name]["kwargs"]["distilled"] = True
    for module in ("res2net", "resnest", "sknet"):
        for name in timm.list_models(module=module):
            table["models"][name] = entry(name, "resnet")
    for name, model in table["models"].items():
        if "pruned" in model["kwargs"]:
            model["kwargs"]["pruned"] = pruned_widths(name)
    table["statistics"] = {k: {"mean": m, "std": s} for k, (m, s) in STATISTICS.items()}
    write(path.name, table)
    eva = {name: entry(name, "eva") for name in timm.list_models(module="eva")}
    write("_timm_eva.json", {"timm": timm.__version__, "models": eva})
    built = {**table["models"], **eva}
    for family in ("efficientnet", "swin"):
        built |= json.loads((FOLDER / f"_timm_{family}.json").read_text())["models"]
    others = {}
    for name in timm.list_models():
        if name not in built:
            others.setdefault(class_of(name), []).append(name)
    write("_timm_others.json", {"timm": timm.__version__, "models": dict(sorted(others.items()))})


if __name__ == "__main__":
    main()
