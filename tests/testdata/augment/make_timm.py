"""Writes what timm's RandAugment makes of the small image: `python make_timm.py`, with timm and pillow."""

import base64
import json
from pathlib import Path

import numpy as np
from PIL import Image
from timm.data import auto_augment

HERE = Path(__file__).parent
NAMES = {
    "autocontrast": "AutoContrast", "equalize": "Equalize", "invert": "Invert", "rotate": "Rotate", "posterize": "Posterize",
    "solarize": "Solarize", "solarize_add": "SolarizeAdd", "color": "Color", "contrast": "Contrast", "brightness": "Brightness",
    "sharpness": "Sharpness", "shear_x": "ShearX", "shear_y": "ShearY", "translate_x": "TranslateXRel", "translate_y": "TranslateYRel",
}
SIGNED = ["rotate", "shear_x", "shear_y", "translate_x", "translate_y"]
FILL = (124, 116, 104)


def main() -> None:
    given = json.loads((HERE / "expected.json").read_text())
    pixels = np.frombuffer(base64.b64decode(given["rgb"]), np.uint8).reshape(*given["size"], 3)
    chosen = auto_augment.rand_augment_transform("rand-m9-mstd0.5").ops
    assert [op.name for op in chosen] == list(NAMES.values())
    assert {(op.prob, op.magnitude, op.magnitude_std) for op in chosen} == {(0.5, 9, 0.5)}
    cases = []
    for name, timm_name in NAMES.items():
        for magnitude in [2, 8.7] if name not in ["autocontrast", "equalize", "invert"] else [9]:
            for sign in [1, -1] if name in SIGNED else [1]:
                auto_augment._randomly_negate = lambda value: sign * value
                hparams = {"img_mean": FILL, "interpolation": Image.BICUBIC}
                op = auto_augment.AugmentOp(timm_name, prob=1.0, magnitude=magnitude, hparams=hparams)
                made = np.array(op(Image.fromarray(pixels)))
                cases.append({"name": name, "magnitude": magnitude, "data": base64.b64encode(made.tobytes()).decode()})
    (HERE / "timm.json").write_text(json.dumps({"fill": FILL, "cases": cases}) + "\n")


main()
