"""Writes metrics_more.json: answers of scikit-learn and torchmetrics on the batches of metrics.safetensors
and metrics_random.json, and on batches of its own, most of them degenerate.

Made with scikit-learn 1.9.1, torchmetrics 1.9.0, PyTorch 2.13 and numpy 2.4 on a CPU, in float64 where the
library can; ECE and Specificity are torchmetrics' float32, the latter as an exact ratio. NaN is null.
"""
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from sklearn.metrics import (
    brier_score_loss,
    cohen_kappa_score,
    log_loss,
    matthews_corrcoef,
    multilabel_confusion_matrix,
    r2_score,
)
from torchmetrics.functional import pearson_corrcoef
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multiclass_calibration_error,
    multiclass_specificity,
    multilabel_specificity,
)

warnings.simplefilter("ignore")
FOLDER = Path(__file__).parent
EPSILON = float(np.finfo(np.float32).eps)


def clipped(scores):
    return np.clip(scores.astype(np.float64), EPSILON, 1 - EPSILON)


def close(a, b, tolerance=2e-6):
    assert np.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True), (a, b)


def specificity(counts, multilabel):
    """Mean of tn / (tn + fp), the classes that torchmetrics leaves out left out."""
    found = []
    for (tn, fp), (fn, tp) in counts:
        if multilabel or tp + fp + fn > 0:
            found.append(tn / (tn + fp) if tn + fp > 0 else 0)
    return float(np.mean(found))


def multiclass(scores, labels, classes):
    wide, predicted = scores.astype(np.float64), scores.argmax(1)
    every = np.arange(classes)
    counts = multilabel_confusion_matrix(labels, predicted, labels=every)
    answers = {
        "Kappa": cohen_kappa_score(labels, predicted, labels=every, weights="quadratic"),
        "MCC": matthews_corrcoef(labels, predicted),
        "Specificity": specificity(counts, False),
        "Brier": brier_score_loss(labels, wide, labels=every),
        "Log_Loss": log_loss(labels, clipped(scores), labels=every),
        "ECE": float(
            multiclass_calibration_error(torch.tensor(scores), torch.tensor(labels), classes, n_bins=15, norm="l1")
        ),
    }
    close(answers["Log_Loss"], log_loss(labels, scores, labels=every), 1e-5)
    torch_scores, torch_labels = torch.tensor(scores), torch.tensor(labels)
    close(answers["Specificity"], float(multiclass_specificity(torch_scores, torch_labels, classes, average="macro")))
    return answers


def multilabel(scores, labels, classes):
    wide, predicted = scores.astype(np.float64), (scores > 0.5).astype(np.int64)
    counts = [np.array([[((p == 0) & (t == 0)).sum(), ((p == 1) & (t == 0)).sum()],
                        [((p == 0) & (t == 1)).sum(), ((p == 1) & (t == 1)).sum()]])
              for p, t in zip(predicted.T, labels.T)]
    columns = range(classes)
    answers = {
        "MCC": np.mean([matthews_corrcoef(labels[:, c], predicted[:, c]) for c in columns]),
        "Specificity": specificity(counts, True),
        "Brier": np.mean([brier_score_loss(labels[:, c], wide[:, c], pos_label=1) for c in columns]),
        "Log_Loss": np.mean([log_loss(labels[:, c], clipped(scores[:, c]), labels=[0, 1]) for c in columns]),
        "ECE": np.mean([
            float(binary_calibration_error(torch.tensor(scores[:, c]), torch.tensor(labels[:, c]), n_bins=15, norm="l1"))
            for c in columns
        ]),
    }
    if classes > 1:  # torchmetrics refuses a single label
        found = multilabel_specificity(torch.tensor(scores), torch.tensor(labels), classes, average="macro")
        close(answers["Specificity"], float(found))
    return answers


def regression(scores, labels, width):
    wide, targets = scores.astype(np.float64), labels.astype(np.float64)
    r = [np.corrcoef(wide[:, c], targets[:, c])[0, 1] if len(wide) > 1 else np.nan for c in range(width)]
    for c in range(width):
        if len(wide) > 1:
            found = float(pearson_corrcoef(torch.tensor(wide[:, c]), torch.tensor(targets[:, c])))
            assert np.isnan(found) or np.isclose(found, r[c], atol=1e-9), (found, r[c])
    return {"R2": r2_score(targets, wide), "Pearson": float(np.mean(r))}


ANSWERS = {"multiclass": multiclass, "multilabel": multilabel, "regression": regression}


def answer(subtask, classes, scores, labels):
    scores = np.asarray(scores, np.float32).reshape(-1, classes)
    labels = np.asarray(labels, np.float32 if subtask == "regression" else np.int64)
    if subtask != "multiclass":
        labels = labels.reshape(-1, classes)
    found = ANSWERS[subtask](scores, labels, classes)
    return {name: None if np.isnan(value) else float(value) for name, value in found.items()}


def generated(seed, classes, count):
    """The batch that metrics_random.json describes."""
    state, labels, scores = seed, [], []

    def draw():
        nonlocal state
        state = (state * 1664525 + 1013904223) % 2**32
        return state >> 8

    for _ in range(count):
        label = draw() * classes // 2**24
        row = [draw() for _ in range(classes)]
        row[label] = max(row[label], draw())
        labels.append(label)
        scores.extend(x / 2**24 for x in row)
    return scores, labels


def softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return (e / e.sum(1, keepdims=True)).astype(np.float32)


def own_cases(rng):
    for classes, count in [(2, 1), (2, 12), (2, 200), (3, 9), (3, 400), (7, 60), (12, 300)]:
        labels = rng.integers(0, classes, count)
        logits = rng.normal(size=(count, classes)) + 1.5 * np.eye(classes)[labels]
        yield f"{classes} classes, {count} samples", "multiclass", classes, softmax(logits), labels
    one = softmax(rng.normal(size=(20, 3)))
    yield "one class among the targets", "multiclass", 3, one, np.full(20, 1)
    sure = np.eye(3, dtype=np.float32)
    yield "one class throughout", "multiclass", 3, sure[np.full(8, 2)], np.full(8, 2)
    yield "absent class 1 of 3", "multiclass", 3, sure[rng.choice([0, 2], 30)], rng.choice([0, 2], 30)
    yield "probabilities of 0 and 1", "multiclass", 3, sure[rng.integers(0, 3, 40)], rng.integers(0, 3, 40)
    yield "all equal", "multiclass", 4, np.full((16, 4), 0.25, np.float32), rng.integers(0, 4, 16)
    tied = np.array([[0.5, 0.5, 0], [0.25, 0.25, 0.5], [0, 0.5, 0.5]], np.float32)
    yield "ties", "multiclass", 3, tied[rng.integers(0, 3, 30)], rng.integers(0, 3, 30)
    edges = torch.linspace(0, 1, 16).numpy()
    near = np.concatenate([edges, np.nextafter(edges, np.float32(0)), np.nextafter(edges, np.float32(1))])
    near = near.clip(0, 1)
    yield "edges of bins", "multilabel", 1, near, (np.arange(len(near)) * 7 % 3 == 0).astype(int)
    top = near[near >= 0.5]
    yield "edges of bins, two classes", "multiclass", 2, np.stack([top, 1 - top], 1), np.arange(len(top)) % 2
    for width, count in [(1, 1), (1, 30), (3, 50), (5, 200)]:
        labels = rng.integers(0, 2, (count, width))
        scores = 1 / (1 + np.exp(-(rng.normal(size=(count, width)) + 2 * labels - 1)))
        yield f"{width} labels, {count} samples", "multilabel", width, scores.astype(np.float32), labels
    yield "a label that is never true, one that always is", "multilabel", 2, rng.random((20, 2)), np.tile([0, 1], 20)
    yield "no label true", "multilabel", 2, rng.random((10, 2)), np.zeros(20, int)
    for width, count in [(1, 2), (1, 40), (3, 100)]:
        labels = rng.normal(size=(count, width))
        yield f"{width} values, {count} samples", "regression", width, labels + rng.normal(size=labels.shape), labels
    values = rng.normal(size=(25, 1))
    yield "one sample", "regression", 1, [0.5], [1]
    yield "exact", "regression", 1, values, values
    yield "reversed", "regression", 1, -values, values
    yield "targets all the same", "regression", 1, values, np.full(25, 0.1)
    yield "targets all the same, exact", "regression", 1, np.full(25, 0.1), np.full(25, 0.1)
    yield "predictions all the same", "regression", 1, np.full(25, 0.3), values
    yield "one of two values constant", "regression", 2, rng.normal(size=(9, 2)), np.c_[rng.normal(size=9), np.ones(9)]
    far = 4096 + rng.normal(size=(300, 1))
    yield "far from 0", "regression", 1, far + 0.1 * rng.normal(size=far.shape), far


def main():
    tensors = load_file(FOLDER / "metrics.safetensors")
    random = json.loads((FOLDER / "metrics_random.json").read_text())
    facts = random["generated"]
    batch = generated(facts["seed"], facts["num_classes"], facts["count"])
    cases = []
    for name, subtask, classes, scores, labels in own_cases(np.random.default_rng(14)):
        scores = np.asarray(scores, np.float32).ravel().tolist()
        labels = np.asarray(labels, np.float32 if subtask == "regression" else np.int64).ravel().tolist()
        cases.append({
            "name": name,
            "subtask": subtask,
            "num_classes": classes,
            "scores": scores,
            "labels": labels,
            "expected": answer(subtask, classes, scores, labels),
        })
    made = {
        "about": __doc__.strip(),
        "golden": {
            "multiclass": answer("multiclass", 6, tensors["probs"], tensors["labels"]),
            "multilabel": answer("multilabel", 6, tensors["ml_probs"], tensors["ml_labels"]),
            "regression": answer("regression", 1, tensors["reg_pred"], tensors["reg_true"]),
        },
        "random": [answer(c["subtask"], c["num_classes"], c["scores"], c["labels"]) for c in random["cases"]],
        "generated": answer("multiclass", facts["num_classes"], *batch),
        "cases": cases,
    }
    rows = [f"{json.dumps(key)}: {json.dumps(made[key])}" for key in list(made)[:-1]]
    listed = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / "metrics_more.json").write_text("{\n" + ",\n".join(rows) + f',\n"cases": [\n{listed}\n]\n}}\n')


main()
