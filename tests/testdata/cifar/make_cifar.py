"""Makes small files in CIFAR's layout: pickles as Python 2 writes them. Needs NumPy."""

import hashlib
import io
import json
import pickle
import struct
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
random = np.random.default_rng(5)


class Python2Pickler(pickle._Pickler):
    """Writes text and bytes as Python 2's `str`, and counts memos from 1 as its cPickle does."""

    dispatch = dict(pickle._Pickler.dispatch)

    def __init__(self, file):
        super().__init__(file, 2)
        self.memo[0] = (0, None)

    def save_string(self, value):
        data = value if isinstance(value, bytes) else value.encode()
        if len(data) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_string


def dump(path, value):
    file = io.BytesIO()
    Python2Pickler(file).dump(value)
    data = file.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    (HERE / path).parent.mkdir(exist_ok=True)
    (HERE / path).write_bytes(data)


def batch(name, count, classes, key):
    return {
        "batch_label": f"{name} of 5",
        key: random.integers(0, classes, count).tolist(),
        "data": random.integers(0, 256, (count, 3072), dtype=np.uint8),
        "filenames": [f"{name}_{i:06d}.png" for i in range(count)],
    }


names = "airplane automobile bird cat deer dog frog horse ship truck".split()
meta = {"num_cases_per_batch": 10000, "label_names": names, "num_vis": 3072}
dump("cifar-10-batches-py/batches.meta", meta)
written = (HERE / "cifar-10-batches-py/batches.meta").read_bytes()
assert hashlib.md5(written).hexdigest() == "5ff9c542aee3614f3951f8cda6e48888"  # the official file
for i in range(1, 6):
    dump(f"cifar-10-batches-py/data_batch_{i}", batch(f"batch {i}", 1, 10, "labels"))
dump("cifar-10-batches-py/test_batch", batch("test", 2, 10, "labels"))
dump("cifar-100-python/train", batch("train", 2, 100, "fine_labels"))
dump("cifar-100-python/test", batch("test", 1, 100, "fine_labels"))
dump("cifar-100-python/meta", {
    "fine_label_names": [f"fine {i}" for i in range(100)],
    "coarse_label_names": [f"coarse {i}" for i in range(20)],
})

expected = {}
for path in sorted(HERE.glob("cifar-*/*")):
    value = pickle.loads(path.read_bytes(), encoding="latin1")
    if "data" in value:
        expected[path.name] = {
            "labels": value.get("labels", value.get("fine_labels")),
            "first": value["data"][:, :4].tolist(),
            "last": value["data"][:, -4:].tolist(),
            "sums": value["data"].sum(axis=1).tolist(),
        }
(HERE / "expected.json").write_text(json.dumps(expected, indent=1))
