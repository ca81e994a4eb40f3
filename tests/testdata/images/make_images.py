"""Makes the images of this folder, and what PIL reads from them. Needs Pillow and NumPy."""

import base64
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

HERE = Path(__file__).parent
coffee = Image.open(HERE / "../preprocess/images/coffee.png").convert("RGB")
rgb = coffee.resize((24, 18), Image.Resampling.BICUBIC)
grey = rgb.convert("L")
pixels = np.asarray(rgb)
height, width = pixels.shape[:2]
random = np.random.default_rng(0)
alpha = random.integers(0, 256, (height, width), dtype=np.uint8)
alpha[:4], alpha[4:8] = 0, 255
rgba = Image.fromarray(np.dstack([pixels, alpha]))
palette = rgb.quantize(16)
deep = random.integers(0, 65536, (height, width), dtype=np.uint16)
deep[0], deep[1] = np.arange(width) * 10, np.arange(width) + 250
cmyk = np.asarray(rgb.convert("CMYK")).copy()
cmyk[..., 3] = random.integers(0, 120, (height, width))
cmyk = Image.fromarray(cmyk, "CMYK")
rotated = Image.Exif()
rotated[0x112] = 6
profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
red, green = profile.find(b"rXYZ"), profile.find(b"gXYZ")
profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"  # visible if it is applied


def save(name, image, **options):
    image.save(HERE / name, **options)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def save_png(name, values, depth, color, extra=b""):
    """Kinds that Pillow reads and does not write. `values`: rows as bytes."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in values), 9)
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def rows(array):
    return [row.tobytes() for row in array]


def deep_rows(channels):
    return rows(random.integers(0, 65536, (height, width, channels)).astype(">u2"))


save("rgb.png", rgb)
save("rgba.png", rgba)
save("grey.png", grey)
save("grey_alpha.png", Image.fromarray(np.dstack([np.asarray(grey), alpha]), "LA"))
save("palette.png", palette)
save("palette_transparent.png", palette, transparency=3)
save("palette_alpha.png", palette, transparency=bytes(range(0, 256, 16)))
save("bilevel.png", rgb.convert("1"))
save("grey_16bit.png", Image.fromarray(deep))
save_png("rgb_16bit.png", deep_rows(3), 16, 2)
save_png("rgba_16bit.png", deep_rows(4), 16, 6)
save_png("grey_alpha_16bit.png", deep_rows(2), 16, 4)
key = struct.pack(">HHH", *map(int, pixels[3, 3]))
save_png("color_key.png", rows(pixels), 8, 2, chunk(b"tRNS", key))
save_png("gamma.png", rows(pixels), 8, 2, chunk(b"gAMA", struct.pack(">I", 100000)))
save("one.png", rgb.crop((0, 0, 1, 1)))
save("rgb.jpg", rgb, quality=90)
save("grey.jpg", grey, quality=90)
save("progressive.jpg", rgb, quality=90, progressive=True)
save("cmyk.jpg", cmyk, quality=90)
save("exif_rotated.jpg", rgb, quality=90, exif=rotated)
save("profile.jpg", rgb, quality=90, icc_profile=bytes(profile))
save("rgb.tiff", rgb, compression="tiff_lzw")
save("exif_rotated.tiff", rgb, exif=rotated)
save("cmyk.tiff", cmyk)
save("grey_16bit.tiff", Image.fromarray(deep))
save("float.tiff", Image.fromarray(deep.astype(np.float32) / 100))
save("rgb.webp", rgb, quality=90)
save("rgba.webp", rgba, lossless=True, exact=True)
save("palette.gif", palette)


def save_bmp(name, bits, data, compression=0, colors=b"", masks=b"", header=40, top_down=False):
    """`data`: rows from the top, or run lengths as they are."""
    stride = (columns * bits + 31) // 32 * 4
    if isinstance(data, list):
        ordered = data if top_down else data[::-1]
        data = b"".join(row.ljust(stride, b"\0") for row in ordered)
    info = struct.pack(
        "<IiiHHIIiiII", header, columns, -lines if top_down else lines, 1, bits, compression,
        len(data), 2835, 2835, len(colors) // 4, 0,
    ) + (masks.ljust(header - 40, b"\0") if header > 40 else masks)
    offset = 14 + len(info) + len(colors)
    start = b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset)
    (HERE / name).write_bytes(start + info + colors + data)


odd = rgb.crop((0, 0, 11, 7))  # rows need padding
red, green, blue = (np.asarray(odd)[..., i].astype(np.uint16) for i in range(3))
bgr = np.asarray(odd)[..., ::-1]
lines, columns = red.shape
padded = np.dstack([bgr, np.full((lines, columns), 77, np.uint8)])
save_bmp("24bit.bmp", 24, rows(bgr))
save_bmp("top_down.bmp", 24, rows(bgr), top_down=True)
save_bmp("32bit.bmp", 32, rows(padded))
save_bmp("555.bmp", 16, rows((red >> 3 << 10 | green >> 3 << 5 | blue >> 3).astype("<u2")))
mask = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
save_bmp("565.bmp", 16, rows((red >> 3 << 11 | green >> 2 << 5 | blue >> 3).astype("<u2")), 3, masks=mask)
mask = struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00)
save_bmp("masks.bmp", 32, rows(np.roll(padded, 1, axis=2)), 3, masks=mask)
mask = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
save_bmp("masks_v5.bmp", 32, rows(padded), 3, masks=mask, header=124)
for bits in (8, 4, 1):
    image = odd.quantize(1 << bits)
    index = np.asarray(image)
    colors = np.zeros((1 << bits if bits < 8 else len(image.getcolors()), 4), np.uint8)
    found = np.array(image.getpalette()).reshape(-1, 3)[: len(colors), ::-1]
    colors[: len(found), :3] = found
    unpacked = np.unpackbits(index[..., None], axis=2)[..., 8 - bits :].reshape(lines, -1)
    save_bmp(f"palette_{bits}bit.bmp", bits, rows(np.packbits(unpacked, axis=1)), colors=colors.tobytes())
    if bits == 8:
        literal = b"".join(
            bytes([0, columns]) + row.tobytes() + b"\0" * (columns % 2) + b"\0\0" for row in index[::-1]
        )
        save_bmp("rle8_literal.bmp", 8, literal + b"\0\1", 1, colors.tobytes())
        runs = b"".join(bytes([1, value]) for value in index[-1]) + b"\0\0"
        runs += bytes([0, 2, 3, 1, columns - 3, 5, 0, 0])  # skip a row and 3 pixels
        runs += bytes([columns, 1, 0, 0]) * (lines - 3) + b"\0\1"
        save_bmp("rle8_runs.bmp", 8, runs, 1, colors.tobytes())
    if bits == 4:
        packed = b"".join(
            bytes([columns, row[0] << 4 | row[1]]) + b"\0\0" for row in index[::-1]
        )
        save_bmp("rle4.bmp", 4, packed + b"\0\1", 2, colors.tobytes())
os2 = struct.pack("<IHHHH", 12, columns, lines, 1, 24)
data = b"".join(row.ljust((columns * 3 + 3) // 4 * 4, b"\0") for row in rows(bgr)[::-1])
(HERE / "os2.bmp").write_bytes(b"BM" + struct.pack("<IHHI", 0, 0, 0, 26) + os2 + data)


def encode(image):
    return base64.b64encode(image.tobytes()).decode()


images = {}
for path in sorted(HERE.iterdir()):
    if path.suffix in (".py", ".md", ".json"):
        continue
    image = Image.open(path)
    images[path.name] = {
        "mode": image.mode,
        "size": [image.height, image.width],
        "rgb": encode(image.convert("RGB")),
        "grey": encode(Image.open(path).convert("L")),
    }
resized = [
    {"size": [h, w], "interpolation": kernel, "rgb": encode(rgb.resize((w, h), Image.Resampling[kernel.upper()]))}
    for kernel in ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
    for h, w in ((5, 7), (9, 24), (29, 41), (1, 1), (18, 31))
]
(HERE / "expected.json").write_text(json.dumps({"images": images, "resized": resized}, indent=1))
