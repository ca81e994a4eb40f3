"""Writes draws.json: what scikit-learn's StratifiedShuffleSplit draws with seed 42."""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.model_selection import StratifiedShuffleSplit


def labels_of(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.RandomState(seed).permutation(labels)


cases = []
for counts, fraction in [
    ([5, 5], 0.4),
    ([70, 20, 10], 0.1),
    ([33, 33, 33, 33], 0.3),
    ([40, 7, 3, 2], 0.5),
    ([100] * 10, 0.1),
    ([13, 17, 19, 23, 29], 0.37),
    ([500, 300, 201], 0.1),
]:
    labels = labels_of(counts, len(cases))
    split = StratifiedShuffleSplit(n_splits=1, train_size=fraction, random_state=42)
    drawn, _ = next(split.split(np.zeros(len(labels)), labels))
    cases.append(
        {
            "labels": "".join(str(label) for label in labels),
            "fraction": fraction,
            "drawn": sorted(int(index) for index in drawn),
        }
    )

content = {"sklearn": sklearn.__version__, "numpy": np.__version__, "cases": cases}
Path(__file__).with_name("draws.json").write_text(json.dumps(content) + "\n")
