"""In which precision PyTorch computes."""

import contextlib

import torch


def precision(bf16, device="cpu"):
    """bfloat16 autocast where asked for, or float32."""
    return torch.autocast(device, torch.bfloat16) if bf16 else contextlib.nullcontext()
