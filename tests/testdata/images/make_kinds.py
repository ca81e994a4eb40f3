"""Makes kinds.json: small images of every kind of pixels, and what PIL reads from them, or that it
refuses them. Needs Pillow and NumPy; the kinds of TIFF files are those of PIL's own table."""

import base64
import io
import json
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, TiffImagePlugin

warnings.simplefilter("ignore")
HERE = Path(__file__).parent
WIDTH, HEIGHT = 5, 3
random = np.random.default_rng(0)
entries = []


def encode(data):
    return base64.b64encode(data).decode()


def add(name, data, unread=False):
    """`unread`: PIL reads it, perhaps wrongly, and we do not."""
    entry = {"name": name, "file": encode(data)}
    try:
        image = Image.open(io.BytesIO(data))
        rgb = image.convert("RGB")
        grey = Image.open(io.BytesIO(data)).convert("L")
    except Exception:
        entry["refused"] = True
    else:
        if unread:
            entry["refused"] = True
        else:
            entry |= {"size": [rgb.height, rgb.width], "rgb": encode(rgb.tobytes()), "grey": encode(grey.tobytes())}
    entries.append(entry)


def pack(rows, bits, order=">"):
    """Rows of numbers as bytes, each row beginning with a new one."""
    if bits >= 8:
        return b"".join(row.astype(f"{order}u{bits // 8}").tobytes() for row in rows)
    return b"".join(np.packbits(unpacked(row, bits)).tobytes() for row in rows)


def unpacked(row, bits):
    return np.array([[value >> (bits - 1 - i) & 1 for i in range(bits)] for value in row], np.uint8).ravel()


def samples(bits, count):
    """Numbers of all sizes; of more than 8 bits, some are small, as PIL cuts off at 255."""
    values = random.integers(0, 1 << bits, (HEIGHT, WIDTH, count), dtype=np.uint64)
    if bits > 8:
        values[0] = random.integers(0, 300, (WIDTH, count))
    return values


FORMATS = {1: "uint", 2: "int", 3: "float", 4: "undefined"}
SPACES = {0: "white is 0", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "CIELab"}
REVERSED = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))


def tiff(order, space, format, bits, extras=(), compression=1, fill=1, planes=1, more=()):
    mark, count = "<" if order == "II" else ">", len(bits)
    if format == 3:
        values = (random.random((HEIGHT, WIDTH, count)) * 400 - 50).astype(f"f{bits[0] // 8}")
        lay = lambda rows: rows.astype(mark + rows.dtype.str[1:]).tobytes()
    elif bits[0] in (1, 2, 4, 12):
        values = samples(bits[0], count)
        lay = lambda rows: b"".join(np.packbits(unpacked(row, bits[0])).tobytes() for row in rows.reshape(len(rows), -1))
    else:
        values = samples(bits[0], count)
        lay = lambda rows: pack(rows.reshape(len(rows), -1), bits[0], mark)
    parts = [values] if planes == 1 else [values[..., i : i + 1] for i in range(count)]
    strips = [lay(part[at : at + 2]) for part in parts for at in range(0, HEIGHT, 2)]
    if compression == 8:
        strips = [zlib.compress(strip) for strip in strips]
    if fill == 2:
        strips = [strip.translate(REVERSED) for strip in strips]
    tags = {256: [WIDTH], 257: [HEIGHT], 258: bits, 259: [compression], 262: [space], 266: [fill], 277: [count]}
    tags |= {278: [2], 284: [planes], 339: [format] * count, **dict(more)}
    if extras:
        tags[338] = extras
    if space == 3:
        tags[320] = [int(value) for value in random.integers(0, 65536, 3 << bits[0])]
    at = 8
    offsets = [at := at + (len(strips[i - 1]) if i else 0) for i in range(len(strips))]
    tags[273], tags[279] = offsets, [len(strip) for strip in strips]
    body = b"".join(strips)
    body += b"\0" * (len(body) % 2)
    start = 8 + len(body)
    directory, tail = b"", b""
    for tag in sorted(tags):
        value = tags[tag]
        kind = 7 if isinstance(value, bytes) else 3 if tag not in (273, 279) else 4
        data = value if kind == 7 else struct.pack(mark + {3: "H", 4: "I"}[kind] * len(value), *value)
        if len(data) > 4:
            place = struct.pack(mark + "I", start + 6 + 12 * len(tags) + len(tail))
            tail += data + b"\0" * (len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        directory += struct.pack(mark + "HHI", tag, kind, len(value)) + place
    return (
        order.encode() + struct.pack(mark + "HI", 42, start) + body
        + struct.pack(mark + "H", len(tags)) + directory + b"\0\0\0\0" + tail
    )


def describe(space, format, bits, extras):
    beyond = f" + {','.join(map(str, extras))}" if extras else ""
    return f"{SPACES[space]}, {len(bits)} x {FORMATS[format]}{bits[0]}{beyond}"


for (prefix, space, (format,), fill, bits, extras) in TiffImagePlugin.OPEN_INFO:
    order = prefix.decode()
    name = describe(space, format, bits, extras)
    reverse = " reversed" if fill == 2 else ""
    if fill == 2 and order == "MM" and bits[0] < 16:
        continue  # bits of bytes have no order of bytes
    for compression in (1, 8):
        if order == "MM" and bits[0] <= 8 and compression == 8:
            continue
        # PIL swaps the bytes of compressed numbers a second time; YCbCr it takes for RGB.
        unread = order == "MM" and compression == 8 and (format != 1 and bits[0] > 8) or space in (6, 8)
        packed = " packed" if compression == 8 else ""
        add(f"tiff {order} {name}{reverse}{packed}", tiff(order, space, format, bits, extras, compression, fill), unread)
for space, format, bits in (
    (0, 1, (16,)), (0, 1, (32,)), (0, 2, (8,)), (0, 2, (16,)), (1, 1, (16,)), (1, 1, (32,)), (1, 3, (16,)),
    (1, 3, (64,)), (1, 4, (8,)), (1, 4, (16,)), (1, 1, (8, 8)), (1, 1, (16, 16)), (1, 1, (64,)), (1, 2, (64,)),
    (2, 1, (32, 32, 32)), (2, 2, (8, 8, 8)), (2, 2, (16, 16, 16)), (2, 3, (16,) * 3), (2, 3, (32,) * 3),
    (2, 3, (32,) * 4), (2, 3, (64,) * 3), (2, 4, (8,) * 3), (5, 1, (32,) * 4), (5, 2, (8,) * 4), (5, 3, (32,) * 4),
    (5, 1, (8,) * 3), (5, 1, (8,) * 5), (8, 1, (16,) * 3), (2, 1, (8, 8)), (2, 1, (16, 16)), (3, 1, (8,) * 3),
):
    for order in ("II", "MM"):
        add(f"tiff {order} other {describe(space, format, bits, ())}", tiff(order, space, format, bits))
for space, bits, extras in ((2, (8,) * 3, ()), (2, (8,) * 4, (2,)), (5, (8,) * 4, ())):
    add(f"tiff planes {describe(space, 1, bits, extras)}", tiff("II", space, 1, bits, extras, planes=2))
for space, bits, extras in ((2, (16,) * 3, ()), (2, (16,) * 4, (2,)), (5, (16,) * 4, ())):
    name = f"tiff planes {describe(space, 1, bits, extras)}"
    add(f"{name} packed", tiff("MM", space, 1, bits, extras, 8, planes=2))
    add(name, tiff("MM", space, 1, bits, extras, planes=2), unread=True)  # PIL takes half of a number for one
for orientation in range(10):
    add(f"tiff orientation {orientation}", tiff("MM", 2, 1, (8, 8, 8), more={274: [orientation]}.items()))
for text in (b'<rdf tiff:Orientation="6"/>', b"<tiff:Orientation>3</tiff:Orientation>"):
    add(f"tiff XMP {text.decode()}", tiff("II", 1, 1, (8,), more={700: text}.items()))
    add(f"tiff XMP {text.decode()} and tag", tiff("II", 1, 1, (8,), more={700: text, 274: [8]}.items()))
picture = Image.open(HERE / "rgb.png").resize((12, 9))
bilevel = picture.convert("1")


def saved(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


for compression in ("tiff_ccitt", "group3", "group4", "tiff_lzw", "packbits"):
    add(f"tiff {compression}", saved(bilevel, "TIFF", compression=compression))
for mode in ("L", "RGB", "CMYK", "YCbCr"):
    add(f"tiff jpeg {mode}", saved(picture.convert(mode), "TIFF", compression="jpeg"))
for compression in ("zstd", "lzma"):
    add(f"tiff {compression}", saved(picture, "TIFF", compression=compression), unread=True)
add("tiff big", saved(Image.fromarray(samples(16, 1)[..., 0].astype(np.uint16)), "TIFF", big_tiff=True))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, color, *chunks):
    count = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(color, 1)
    rows = samples(depth, count).reshape(HEIGHT, -1)
    data = zlib.compress(b"".join(b"\0" + pack([row], depth) for row in rows), 9)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, 0)
    colors = [chunk(b"PLTE", random.bytes(3 << depth))] if color == 3 else []
    parts = [chunk(b"IHDR", header), *colors, *chunks, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


KEYS = {0: struct.pack(">H", 1), 2: struct.pack(">HHH", 1, 2, 3), 3: b"\x00\x80"}
for color in range(7):
    for depth in (1, 2, 4, 8, 16):
        if color == 3 and depth == 16:
            continue
        add(f"png {depth} bits, color type {color}", png(depth, color))
        if color in KEYS:
            add(f"png {depth} bits, color type {color}, tRNS", png(depth, color, chunk(b"tRNS", KEYS[color])))
add("png 16 bits, sBIT", png(16, 0, chunk(b"sBIT", b"\x0a")))
add("png 16 bits, gAMA", png(16, 0, chunk(b"gAMA", struct.pack(">I", 100000))))
add("png 16 bits, cICP", png(16, 2, chunk(b"cICP", bytes([9, 16, 0, 1]))))
turned = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x112, 3, 1, 6, 0, 0)
add("png turned by EXIF", png(8, 2, chunk(b"eXIf", turned)))
add("png of iOS", png(8, 2).replace(b"\x1a\n", b"\x1a\n" + chunk(b"CgBI", b"P\0 \2"), 1), unread=True)


def without(data, marker):
    kept, at = data[:2], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        kept += b"" if data[at + 1] == marker else data[at:end]
        at = end
    return kept + data[at:]


jpeg = saved(picture, "JPEG", quality=90)
inks = saved(picture.convert("CMYK"), "JPEG", quality=90)
adobe = inks.index(b"Adobe") + 11
frame = jpeg.index(b"\xff\xc0")


def changed(data, values):
    data = bytearray(data)
    for at, value in values.items():
        data[at] = value
    return bytes(data)


add("jpeg CMYK without Adobe's marker", without(inks, 0xEE))
add("jpeg YCCK", changed(inks, {adobe: 2}))
add("jpeg RGB", saved(picture, "JPEG", keep_rgb=True))
add("jpeg progressive CMYK", saved(picture.convert("CMYK"), "JPEG", progressive=True))
add("jpeg of 12 bits", changed(jpeg, {frame + 4: 12}))
add("jpeg without losses", changed(jpeg, {frame + 1: 0xC3}))
add("jpeg hierarchical", changed(jpeg, {frame + 1: 0xC5}))
add("jpeg without rows", changed(jpeg, {frame + 5: 0, frame + 6: 0}))
add("jpeg with bytes before a marker", jpeg[:20] + b"\0\0\0" + jpeg[20:])
add("jpeg with another one behind it", jpeg + jpeg)
add("jpeg without end", jpeg[:-2])
scan = jpeg.index(b"\xff\xda") + 30
add("jpeg with a marker that does not exist", changed(jpeg, {scan: 0xFF, scan + 1: 0x37}))

alpha = picture.copy()
alpha.putalpha(Image.fromarray(random.integers(0, 256, (9, 12), dtype=np.uint8)))
for name, image in (("RGB", picture), ("RGBA", alpha)):
    add(f"webp {name}", saved(image, "WEBP", quality=50))
    add(f"webp {name} without losses", saved(image, "WEBP", lossless=True, exact=True))
    moving = bytearray(saved(image, "WEBP", save_all=True, append_images=[picture.rotate(90)], lossless=True))
    add(f"webp {name} moving", bytes(moving))
    moving[24:30] = b"\x13\0\0\x0f\0\0"  # a canvas of 20 x 16, of which the first image covers a part
    first = moving.index(b"ANMF") + 8
    moving[first : first + 6] = b"\x02\0\0\x01\0\0"
    add(f"webp {name} moving, beside the corner", bytes(moving))


def gif(screen, place, colors, own=b"", transparent=None, interlaced=False):
    """An image of 8 x 6 at a place of a screen."""
    size = lambda palette: 0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0
    source = Image.fromarray((np.arange(48).reshape(6, 8) * 37 % 16).astype(np.uint8), "P")
    source.putpalette([value for i in range(16) for value in (i, 255 - i, i)])
    whole = saved(source, "GIF", interlace=interlaced, optimize=False)
    at = whole.index(b"\x2c", 13)
    packed = whole[at + 10 + (3 << (whole[at + 9] & 7) + 1 if whole[at + 9] & 128 else 0) : whole.rindex(b";")]
    control = b"" if transparent is None else b"!\xf9\4\1\0\0" + bytes([transparent, 0])
    flags = size(own) | (64 if interlaced else 0)
    return (
        b"GIF89a" + struct.pack("<HH", *screen) + bytes([size(colors), 1, 0]) + colors + control
        + b"," + struct.pack("<HHHH", *place, 8, 6) + bytes([flags]) + own + packed + b";"
    )


many, few = random.bytes(48), random.bytes(12)
counting = bytes(i // 3 for i in range(12))
for name, colors, own in (
    ("palette", many, b""), ("own palette", b"", many), ("two palettes", few, many), ("short palette", few, b""),
    ("no palette", b"", b""), ("counting palette", counting, b""),
):
    for transparent in (None, 5):
        for screen, place in (((8, 6), (0, 0)), ((12, 9), (2, 3)), ((5, 4), (1, 0))):
            title = f"gif {name}, {place} of {screen}" + ("" if transparent is None else ", transparent")
            add(title, gif(screen, place, colors, own, transparent, interlaced=place == (1, 0)))
add("gif grey beside colors", gif((8, 6), (0, 0), many, counting), unread=True)
noise = Image.fromarray(random.integers(0, 256, (40, 150), dtype=np.uint8))
add("gif of many codes", saved(noise, "GIF"))
add("gif cut off", saved(noise, "GIF")[:3000])
add("gif moving", saved(picture.quantize(8), "GIF", save_all=True, append_images=[picture.rotate(90).quantize(8)]))


def bmp(bits, data, compression=0, masks=b"", header=40, colors=b"", offset=None, size=(WIDTH, HEIGHT), used=0):
    info = struct.pack("<IiiHHIIiiII", header, *size, 1, bits, compression, len(data), 0, 0, used, 0)
    info += masks.ljust(header - 40, b"\0") if header > 40 else masks
    start = 14 + len(info) + len(colors) if offset is None else offset
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, start) + info + colors + data


words = random.bytes(4 * WIDTH * HEIGHT)
for bits, layouts in {
    16: [(0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F), (0xF00, 0xF0, 0xF)],
    24: [(0xFF0000, 0xFF00, 0xFF), (0xFF, 0xFF00, 0xFF0000)],
    32: [
        (0xFF0000, 0xFF00, 0xFF, 0), (0xFF000000, 0xFF0000, 0xFF00, 0xFF), (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
        (0xFF000000, 0xFF00, 0xFF, 0xFF0000), (0, 0, 0, 0), (0x3FF00000, 0xFFC00, 0x3FF, 0), (0xFF, 0xFF00, 0xFF0000, 0),
    ],
}.items():
    for layout in layouts:
        masks = struct.pack(f"<{len(layout)}I", *layout)
        name = ", ".join(f"{mask:x}" for mask in layout)
        add(f"bmp {bits} bits, {name}", bmp(bits, words, 3, masks, 124))
        add(f"bmp {bits} bits, {name}, short header", bmp(bits, words, 3, masks[:12]))
colors = random.bytes(64)
short = bytes([i % 16 * 17 for i in range(WIDTH)]).ljust(8, b"\1") * HEIGHT
add("bmp pixels inside the palette", bmp(8, short, colors=colors, offset=70, used=16))
add("bmp indices beyond the palette", bmp(8, bytes(range(10, 10 + 8 * HEIGHT)), colors=colors, used=16))
add("bmp without position", bmp(8, short, colors=colors, offset=0, used=16))
add("bmp position of the palette", bmp(8, short, colors=colors, offset=54, used=16))
ends = b"\0\0" * HEIGHT
for name, runs in {
    "fill a row": b"\5\1\0\0\5\2\0\0\5\3\0\1",
    "beyond a row": b"\7\1\0\0\7\2\0\0\7\3\0\1",
    "literal beyond a row": b"\0\6\1\2\3\4\5\6\0\0\5\2\0\0\5\3\0\1",
    "skips": b"\2\1\0\2\1\1\5\2\0\0\5\3\0\0\5\4\0\0",
    "end early": b"\5\1\0\0\0\1",
    "cut off": b"\5\1\0\0\5",
}.items():
    add(f"bmp rle8, {name}", bmp(8, runs, 1, colors=colors, used=16))
add("bmp rle4, odd literal", bmp(4, b"\0\5\x12\x34\x50\0\5\1\0\0\5\2\0\0", 2, colors=colors), unread=True)
add("bmp rle4, literal", bmp(4, b"\0\4\x12\x34\1\x50\0\0\5\x21\0\0\5\x22\0\0", 2, colors=colors))
add("bmp header of 41 bytes", bmp(24, words, header=41))

lines = ",\n".join(json.dumps(entry) for entry in entries)
(HERE / "kinds.json").write_text(f"[\n{lines}\n]\n")
