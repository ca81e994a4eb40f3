"""Makes the models of this folder and manifest.json: what PyTorch computes with them.

Run with torch 2.13 and onnx 1.23: python make_models.py
"""
import json
import pathlib
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from torch import nn

FOLDER = pathlib.Path(__file__).parent
IMAGES = 6


def images(*shape):
    """Values that every language computes alike."""
    count = int(np.prod(shape))
    return torch.tensor([(i * 37 % 101 - 50) / 50 for i in range(count)]).float().reshape(shape)


class Tokens(nn.Module):
    """A patch embedding, a class token and one attention block."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 6, 4, stride=4)
        self.token = nn.Parameter(torch.randn(1, 1, 6))
        self.position = nn.Parameter(torch.randn(1, 5, 6))
        self.qkv = nn.Linear(6, 18)
        self.norm = nn.LayerNorm(6)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        return x + torch.softmax(q @ k.transpose(1, 2) / 6**0.5, dim=-1) @ v


class TwoOutputs(nn.Module):
    """A map, and the mean of it."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        return x, x.mean((2, 3))


class Half(nn.Module):
    """Weights in float16 behind inputs and outputs in float32."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(48, 5).half()

    def forward(self, x):
        return self.fc(x.half().flatten(1)).float()


def features(channels=3):
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)
    )


def export(name, model, shape, outputs, dynamic=None):
    """Writes a model; returns its input's shape and what it gives for the images."""
    torch.manual_seed(sum(name.encode()))
    model = model().eval()
    path = FOLDER / f"{name}.onnx"
    torch.onnx.export(
        model, torch.zeros(shape), path, dynamo=False, input_names=["pixels"],
        output_names=outputs, dynamic_axes=dynamic,
    )
    with torch.no_grad():
        found = model(images(IMAGES, *shape[1:]))
    found = found if isinstance(found, tuple) else (found,)
    check(path, shape, dict(zip(outputs, found)))
    return {
        "input": list(shape[1:]),
        "outputs": {
            output: {"shape": list(value.shape[1:]), "values": value.flatten().tolist()}
            for output, value in zip(outputs, found)
        },
    }


def check(path, shape, expected):
    """Compares with ONNX's own reference implementation, an image at a time where needed."""
    step = shape[0]
    run = ReferenceEvaluator(str(path)).run
    for output, value in expected.items():
        parts = [
            run([output], {"pixels": images(IMAGES, *shape[1:])[at : at + step].numpy()})[0]
            for at in range(0, IMAGES, step)
        ]
        tolerance = 1e-2 if "half" in path.name else 1e-5
        assert np.abs(np.concatenate(parts) - value.numpy()).max() < tolerance, path


def graph_model(name, nodes, inputs, outputs, initializers=(), opset=17, ir_version=8):
    """Writes a model by hand."""
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)
    onnx.save(model, FOLDER / f"{name}.onnx")


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def odd_models():
    """Models that cannot be used as encoders, or only just."""
    relu = [helper.make_node("Relu", ["pixels"], ["map"])]
    image = ["batch", 3, 4, 4]
    for name, kind in [("float16", TensorProto.FLOAT16), ("uint8", TensorProto.UINT8)]:
        node = helper.make_node("Identity", ["pixels"], ["map"])
        graph_model(name, [node], [value("pixels", image, kind)], [value("map", image, kind)])
    node = helper.make_node("Cast", ["pixels"], ["map"], to=TensorProto.FLOAT16)
    output = value("map", image, TensorProto.FLOAT16)
    graph_model("float16_output", [node], [value("pixels", image)], [output])
    graph_model("channels_last", relu, [value("pixels", ["batch", 4, 4, 3])], [value("map", None)])
    graph_model("opset_99", relu, [value("pixels", image)], [value("map", image)], opset=99)
    node = helper.make_node("Frobnicate", ["pixels"], ["map"])
    graph_model("unknown_operator", [node], [value("pixels", image)], [value("map", image)])
    node = helper.make_node("Add", ["pixels", "other"], ["map"])
    both = [value("pixels", image), value("other", image)]
    graph_model("two_inputs", [node], both, [value("map", image)])
    # IR version 3 lists weights among the inputs.
    node = helper.make_node("Mul", ["pixels", "weight"], ["map"])
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [1], [2.0])
    inputs = [value("pixels", image), value("weight", [1])]
    graph_model("ir_3", [node], inputs, [value("map", image)], [weight], 8, 3)
    # The number of rows does not follow that of the images.
    node = helper.make_node("ReduceMean", ["pixels"], ["map"], axes=[0], keepdims=1)
    graph_model("one_row", [node], [value("pixels", image)], [value("map", None)])
    external()


def external():
    """Weights in a file of their own."""
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["features"]),
    ]
    values = np.arange(48 * 2, dtype=np.float32).reshape(48, 2) / 100
    weight = onnx.numpy_helper.from_array(values, "weight")
    graph = helper.make_graph(
        nodes, "external", [value("pixels", ["batch", 3, 4, 4])], [value("features", None)], [weight]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(
        model, FOLDER / "external.onnx", save_as_external_data=True, location="external.onnx.data",
        size_threshold=0,
    )


def main():
    warnings.simplefilter("ignore")
    batch = {0: "batch"}
    sizes = {0: "batch", 2: "height", 3: "width"}
    cases = {
        "map": export(
            "map", lambda: nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU()), (1, 3, 9, 11),
            ["map"], {"pixels": sizes, "map": sizes},
        ),
        "features_batch_1": export("features_batch_1", features, (1, 3, 8, 8), ["features"]),
        "features_batch_4": export("features_batch_4", features, (4, 3, 8, 8), ["features"]),
        "grey": export(
            "grey", lambda: features(1), (1, 1, 8, 8), ["features"],
            {"pixels": batch, "features": batch},
        ),
        "tokens": export(
            "tokens", Tokens, (1, 3, 8, 8), ["tokens"],
            {"pixels": batch, "tokens": {0: "batch", 1: "number"}},
        ),
        "two_outputs": export(
            "two_outputs", TwoOutputs, (1, 3, 8, 8), ["map", "features"],
            {"pixels": batch, "map": batch, "features": batch},
        ),
        "half_inside": export(
            "half_inside", Half, (1, 3, 4, 4), ["features"], {"pixels": batch, "features": batch}
        ),
    }
    odd_models()
    (FOLDER / "manifest.json").write_text(json.dumps(cases) + "\n")


main()
