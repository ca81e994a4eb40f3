"""Fine-tuning steps of timm's models in PyTorch, with peft where asked for, measured on request."""

import json
import resource
import sys
import time

import peft
import timm
import torch

from _precision import precision

A = ["qkv", "attn.proj", "mlp.fc2"]  # What GloViTa's LoRA adapts of timm's vision transformers.
steps = {}


def trainer(request):
    torch.manual_seed(0)
    model = timm.create_model(request["type"], pretrained=False, num_classes=request["classes"])
    if request["method"] == "lora":
        config = peft.LoraConfig(
            r=8, lora_alpha=16, lora_dropout=0.01, target_modules=A, modules_to_save=["head"]
        )
        model = peft.get_peft_model(model, config)
    model.train()
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-4, weight_decay=0.05)
    images = torch.randn(request["batch"], 3, 224, 224)
    labels = torch.randint(0, request["classes"], (request["batch"],))

    def step():
        optimizer.zero_grad()
        with precision(request["bf16"]):
            loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def measure(request):
    torch.set_num_threads(request["threads"])
    now = time.perf_counter if request["threads"] > 1 else time.process_time
    key = (request["type"], request["method"])
    step = steps.get(key) or steps.setdefault(key, trainer(request))
    times = []
    for _ in range(request["count"]):
        start = now()
        step()
        times.append(now() - start)
    return sorted(times)[len(times) // 2] * 1000


for line in sys.stdin:
    request = json.loads(line)
    ms = measure(request) if request["task"] == "steps" else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": ms, "peak_mb": peak}), flush=True)
