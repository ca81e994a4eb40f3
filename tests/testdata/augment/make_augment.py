"""Writes what PIL and OpenCV make of a small image: `python make_augment.py`, with pillow, numpy and opencv-python."""

import base64
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

HEIGHT, WIDTH = 17, 23


def make_image() -> np.ndarray:
    """A gradient with noise, so that every operation changes something."""
    random = np.random.default_rng(15)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    smooth = np.stack([x * 9 + 20, y * 12 + 10, (x + y) * 5 + 30], axis=-1)
    return np.clip(smooth + random.integers(-25, 26, smooth.shape), 3, 249).astype(np.uint8)


def composite_rotate(image: Image.Image, degrees: float) -> Image.Image:
    turned = image.convert("RGBA").rotate(degrees)
    grey = Image.new("RGBA", turned.size, (128,) * 4)
    return Image.composite(turned, grey, turned).convert(image.mode)


def auto(image: Image.Image, name: str, index: int, sign: int) -> Image.Image:
    """GloViTa's operation with a magnitude and a sign."""
    fill = (128,) * 3 if image.mode == "RGB" else 128
    shear = np.linspace(0, 0.3, 10)[index] * sign
    shift = np.linspace(0, 150 / 331, 10)[index] * sign
    enhance = 1 + np.linspace(0, 0.9, 10)[index] * sign
    affine = lambda data, how: image.transform(image.size, Image.AFFINE, data, how, fillcolor=fill)
    return {
        "shear_x": lambda: affine((1, shear, 0, 0, 1, 0), Image.BICUBIC),
        "shear_y": lambda: affine((1, 0, 0, shear, 1, 0), Image.BICUBIC),
        "translate_x": lambda: affine((1, 0, shift * image.size[0], 0, 1, 0), Image.NEAREST),
        "translate_y": lambda: affine((1, 0, 0, 0, 1, shift * image.size[1]), Image.NEAREST),
        "rotate": lambda: composite_rotate(image, np.linspace(0, 30, 10)[index]),
        "color": lambda: ImageEnhance.Color(image).enhance(enhance),
        "contrast": lambda: ImageEnhance.Contrast(image).enhance(enhance),
        "sharpness": lambda: ImageEnhance.Sharpness(image).enhance(enhance),
        "brightness": lambda: ImageEnhance.Brightness(image).enhance(enhance),
        "posterize": lambda: ImageOps.posterize(image, [8, 8, 7, 7, 6, 6, 5, 5, 4, 4][index]),
        "solarize": lambda: ImageOps.solarize(image, np.linspace(256, 0, 10)[index]),
        "autocontrast": lambda: ImageOps.autocontrast(image),
        "equalize": lambda: ImageOps.equalize(image),
        "invert": lambda: ImageOps.invert(image),
    }[name]()


SIGNED = ["shear_x", "shear_y", "translate_x", "translate_y", "color", "contrast", "sharpness", "brightness"]
LEVELED = ["rotate", "posterize", "solarize"]
PLAIN = ["autocontrast", "equalize", "invert"]


def encode(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def auto_cases(pixels: np.ndarray) -> list[dict]:
    cases = []
    for mode in ["RGB", "L"]:
        image = Image.fromarray(pixels).convert(mode)
        for name in SIGNED + LEVELED + PLAIN:
            for index in [1, 6, 9] if name not in PLAIN else [0]:
                for sign in [1, -1] if name in SIGNED else [1]:
                    made = auto(image, name, index, sign)
                    cases.append({"mode": mode, "name": name, "index": index, "sign": sign, "data": encode(np.array(made))})
    return cases


def jitter(pixels: np.ndarray, name: str, value: float) -> np.ndarray:
    """albumentations' steps of a jitter; it rounds to the nearest number of 8 bits."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    to_bytes = lambda array: np.clip(np.rint(array), 0, 255).astype(np.uint8)
    numbers = pixels.astype(np.float64)
    if name == "brightness":
        return to_bytes(numbers * value)
    if name == "contrast":
        return to_bytes(value * numbers + (1 - value) * grey.mean())
    if name == "saturation":
        return to_bytes(value * numbers + (1 - value) * grey[..., None])
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = np.mod(np.arange(256) + 180 * value, 180).astype(np.uint8)[hsv[..., 0]]
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def main() -> None:
    pixels = make_image()
    grey = np.array(Image.fromarray(pixels).convert("L"))
    jitters = [("brightness", 0.8), ("brightness", 1.2), ("contrast", 0.85), ("contrast", 1.25), ("saturation", 0.7), ("saturation", 1.3), ("hue", 0.03), ("hue", -0.04)]
    expected = {
        "size": [HEIGHT, WIDTH],
        "rgb": encode(pixels),
        "grey": encode(grey),
        "auto": auto_cases(pixels),
        "jitter": [{"name": name, "value": value, "data": encode(jitter(pixels, name, value))} for name, value in jitters],
    }
    Path(__file__).with_name("expected.json").write_text(json.dumps(expected) + "\n")


main()
