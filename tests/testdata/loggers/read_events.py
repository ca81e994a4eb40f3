"""Prints what TensorBoard's own reader finds in a folder of event files, as JSON.

Usage: python read_events.py FOLDER (needs tensorboard)
"""
import json
import math
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

everything = {"scalars": 0, "images": 0, "tensors": 0}


def number(value):
    """JSON has no infinity and no NaN."""
    return value if math.isfinite(value) else str(value)


accumulator = EventAccumulator(sys.argv[1], size_guidance=everything)
accumulator.Reload()
tags = accumulator.Tags()
found = {
    "scalars": {tag: [[e.step, number(e.value)] for e in accumulator.Scalars(tag)] for tag in tags["scalars"]},
    "images": {
        tag: [[e.step, e.width, e.height, e.encoded_image_string.hex()] for e in accumulator.Images(tag)]
        for tag in tags["images"]
    },
    "texts": {
        tag: [e.tensor_proto.string_val[0].decode() for e in accumulator.Tensors(tag)]
        for tag in tags["tensors"]
    },
}
print(json.dumps(found))
