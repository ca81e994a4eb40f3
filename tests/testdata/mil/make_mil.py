"""Writes cases.json and one safetensors file per head: what the heads over bags compute in PyTorch.

Made with PyTorch 2.13, float64 on a CPU, stored as float32. Every bag is computed alone, as the
papers do; losses are means over the bags. The formulas are written here after the papers; parameters
are called as in the authors' published code: AttentionDeepMIL (Ilse et al. 2018; `feature_extractor`
stands for its second part), DSMIL (Li et al. 2021), TransMIL (Shao et al. 2021) with the Nyström
attention that it imports, and CLAM's loop over the instance classifiers (Lu et al. 2021).

Run: python make_mil.py
"""
import json
import math
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_default_dtype(torch.float64)
HERE = Path(__file__).parent


class Pool(nn.Module):
    """Embedding-level pooling: an optional linear layer with ReLU, a pool, a linear layer."""

    def __init__(self, embed_dim, classes, pool, hidden_dim=None):
        super().__init__()
        self.pool = pool
        self.feature_extractor = nn.Sequential()
        if hidden_dim:
            self.feature_extractor = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.ReLU())
        self.classifier = nn.Sequential(nn.Linear(hidden_dim or embed_dim, classes))

    def forward(self, x):
        h = self.feature_extractor(x)
        return self.classifier(h.mean(0) if self.pool == "mean" else h.amax(0)), None, None


class Abmil(nn.Module):
    def __init__(self, embed_dim, classes, hidden_dim, attention_dim, gated=True, heads=1):
        super().__init__()
        self.gated = gated
        self.feature_extractor = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.ReLU())
        if gated:
            self.attention_V = nn.Sequential(nn.Linear(hidden_dim, attention_dim), nn.Tanh())
            self.attention_U = nn.Sequential(nn.Linear(hidden_dim, attention_dim), nn.Sigmoid())
            self.attention_w = nn.Linear(attention_dim, heads)
        else:
            self.attention = nn.Sequential(
                nn.Linear(hidden_dim, attention_dim), nn.Tanh(), nn.Linear(attention_dim, heads)
            )
        self.classifier = nn.Sequential(nn.Linear(hidden_dim * heads, classes))

    def forward(self, x):
        h = self.feature_extractor(x)
        if self.gated:
            scores = self.attention_w(self.attention_V(h) * self.attention_U(h)).T
        else:
            scores = self.attention(h).T
        pooled = scores.softmax(1) @ h  # [heads, hidden_dim]
        return self.classifier(pooled.flatten()), scores, None


class FCLayer(nn.Module):
    def __init__(self, embed_dim, classes):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(embed_dim, classes))


class BClassifier(nn.Module):
    def __init__(self, embed_dim, classes, nonlinear, passing_v):
        super().__init__()
        self.q = nn.Linear(embed_dim, 128)
        if nonlinear:
            self.q = nn.Sequential(
                nn.Linear(embed_dim, 128), nn.ReLU(), nn.Linear(128, 128), nn.Tanh()
            )
        self.v = nn.Identity()
        if passing_v:
            self.v = nn.Sequential(nn.Dropout(0.0), nn.Linear(embed_dim, embed_dim), nn.ReLU())
        self.fcc = nn.Conv1d(classes, classes, kernel_size=embed_dim)


class Dsmil(nn.Module):
    def __init__(self, embed_dim, classes, nonlinear=True, passing_v=False):
        super().__init__()
        self.i_classifier = FCLayer(embed_dim, classes)
        self.b_classifier = BClassifier(embed_dim, classes, nonlinear, passing_v)

    def forward(self, x):
        bag = self.b_classifier
        scores = self.i_classifier.fc(x)  # [instances, classes]
        critical = bag.q(x[scores.argmax(0)])
        likeness = critical @ bag.q(x).T / math.sqrt(128)  # [classes, instances]
        pooled = likeness.softmax(1) @ bag.v(x)
        return bag.fcc(pooled[None]).flatten(), likeness, scores.amax(0)


class NystromAttention(nn.Module):
    def __init__(self, dim, heads, landmarks, iterations):
        super().__init__()
        self.heads, self.landmarks, self.iterations = heads, landmarks, iterations
        self.to_qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.to_out = nn.Sequential(nn.Linear(dim, dim))
        self.res_conv = nn.Conv2d(heads, heads, (33, 1), padding=(16, 0), groups=heads, bias=False)

    def forward(self, x):  # [tokens, dim]
        count, dim = x.shape
        m, width = self.landmarks, dim // self.heads
        x = F.pad(x, (0, 0, -count % m, 0))  # zeros in front
        q, k, v = (t.reshape(-1, self.heads, width).transpose(0, 1) for t in self.to_qkv(x).chunk(3, 1))
        q = q * width**-0.5
        group = len(x) // m
        queries, keys = (t.reshape(self.heads, m, group, width).mean(2) for t in (q, k))
        first = (q @ keys.mT).softmax(-1)
        second = (queries @ keys.mT).softmax(-1)
        third = (queries @ k.mT).softmax(-1)
        out = first @ self.inverse(second) @ (third @ v) + self.res_conv(v[None])[0]
        return self.to_out(out.transpose(0, 1).reshape(-1, dim))[-count:]

    def inverse(self, x):
        unit = torch.eye(x.shape[-1])
        z = x.mT / (x.abs().sum(-1).max() * x.abs().sum(-2).max())
        for _ in range(self.iterations):
            xz = x @ z
            z = 0.25 * z @ (13 * unit - xz @ (15 * unit - xz @ (7 * unit - xz)))
        return z


class TransLayer(nn.Module):
    def __init__(self, dim, *sizes):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.attn = NystromAttention(dim, *sizes)

    def forward(self, x):
        return x + self.attn(self.norm(x))


class PPEG(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.proj1 = nn.Conv2d(dim, dim, 5, padding=2, groups=dim)
        self.proj2 = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)

    def forward(self, x, side):
        token, rest = x[:1], x[1:]
        square = rest.T.reshape(1, -1, side, side)
        square = self.proj(square) + square + self.proj1(square) + self.proj2(square)
        return torch.cat([token, square.reshape(-1, side * side).T])


class Transmil(nn.Module):
    def __init__(self, embed_dim, classes, dim, heads, num_landmarks, pinv_iterations=6):
        super().__init__()
        self.pos_layer = PPEG(dim)
        self._fc1 = nn.Sequential(nn.Linear(embed_dim, dim), nn.ReLU())
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.layer1 = TransLayer(dim, heads, num_landmarks, pinv_iterations)
        self.layer2 = TransLayer(dim, heads, num_landmarks, pinv_iterations)
        self.norm = nn.LayerNorm(dim)
        self._fc2 = nn.Linear(dim, classes)
        for norm in (self.norm, self.layer1.norm, self.layer2.norm):
            nn.init.normal_(norm.weight, 1, 0.3)
            nn.init.normal_(norm.bias, 0, 0.3)

    def forward(self, x):
        h = self._fc1(x)
        side = math.ceil(math.sqrt(len(h)))
        h = torch.cat([self.cls_token[0], h, h[: side * side - len(h)]])
        h = self.layer2(self.pos_layer(self.layer1(h), side))
        return self._fc2(self.norm(h)[0]), None, None


HEADS = {
    "mean_pool": lambda *a, **options: Pool(*a, pool="mean", **options),
    "max_pool": lambda *a, **options: Pool(*a, pool="max", **options),
    "abmil": Abmil,
    "dsmil": Dsmil,
    "transmil": Transmil,
}
SMALL, MANY = [1, 5, 3, 1, 8], [40, 1, 317, 6]
CASES = [
    ("mean_pool", "plain", {}, "multiclass", SMALL),
    ("mean_pool", "projected", {"hidden_dim": 4}, "multilabel", MANY),
    ("mean_pool", "regression", {"hidden_dim": 4}, "regression", SMALL),
    ("max_pool", "plain", {}, "multiclass", SMALL),
    ("max_pool", "projected", {"hidden_dim": 4}, "multilabel", MANY),
    ("max_pool", "regression", {"hidden_dim": 4}, "regression", SMALL),
    ("abmil", "gated", {"hidden_dim": 8, "attention_dim": 4}, "multiclass", SMALL),
    ("abmil", "plain", {"hidden_dim": 8, "attention_dim": 4, "gated": False}, "multiclass", MANY),
    ("abmil", "heads", {"hidden_dim": 5, "attention_dim": 3, "heads": 3}, "multilabel", MANY),
    (
        "abmil",
        "plain_heads",
        {"hidden_dim": 5, "attention_dim": 3, "heads": 2, "gated": False},
        "regression",
        SMALL,
    ),
    ("dsmil", "default", {}, "multiclass", SMALL),
    ("dsmil", "values", {"nonlinear": False, "passing_v": True}, "multiclass", MANY),
    ("dsmil", "multilabel", {"passing_v": True}, "multilabel", SMALL),
    ("transmil", "few", {"dim": 8, "heads": 2, "num_landmarks": 4}, "multiclass", SMALL),
    ("transmil", "many", {"dim": 12, "heads": 3, "num_landmarks": 16}, "multiclass", MANY),
    (
        "transmil",
        "odd",
        {"dim": 6, "heads": 1, "num_landmarks": 7, "pinv_iterations": 3},
        "multilabel",
        [300, 26, 2],
    ),
]
EMBED_DIM, CLASSES = 6, 3


def loss_of(logits, target, subtask):
    if subtask == "multiclass":
        return F.cross_entropy(logits[None], target[None])
    if subtask == "multilabel":
        return F.binary_cross_entropy_with_logits(logits, target)
    return F.mse_loss(logits, target)


def targets(subtask, bags):
    if subtask == "multiclass":
        return torch.arange(bags) % CLASSES
    if subtask == "multilabel":
        return torch.randint(0, 2, (bags, CLASSES)).double()
    return torch.randn(bags, CLASSES)


def compute(head, options, subtask, lengths):
    model = HEADS[head](EMBED_DIM, CLASSES, **options)
    features = torch.randn(sum(lengths), EMBED_DIM).float().double()
    for parameter in model.parameters():
        parameter.data = parameter.data.float().double()
    labels = targets(subtask, len(lengths)).float() if subtask != "multiclass" else targets(subtask, len(lengths))
    wide = labels if subtask == "multiclass" else labels.double()
    outputs = [model(bag) for bag in features.split(lengths)]
    logits = torch.stack([each[0] for each in outputs])
    task = torch.stack([loss_of(*pair, subtask) for pair in zip(logits, wide)]).mean()
    loss = task
    if outputs[0][2] is not None:  # twice the published 0.5 bag + 0.5 max
        best = torch.stack([each[2] for each in outputs])
        loss = task + torch.stack([loss_of(*pair, subtask) for pair in zip(best, wide)]).mean()
    loss.backward()
    tensors = {"features": features, "labels": labels, "logits": logits, "loss": loss[None]}
    if outputs[0][1] is not None:
        tensors["attention"] = torch.cat([each[1] for each in outputs], 1)
    for name, parameter in model.named_parameters():
        tensors[f"state.{name}"] = parameter
        tensors[f"grad.{name}"] = parameter.grad
    return tensors


def clam_instance_loss(scores, projected, classifiers, hot, k, subtyping):
    """CLAM's loop over the instance classifiers for one bag, with several labels."""
    k = min(k, len(projected))
    total = torch.zeros(())
    for index, (weight, bias) in enumerate(zip(*classifiers)):
        branch = scores[0 if len(scores) == 1 else index]
        top, bottom = branch.topk(k)[1], (-branch).topk(k)[1]
        if hot[index] == 1:
            chosen = projected[torch.cat([top, bottom])]
            wanted = torch.cat([torch.ones(k), torch.zeros(k)]).long()
        elif subtyping:
            chosen, wanted = projected[top], torch.zeros(k).long()
        else:
            continue
        total = total + F.cross_entropy(chosen @ weight.T + bias, wanted)
    return total / len(hot) if subtyping else total


def compute_clam(branches, subtyping):
    lengths, width, k = [3, 1, 9, 20], 4, 4
    scores = torch.randn(branches, sum(lengths)).float().double()
    projected = torch.randn(sum(lengths), width).float().double().requires_grad_()
    weights = torch.randn(CLASSES, 2, width).float().double().requires_grad_()
    biases = torch.randn(CLASSES, 2).float().double().requires_grad_()
    hot = torch.tensor([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]]).double()
    bags = zip(scores.split(lengths, 1), projected.split(lengths), hot)
    losses = [clam_instance_loss(s, p, (weights, biases), y, k, subtyping) for s, p, y in bags]
    loss = torch.stack(losses).mean()
    loss.backward()
    return {
        "lengths": torch.tensor(lengths), "scores": scores, "projected": projected, "labels": hot,
        "weights": weights, "biases": biases, "loss": loss[None], "grad.projected": projected.grad,
        "grad.weights": weights.grad, "grad.biases": biases.grad,
    }


def stored(tensor):
    tensor = tensor.detach()
    return (tensor.float() if tensor.is_floating_point() else tensor).contiguous()


def save(head, cases):
    tensors = {f"{case}.{key}": stored(t) for case, group in cases.items() for key, t in group.items()}
    save_file(tensors, HERE / f"{head}.safetensors")


def main():
    torch.manual_seed(0)
    found = {}
    for head, name, options, subtask, lengths in CASES:
        found.setdefault(head, {})[name] = compute(head, options, subtask, lengths)
    for head, cases in found.items():
        save(head, cases)
    clam = {
        f"{variant}{'_subtyping' if subtyping else ''}": compute_clam(branches, subtyping)
        for variant, branches in (("sb", 1), ("mb", CLASSES))
        for subtyping in (False, True)
    }
    save("clam_multilabel", clam)
    described = [
        {"head_type": head, "name": name, "head": options, "subtask": subtask, "lengths": lengths,
         "embed_dim": EMBED_DIM, "num_classes": CLASSES}
        for head, name, options, subtask, lengths in CASES
    ]
    (HERE / "cases.json").write_text(json.dumps(described, indent=1) + "\n")


main()
