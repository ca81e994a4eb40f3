"""Prints the records of a W&B run file, parsed by wandb's own protobuf classes, as JSON.

Usage: python read_run.py FILE (needs protobuf and the files of wandb, not what wandb itself needs)
"""
import importlib.util
import json
import struct
import sys
import types
import zlib

# The package's own __init__ imports more than its protobuf classes need.
package = types.ModuleType("wandb")
package.__path__ = importlib.util.find_spec("wandb").submodule_search_locations
sys.modules["wandb"] = package

from google.protobuf.json_format import MessageToDict  # noqa: E402
from wandb.proto.wandb_internal_pb2 import Record  # noqa: E402

BLOCK, HEADER = 32768, 7


def records(data):
    """The records of wandb's LevelDB log: FULL 1, FIRST 2, MIDDLE 3, LAST 4."""
    assert data[:HEADER] == struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
    at, record = HEADER, None
    while at < len(data):
        left = BLOCK - at % BLOCK
        if left < HEADER:
            assert not any(data[at : at + left])
            at += left
            continue
        checksum, length, kind = struct.unpack("<IHB", data[at : at + HEADER])
        piece = data[at + HEADER : at + HEADER + length]
        assert zlib.crc32(piece, zlib.crc32(bytes([kind]))) == checksum
        assert (record is None) == (kind in (1, 2))
        record = piece if record is None else record + piece
        if kind in (1, 4):
            yield record
            record = None
        at += HEADER + length
    assert record is None


def short(value):
    """Long texts by their length and their checksum."""
    if isinstance(value, dict):
        return {key: short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [short(item) for item in value]
    if isinstance(value, str) and len(value) > 1000:
        return [len(value), zlib.crc32(value.encode())]
    return value


with open(sys.argv[1], "rb") as file:
    parsed = [Record.FromString(record) for record in records(file.read())]
read = [MessageToDict(record, preserving_proto_field_name=True) for record in parsed]
print(json.dumps(short(read)))
