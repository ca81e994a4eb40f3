"""Makes the checkpoints of this folder that are named in `expected.json`, and that file.

Run with PyTorch 2.13, timm and NumPy: `python make_torch.py`. What a file holds beside its state
dict is what training scripts put there; `torch.load` says what the state dict is.
"""
import argparse
import collections
import datetime
import enum
import io
import json
import os
import pathlib
import warnings
import zipfile

import numpy as np
import torch

warnings.filterwarnings("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
expected = {}


class Stage(enum.Enum):
    FIT = 1


class Tracker:
    """An object of a class that only its script knows."""

    def __init__(self):
        self.values = [1.0, 2.0]
        self.best = {"epoch": 3}


class Meters(dict):
    pass


def weights(seed):
    torch.manual_seed(seed)
    return collections.OrderedDict([
        ("fc1.weight", torch.randn(3, 2)),
        ("fc1.bias", torch.randn(3)),
        ("fc2.weight", torch.randn(2, 3).half()),
        ("norm.num_batches_tracked", torch.tensor(7)),
    ])


def record(name, state):
    """Notes what a state dict holds: type, shape and values of each tensor."""
    expected[name] = {
        key: [str(t.dtype)[6:], list(t.shape), t.double().flatten().tolist()]
        for key, t in state.items()
    }


def save(name, value, **options):
    torch.save(value, os.path.join(HERE, name), **options)
    return torch.load(os.path.join(HERE, name), weights_only=False)


def nested(depth):
    value = ()
    for _ in range(depth):
        value = (value, 1)
    return value


def objects():
    """Everything that stands beside weights in checkpoints of the field."""
    seen = np.random.default_rng(0)
    return {
        "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("runs/a"), stage=Stage.FIT),
        "counter": collections.Counter("hello"),
        "by_class": collections.defaultdict(list, {"cat": [1, 2]}),
        "deque": collections.deque([1, 2], maxlen=5),
        "date": datetime.datetime(2024, 5, 6, tzinfo=datetime.timezone.utc),
        "took": datetime.timedelta(seconds=5),
        "history": seen.random(4),
        "names": np.array(["a", "bb"], dtype=object),
        "rng": np.random.RandomState(0).get_state(),
        "score": np.float32(0.5),
        "when": np.datetime64("2024-05-06"),
        "tracker": Tracker(),
        "meters": Meters(loss=0.5),
        "net": torch.nn.Linear(2, 1),
        "loss": torch.nn.functional.cross_entropy,
        "complex": 1 + 2j,
        "range": range(3),
        "slice": slice(1, 2),
        "set": {1, 2},
        "frozen": frozenset("ab"),
        "bytes": b"\x00\xff",
        "array": bytearray(b"\x01"),
        "broken_name": "caf\udce9.png",
        "confusion": {(0, 1): 2, (1, 0): 3},
        "flags": {True: 1, None: 2, 1.5: 3, Stage.FIT: 4, frozenset("x"): 5},
        "ellipsis": ...,
        "nested": nested(30),
        "big": 2 ** 200,
        "device": torch.device("cpu"),
        "dtype": torch.float8_e4m3fn,
        "layout": torch.strided,
        "generator": torch.get_rng_state(),
    }


def other_tensors():
    """Tensors that nobody can want as weights here."""
    x = torch.arange(4.0)
    quantized = torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)
    attributed = x.clone()
    attributed.note = "kept"
    return {
        "coo": x.to_sparse(),
        "csr": torch.eye(2).to_sparse_csr(),
        "complex": torch.complex(x, x),
        "conj": torch.complex(x, x).conj(),
        "float8": x.to(torch.float8_e4m3fn),
        "quantized": quantized,
        "per_channel": torch.quantize_per_channel(
            torch.ones(2, 2), torch.tensor([0.1, 0.2]), torch.tensor([0, 0]), 0, torch.quint8),
        "meta": torch.empty(2, 3, device="meta"),
        "nested": torch.nested.nested_tensor([x, x[:2]]),
        "parameter": torch.nn.Parameter(x),
        "attributed": attributed,
    }


def make_objects():
    state = weights(1)
    loaded = save("objects.pt", {**objects(), "state_dict": state, "others": other_tensors()})
    record("objects.pt", loaded["state_dict"])
    save("objects_protocol4.pt", {**objects(), "state_dict": state}, pickle_protocol=4)
    record("objects_protocol4.pt", state)


def make_legacy():
    """The format before version 1.6: views, names of one tensor, a script's own objects."""
    state = weights(2)
    base = torch.arange(12.0).view(3, 4)
    state["column"] = base[:, 1]
    state["tied"] = state["fc1.weight"]
    state["half_of_it"] = base.view(-1)[6:]
    state["double"] = torch.tensor([0.25], dtype=torch.float64)
    state["nothing"] = torch.zeros(0, 3)
    loaded = save(
        "legacy_checkpoint.pth",
        {"epoch": 4, "args": argparse.Namespace(lr=0.1), "tracker": Tracker(), "state_dict": state,
         "complex": torch.complex(base, base)},
        _use_new_zipfile_serialization=False,
    )
    record("legacy_checkpoint.pth", loaded["state_dict"])
    # A module as a whole: its class's source is kept too, here without the folder of one machine.
    source = torch.serialization.get_source_lines_and_file
    torch.serialization.get_source_lines_and_file = lambda obj: (["pass\n"], 1, "linear.py")
    save("legacy_module.pth", torch.nn.Linear(2, 1), _use_new_zipfile_serialization=False)
    torch.serialization.get_source_lines_and_file = source


def make_values():
    """The negative bit, and integers that have no storage class of their own."""
    z = torch.tensor([[1 + 2j, 3 - 4j], [0.5 + 0j, -1 - 0.25j]])
    state = {
        "negative": z.conj().imag,
        "negative_column": z.conj().imag[:, 1],
        "negative_double": z.to(torch.complex128).conj().imag,
        "negative_half": z.to(torch.complex32).conj().imag,
        "plain_imag": z.imag,
        "uint16": torch.tensor([1, 65535], dtype=torch.uint16),
        "uint32": torch.tensor([[1], [2 ** 32 - 1]], dtype=torch.uint32),
        "uint64": torch.tensor([3, 2 ** 40], dtype=torch.uint64),
        "uint16_column": torch.arange(6).view(2, 3).to(torch.uint16)[:, 2],
        "bool": torch.tensor([True, False, True]),
    }
    record("values.pt", save("values.pt", state))


def rewrite(source, target, change):
    """Copies an archive entry by entry."""
    with zipfile.ZipFile(os.path.join(HERE, source)) as old:
        with zipfile.ZipFile(os.path.join(HERE, target), "w", zipfile.ZIP_STORED) as new:
            for name in old.namelist():
                new.writestr(name, change(name.split("/", 1)[1], old.read(name)))


def make_big_endian():
    """As a machine with the other byte order writes it."""
    state = {"a": torch.tensor([1.5, -2.0]), "i": torch.tensor([1, -2]), "b": torch.tensor([True])}
    save("big_endian.pt", state)
    sizes = {"data/0": 4, "data/1": 8, "data/2": 1}

    def change(name, data):
        if name == "byteorder":
            return b"big"
        size = sizes.get(name)
        return np.frombuffer(data, f"u{size}").byteswap().tobytes() if size else data

    rewrite("big_endian.pt", "big_endian2.pt", change)
    os.replace(os.path.join(HERE, "big_endian2.pt"), os.path.join(HERE, "big_endian.pt"))
    record("big_endian.pt", torch.load(os.path.join(HERE, "big_endian.pt"), weights_only=True))


def make_no_checksums():
    torch.serialization.set_crc32_options(False)
    record("no_checksums.pt", save("no_checksums.pt", weights(3)))
    torch.serialization.set_crc32_options(True)


def make_torchscript():
    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(2, 1)

        def forward(self, x):
            return self.fc(x)

    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(Scaled()), buffer)
    with open(os.path.join(HERE, "torchscript.pt"), "wb") as file:
        file.write(buffer.getvalue())


def facebook_names(state):
    """Names that ConvNeXt's authors give timm's."""
    import re
    names = {}
    for name in state:
        other = re.sub(r"^stem\.", "downsample_layers.0.", name)
        other = re.sub(r"^stages\.(\d+)\.downsample\.", r"downsample_layers.\1.", other)
        other = re.sub(r"^stages\.(\d+)\.blocks\.(\d+)\.", r"stages.\1.\2.", other)
        other = other.replace("conv_dw", "dwconv").replace("mlp.fc", "pwconv")
        other = other.replace("mlp.grn.weight", "grn.gamma").replace("mlp.grn.bias", "grn.beta")
        other = re.sub(r"^head\.norm\.", "norm.", other)
        names[name] = re.sub(r"^head\.fc\.", "head.", other)
    return names


def make_convnext():
    """Shapes of two ConvNeXts by their authors' names; timm's own filter says what they become."""
    import timm
    from timm.models.convnext import checkpoint_filter_fn
    models = {}
    for model in ("test_convnext", "test_convnext2", "test_convnext3"):
        network = timm.create_model(model)
        state = network.state_dict()
        names = facebook_names(state)
        given = {
            names[name]: tensor.view(1, 1, 1, -1) if "grn" in name else
            tensor.flatten(1) if re_linear(name, tensor) else tensor
            for name, tensor in state.items()
        }
        tensors = {id(tensor): name for name, tensor in given.items()}
        became = checkpoint_filter_fn(dict(given), network)
        assert set(became) == set(state), model
        models[model] = [
            [name, facebook, list(given[facebook].shape), list(state[name].shape)]
            for name, facebook in names.items()
        ]
        assert all(became[name].shape == state[name].shape for name in state)
        assert all(torch.equal(became[name], state[name]) for name in state), tensors
    with open(os.path.join(HERE, "facebook_convnext.json"), "w") as file:
        file.write("{\n" + ",\n".join(
            f"  {json.dumps(model)}: [\n" + ",\n".join(f"    {json.dumps(row)}" for row in rows) +
            "\n  ]" for model, rows in models.items()) + "\n}\n")


def re_linear(name, tensor):
    return tensor.ndim == 4 and ".mlp.fc" in name and tensor.shape[2:] == (1, 1)


def make_not_bare():
    """What stands alone in a file like a bare tensor, and is none that can be read."""
    save("numpy_array.pt", np.arange(6.0))
    save("sparse_tensor.pt", torch.eye(2).to_sparse())
    save("namespace.pt", argparse.Namespace(lr=0.1))


if __name__ == "__main__":
    make_objects()
    make_not_bare()
    make_legacy()
    make_values()
    make_big_endian()
    make_no_checksums()
    make_torchscript()
    make_convnext()
    with open(os.path.join(HERE, "expected.json"), "w") as file:
        file.write("{\n" + ",\n".join(
            f"  {json.dumps(name)}: {{\n" + ",\n".join(
                f"    {json.dumps(key)}: {json.dumps(tensor)}" for key, tensor in tensors.items()) +
            "\n  }" for name, tensors in expected.items()) + "\n}\n")
