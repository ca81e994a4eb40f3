"""Makes the arrays of this folder, and `expected.json`, which says what they hold.

Run with NumPy 2: `python make_npy.py`.
"""
import json
import os
import pathlib

import numpy as np

HERE = pathlib.Path(os.path.dirname(os.path.abspath(__file__)))
expected = {}


def save(name, array, version=None):
    with open(HERE / name, "wb") as file:
        np.lib.format.write_array(file, array, version=version)
    values = [
        # JSON has no infinity.
        value if np.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
        for value in np.ascontiguousarray(array).astype(np.float64).ravel().tolist()
    ]
    expected[name] = {"shape": list(array.shape), "dtype": array.dtype.name, "values": values}


floats = np.array([[0.5, -1.25, 3], [65504, 2**-14, -0.0]])
for code in ("f2", "f4", "f8"):
    for order, name in (("<", "le"), (">", "be")):
        save(f"{code}_{name}.npy", floats.astype(order + code))
for size in (1, 2, 4, 8):
    for kind in ("i", "u"):
        info = np.iinfo(f"{kind}{size}")
        values = np.array([[info.min, info.max], [1, 100]], f"{kind}{size}")
        for order, name in (("<", "le"), (">", "be")):
            save(f"{kind}{size}_{name}.npy", values.astype(f"{order}{kind}{size}"))
save("bool.npy", np.array([True, False, True]))
save("special.npy", np.array([np.inf, -np.inf, 1e300, 1e-300]))
save("cube.npy", np.arange(24, dtype="<f4").reshape(2, 3, 4))
save("one.npy", np.array(7, "<i4"))
save("no_rows.npy", np.zeros((0, 5), "<f4"))
save("fortran_vector.npy", np.asfortranarray(np.arange(3, dtype="<f4").reshape(1, 3)))
for version in (1, 2, 3):
    save(f"version_{version}.npy", np.arange(6, dtype="<i2").reshape(3, 2), (version, 0))


def refuse(name, array):
    np.save(HERE / name, array, allow_pickle=True)


refuse("fortran.npy", np.asfortranarray(floats))
refuse("object.npy", np.array([{"a": 1}], dtype=object))
refuse("record.npy", np.zeros(2, [("shape", "<f4"), ("descr", "<i4")]))
refuse("complex.npy", np.zeros(2, "<c8"))
refuse("text.npy", np.array(["a", "bc"]))
refuse("bytes.npy", np.array([b"a", b"bc"]))
refuse("date.npy", np.array(["2024-01-31"], "M8[D]"))
refuse("longdouble.npy", np.zeros(2, np.longdouble))
np.savez(HERE / "two.npz", a=np.zeros(2))
(HERE / "expected.json").write_text(json.dumps(expected) + "\n")
