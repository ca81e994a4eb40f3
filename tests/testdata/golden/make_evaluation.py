"""Writes evaluation.json: predictions, the resamples that seed 0 draws, and what scikit-learn and numpy say of them.

Resamples are drawn by a Philox4x32-10 written here, apart from engine/random.ts: units (patients in order of
first appearance, or samples) by Lemire's method. Every number of every resample is computed anew from the
drawn samples; intervals are np.quantile of those that are not NaN. Made with scikit-learn 1.9.1, torchmetrics
1.9.0 and numpy 2.4, in float64. NaN is null.
"""
import json
import math
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn import metrics as sk
from torchmetrics.functional.classification import binary_calibration_error, multiclass_calibration_error

warnings.simplefilter("ignore")
MASK = 2**32 - 1
EPSILON = float(np.finfo(np.float32).eps)
EDGES = torch.linspace(0, 1, 16).numpy()
LEVEL = 0.95


def philox(block, low, high):
    c0, c1, c2, c3 = block
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ low, b & MASK, (a >> 32) ^ c3 ^ high, a & MASK
        low, high = (low + 0x9E3779B9) & MASK, (high + 0xBB67AE85) & MASK
    return [c0, c1, c2, c3]


def derive_seed(seed, key):
    low, high = seed & MASK, seed >> 32
    words = [(len(key), 0)] + [
        (ord(key[i]), ord(key[i + 1]) if i + 1 < len(key) else 0) for i in range(0, len(key), 2)
    ]
    for position, (first, second) in enumerate(words):
        low, high = philox([first, second, 2, position], low, high)[:2]
    return ((high & 0x1FFFFF) << 32) + low


class Random:
    def __init__(self, seed):
        self.key, self.counter, self.words = (seed & MASK, seed >> 32), 0, []

    def uint32(self):
        if not self.words:
            self.words = philox([self.counter & MASK, self.counter >> 32, 0, 0], *self.key)
            self.counter += 1
        return self.words.pop(0)

    def integer(self, n):
        while True:
            product = self.uint32() * n
            if product & MASK >= (2**32 - n) % n or product & MASK >= n:
                return product >> 32


def draws(count, resamples):
    random = Random(derive_seed(0, "bootstrap"))
    return [[random.integer(count) for _ in range(count)] for _ in range(resamples)]


def ece(confidence, right):
    """torchmetrics' l1 calibration error, in float64."""
    bins = np.searchsorted(EDGES, confidence, side="right") - 1
    wide = confidence.astype(np.float64)
    return sum(abs(right[bins == b].sum() - wide[bins == b].sum()) for b in range(16)) / len(wide)


def clipped(scores):
    return np.clip(scores.astype(np.float64), EPSILON, 1 - EPSILON)


def specificity(counts, every):
    found = [tn / (tn + fp) if tn + fp else 0 for (tn, fp), (fn, tp) in counts if every or tp + fp + fn]
    return float(np.mean(found))


def area(truth, scores):
    return sk.roc_auc_score(truth, scores) if 0 < truth.sum() < len(truth) else math.nan


def by_class(truth, predicted, scores):
    numbers = {}
    for c in range(scores.shape[1]):
        t, p = truth[:, c], predicted[:, c]
        numbers[f"precision {c}"] = sk.precision_score(t, p, zero_division=np.nan)
        numbers[f"recall {c}"] = sk.recall_score(t, p, zero_division=np.nan)
        numbers[f"f1 {c}"] = sk.f1_score(t, p, zero_division=np.nan)
        numbers[f"auroc {c}"] = area(t, scores[:, c])
    return numbers


def multiclass(scores, labels):
    classes = scores.shape[1]
    every, wide, predicted = np.arange(classes), scores.astype(np.float64), scores.argmax(1)
    truth = (labels[:, None] == every).astype(int)
    areas = [area(truth[:, c], scores[:, c]) for c in every]
    absent = 0 if (labels == 0).all() else math.nan
    precisions = [
        sk.average_precision_score(truth[:, c], wide[:, c]) if truth[:, c].any() else absent for c in every
    ]
    found = {
        "Accuracy": sk.accuracy_score(labels, predicted),
        "Balanced_Accuracy": sk.recall_score(labels, predicted, average="macro", zero_division=0),
        "F1": sk.f1_score(labels, predicted, average="macro", zero_division=0),
        "Precision": sk.precision_score(labels, predicted, average="macro", zero_division=0),
        "Recall": sk.recall_score(labels, predicted, average="macro", zero_division=0),
        "Specificity": specificity(sk.multilabel_confusion_matrix(labels, predicted, labels=every), False),
        "MCC": sk.matthews_corrcoef(labels, predicted),
        "AUROC": np.mean(np.nan_to_num(areas, nan=0)),
        "AP": np.nanmean(precisions),
        "Log_Loss": sk.log_loss(labels, clipped(scores), labels=every),
        "Brier": sk.brier_score_loss(labels, wide, labels=every),
        "ECE": ece(scores.max(1), predicted == labels),
        "Kappa": sk.cohen_kappa_score(labels, predicted, labels=every, weights="quadratic"),
    }
    return found, by_class(truth, (predicted[:, None] == every).astype(int), scores)


def multilabel(scores, labels):
    predicted, wide = (scores > 0.5).astype(int), scores.astype(np.float64)
    columns = range(scores.shape[1])
    counts = [sk.confusion_matrix(labels[:, c], predicted[:, c], labels=[0, 1]) for c in columns]

    def mean(score):
        return float(np.mean([score(labels[:, c], predicted[:, c], wide[:, c], scores[:, c]) for c in columns]))

    sensitivity = mean(lambda t, p, *_: sk.recall_score(t, p, zero_division=0))
    found = {
        "Accuracy": float((predicted == labels).mean()),
        "Balanced_Accuracy": (sensitivity + specificity(counts, True)) / 2,
        "F1": mean(lambda t, p, *_: sk.f1_score(t, p, zero_division=0)),
        "Precision": mean(lambda t, p, *_: sk.precision_score(t, p, zero_division=0)),
        "Recall": sensitivity,
        "Specificity": specificity(counts, True),
        "MCC": mean(lambda t, p, *_: sk.matthews_corrcoef(t, p)),
        "AUROC": mean(lambda t, p, w, _: np.nan_to_num(area(t, w))),
        "AP": mean(lambda t, p, w, _: sk.average_precision_score(t, w) if t.any() else 0),
        "Log_Loss": mean(lambda t, p, w, s: sk.log_loss(t, clipped(s), labels=[0, 1])),
        "Brier": mean(lambda t, p, w, _: ((w - t) ** 2).mean()),
        "ECE": mean(lambda t, p, w, s: ece(s, t)),
    }
    return found, by_class(labels, predicted, wide)


def regression(scores, labels):
    wide, targets = scores.astype(np.float64), labels.astype(np.float64)
    columns = range(wide.shape[1])
    return {
        "MAE": float(np.abs(wide - targets).mean()),
        "MSE": float(((wide - targets) ** 2).mean()),
        "R2": sk.r2_score(targets, wide),
        "Pearson": float(np.mean([np.corrcoef(wide[:, c], targets[:, c])[0, 1] for c in columns])),
    }, {}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(each) for each in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def estimates(values, resampled):
    found = {}
    for name, value in values.items():
        drawn = np.array([each[name] for each in resampled], np.float64)
        defined = drawn[~np.isnan(drawn)]
        ends = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(defined) else [math.nan] * 2
        found[name] = {"value": value, "low": ends[0], "high": ends[1], "undefined": len(drawn) - len(defined)}
    return found


def curves(truth, scores):
    roc, pr, grid = [], [], np.arange(200) / 199
    for c in range(scores.shape[1]):
        t, s = truth[:, c], scores[:, c].astype(np.float64)
        if 0 < t.sum() < len(t):
            x, y, _ = sk.roc_curve(t, s, drop_intermediate=False)
            roc.append({"class": c, "x": x, "y": y, "area": area(t, s)})
        if t.sum():
            y, x, _ = sk.precision_recall_curve(t, s)
            pr.append({"class": c, "x": x[::-1], "y": y[::-1], "area": sk.average_precision_score(t, s)})
    step = [[each["y"][np.searchsorted(each["x"], g, side="left")] for g in grid] for each in pr]
    return {
        "roc": roc,
        "pr": pr,
        "roc_macro": np.mean([np.interp(grid, each["x"], each["y"]) for each in roc], 0),
        "pr_macro": np.mean(step, 0),
    }


def bins(confidence, right):
    at = np.searchsorted(EDGES, confidence, side="right") - 1
    return [
        {"confidence": confidence[at == b].astype(np.float64).mean(), "accuracy": right[at == b].mean(), "count": (at == b).sum()}
        for b in range(16) if (at == b).any()
    ]


def more(subtask, scores, labels):
    wide = scores.astype(np.float64)
    if subtask == "regression":
        residuals = wide - labels
        found = []
        for column, target in zip(residuals.T, labels.astype(np.float64).T):
            counts, edges = np.histogram(column, 20)
            ends = np.quantile(target, np.arange(6) / 5)
            fifth = np.clip(np.searchsorted(ends, target, side="right") - 1, 0, 4)
            found.append({
                "mean": column.mean(),
                "sd": column.std(ddof=1),
                "quantiles": np.quantile(column, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]),
                "histogram": {"edges": edges, "counts": counts},
                "mae_by_target": [np.abs(column[fifth == k]).mean() for k in range(5)],
            })
        return {"residuals": found}
    if subtask == "multiclass":
        predicted, every = scores.argmax(1), np.arange(scores.shape[1])
        right = predicted == labels
        torch_ece = multiclass_calibration_error(torch.tensor(scores), torch.tensor(labels), len(every), n_bins=15)
        assert abs(float(torch_ece) - ece(scores.max(1), right)) < 1e-6
        return {
            "confusion": sk.confusion_matrix(labels, predicted, labels=every),
            "support": np.bincount(labels, minlength=len(every)),
            "calibration": [{"bins": bins(scores.max(1), right), "ece": ece(scores.max(1), right),
                             "brier": sk.brier_score_loss(labels, wide, labels=every)}],
            "curves": curves(labels[:, None] == every, scores),
        }
    columns = range(scores.shape[1])
    for c in columns:
        found = binary_calibration_error(torch.tensor(scores[:, c]), torch.tensor(labels[:, c]), n_bins=15)
        assert abs(float(found) - ece(scores[:, c], labels[:, c])) < 1e-6
    return {
        "confusion": sk.multilabel_confusion_matrix(labels, (scores > 0.5).astype(int)),
        "support": labels.sum(0),
        "calibration": [{"bins": bins(scores[:, c], labels[:, c]), "ece": ece(scores[:, c], labels[:, c]),
                         "brier": ((wide[:, c] - labels[:, c]) ** 2).mean()} for c in columns],
        "curves": curves(labels, scores),
    }


ANSWERS = {"multiclass": multiclass, "multilabel": multilabel, "regression": regression}


def case(name, subtask, scores, labels, patients, resamples):
    scores = np.asarray(scores, np.float32)
    labels = np.asarray(labels, np.float32 if subtask == "regression" else np.int64)
    groups = list(dict.fromkeys(patients)) if patients else list(range(len(scores)))
    members = [[i for i, p in enumerate(patients or groups) if p == g] for g in groups]
    drawn = draws(len(groups), resamples)
    resampled = [[], []]
    for units in drawn:
        rows = [i for unit in units for i in members[unit]]
        for found, each in zip(resampled, ANSWERS[subtask](scores[rows], labels[rows])):
            found.append(each)
    values = ANSWERS[subtask](scores, labels)
    return plain({
        "name": name,
        "subtask": subtask,
        "num_classes": scores.shape[1],
        "scores": scores.ravel(),
        "labels": labels.ravel(),
        "patients": patients,
        "resamples": resamples,
        "draws": drawn[:20],
        "metrics": estimates(values[0], resampled[0]),
        "per_class": estimates(values[1], resampled[1]),
        **more(subtask, scores, labels),
    })


def softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return (e / e.sum(1, keepdims=True)).astype(np.float32)


def cases(rng):
    labels = np.concatenate([rng.integers(0, 2, 58), [2, 2]])
    logits = np.round(rng.normal(size=(60, 3)) + 1.2 * np.eye(3)[labels], 1)  # rounded: ties
    patients = [f"p{i}" for i in rng.integers(0, 20, 60)]
    yield case("three classes, one of them rare, of patients", "multiclass", softmax(logits), labels, patients, 1000)
    labels = rng.integers(0, 2, 25)
    yield case("two classes", "multiclass", softmax(rng.normal(size=(25, 2)) + np.eye(2)[labels]), labels, None, 300)
    labels = np.c_[rng.integers(0, 2, (40, 2)), np.zeros((40, 1), int)]
    scores = 1 / (1 + np.exp(-rng.normal(size=(40, 3)) - labels + 0.5))
    yield case("three labels, one never true", "multilabel", scores, labels, None, 300)
    labels = rng.normal(size=(30, 2))
    patients = [f"p{i}" for i in rng.integers(0, 12, 30)]
    scores = labels + rng.normal(size=(30, 2))
    yield case("two values, of patients", "regression", scores, labels, patients, 300)


def main():
    listed = ",\n".join(json.dumps(each) for each in cases(np.random.default_rng(2)))
    path = Path(__file__).parent / "evaluation.json"
    path.write_text(f'{{"about": {json.dumps(__doc__.strip())},\n"cases": [\n{listed}\n]}}\n')


main()
