"""CLAM-SB (size small) over padded or packed bags."""

import torch
from torch import nn
from torch.nn import functional as F

D, H, A, CLASSES = 1024, 512, 256, 2


class Clam(nn.Module):
    def __init__(self, width=D):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.projection = nn.Linear(width, H)
        self.a, self.b, self.c = nn.Linear(H, A), nn.Linear(H, A), nn.Linear(A, 1)
        self.weight = nn.Parameter(torch.randn(CLASSES, H) * 0.02)

    def attend(self, x):
        x = F.normalize(self.norm(x), dim=-1, eps=1e-12)
        h = F.relu(self.projection(x))
        return h, self.c(torch.tanh(self.a(h)) * torch.sigmoid(self.b(h)))

    def classify(self, pooled):
        return 20 * F.linear(F.normalize(pooled, dim=-1), F.normalize(self.weight, dim=-1))

    def padded(self, x, mask):  # [bags, longest, D], [bags, longest]
        h, scores = self.attend(x)
        scores = scores.transpose(1, 2).float().masked_fill(~mask[:, None], float("-inf"))
        return self.classify((scores.softmax(-1) @ h.float())[:, 0])

    def packed(self, x, lengths):  # [rows, D]
        h, scores = self.attend(x)
        pooled = [
            scores.float().softmax(0).transpose(0, 1) @ h.float()
            for h, scores in zip(h.split(lengths), scores.split(lengths))
        ]
        return self.classify(torch.cat(pooled))
