"""Writes what OpenCV 4 makes of the small image as albumentations calls it: `python make_opencv.py`, with numpy and opencv-python 4."""

import base64
import json
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).parent
cv2.setNumThreads(1)


def decode(text: str, shape: list[int]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)


def encode(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def affine(pixels: np.ndarray, scale: list[float], shear: list[float], shift: list[int], border: str) -> np.ndarray:
    """albumentations' order: to the origin, scale, shear, shift, back."""
    height, width = pixels.shape[:2]
    x, y = width / 2 - 0.5, height / 2 - 0.5
    tan = np.tan(np.deg2rad(shear))
    move = lambda dx, dy: np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1]], dtype=np.float64)
    matrix = move(x, y) @ move(*shift) @ np.array([[1, tan[0], 0], [tan[1], 1, 0], [0, 0, 1]]) @ np.diag([*scale, 1]) @ move(-x, -y)
    how = {"black": cv2.BORDER_CONSTANT, "edge_once": cv2.BORDER_REFLECT_101, "edge_twice": cv2.BORDER_REFLECT}[border]
    return cv2.warpAffine(pixels, matrix[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=how, borderValue=0)


def rotate(pixels: np.ndarray, degrees: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), degrees, 1)
    return cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def gaussian_blur(pixels: np.ndarray, size: int, sigma: float) -> np.ndarray:
    at = np.arange(size) - size // 2
    kernel = np.exp(-0.5 * (at / sigma) ** 2)
    kernel /= kernel.sum()
    return cv2.sepFilter2D(pixels, -1, kernel, kernel)


def motion_kernel(size: int, degrees: float, direction: float, shift: list[float]) -> np.ndarray:
    kernel = np.zeros((size, size), dtype=np.float32)
    half = size // 2
    along = np.linspace(-half, half, size)
    if direction < 0:
        along = np.linspace(-half, half * (1 + direction), size)
    if direction > 0:
        along = np.linspace(-half * (1 - direction), half, size)
    angle = np.deg2rad(degrees)
    x = np.clip(np.round(half + np.cos(angle) * along + shift[0]), 0, size - 1).astype(int)
    y = np.clip(np.round(half + np.sin(angle) * along + shift[1]), 0, size - 1).astype(int)
    kernel[y, x] = 1
    return kernel / kernel.sum()


def brightness_contrast(pixels: np.ndarray, factor: float, share: float) -> np.ndarray:
    table = np.clip(np.rint(np.arange(256) * factor + share * 255), 0, 255).astype(np.uint8)
    return cv2.LUT(pixels, table)


def main() -> None:
    given = json.loads((HERE / "expected.json").read_text())
    pixels = decode(given["rgb"], [*given["size"], 3])
    grey = decode(given["grey"], given["size"])
    affines = [
        {"scale": [0.87, 1.13], "shear": [7.0, -5.0], "shift": [1, -1], "border": "black"},
        {"scale": [1.1, 0.9], "shear": [-3.0, 8.0], "shift": [0, 2], "border": "edge_once"},
        {"scale": [1.0, 1.0], "shear": [0.0, 0.0], "shift": [-4, 3], "border": "edge_once"},
        {"scale": [0.9, 0.95], "shear": [2.0, 1.0], "shift": [2, 0], "border": "edge_twice"},
    ]
    blurs = [(3, 0.5), (3, 2.9), (5, 1.3), (7, 0.9), (7, 3.0)]
    motions = [
        {"size": size, "degrees": degrees, "direction": direction, "shift": shift}
        for size, degrees, direction, shift in [
            (3, 0.0, 0.0, [0.0, 0.0]), (3, 210.0, -0.6, [0.3, -0.2]), (5, 45.0, 0.4, [0.0, 0.9]), (5, 133.0, -0.9, [-0.7, 0.1]),
            (7, 90.0, 0.0, [0.0, 0.0]), (7, 301.0, 0.8, [1.2, -1.4]), (7, 17.0, -0.3, [-1.1, 0.6]),
        ]
    ]
    equalize = lambda image: np.stack([cv2.equalizeHist(np.ascontiguousarray(image[..., i])) for i in range(3)], -1)
    pad = lambda top, bottom, left, right: cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REFLECT_101)
    expected = {
        "rotated": [{"degrees": degrees, "data": encode(rotate(pixels, degrees))} for degrees in [0, 5, -20, 45, 90, 133, 180]],
        "affine": [{**one, "data": encode(affine(pixels, **one))} for one in affines],
        "gaussian_blur": [{"size": size, "sigma": sigma, "data": encode(gaussian_blur(pixels, size, sigma))} for size, sigma in blurs],
        "motion_blur": [{**one, "points": int((motion_kernel(**one) > 0).sum()), "data": encode(cv2.filter2D(pixels, -1, motion_kernel(**one)))} for one in motions],
        "brightness_contrast": [{"factor": factor, "share": share, "data": encode(brightness_contrast(pixels, factor, share))} for factor, share in [(0.8, 0.2), (1.2, -0.13), (1.07, 0.01)]],
        "equalized": encode(equalize(pixels)),
        "equalized_grey": encode(cv2.equalizeHist(grey)),
        "padded": {"size": [20, 28], "data": encode(pad(1, 2, 2, 3))},
    }
    (HERE / "opencv.json").write_text(json.dumps(expected) + "\n")


main()
