"""Writes peft.json: forward pass, first gradients and three SGD steps of fine-tuning methods.

Made with PyTorch 2.13, timm 1.0.29 and peft 0.21.0, float32 on a CPU. Weights and pixels follow the
rule of tests/_timm.ts, those of the methods included. A linear head over the mean of patch tokens,
and the cross entropy. Methods that peft lacks are written here, as hooks on timm's layers.
"""
import json
from pathlib import Path

import numpy as np
import peft
import timm
import torch
from torch import nn

torch.set_num_threads(1)
SEED, LR, MOMENTUM, BATCH, CLASSES, SIZE, SAMPLES = 7, 0.05, 0.9, 4, 3, 16, 12
LABELS = [[0, 2, 1, 2], [1, 1, 0, 2], [2, 0, 0, 1]]
KWARGS = {"img_size": SIZE, "patch_size": 8, "embed_dim": 12, "depth": 2, "num_heads": 3}
A = ["attn.qkv", "attn.proj", "mlp.fc2"]
B = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"]
SIX = ["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"]
FOUR = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"]


def numbers(name, count):
    h = 2166136261
    for byte in f"{name}#{SEED}".encode():
        h = ((h ^ byte) * 16777619) % 2**32
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + h) % 2**32
    x ^= x >> np.uint64(16)
    x = x * 2246822519 % 2**32
    x ^= x >> np.uint64(13)
    return 2 * (x / 2**32) - 1


def weights(name, shape):
    s = numbers(name, int(np.prod(shape)))
    last = name.split(".")[-1]
    if last in ("pos_embed", "cls_token", "reg_token", "bias"):
        s = 0.02 * s
    elif len(shape) == 1:
        s = 1 + 0.1 * s
    else:
        s = s * np.sqrt(3 / np.prod(shape[1:]))
    return torch.tensor(s.astype(np.float32).reshape(tuple(shape)))


def select(trains):
    def apply(model):
        for name, parameter in model.named_parameters():
            parameter.requires_grad = trains(name)
        return model

    return apply


def scaling(prefix, shift, biases):
    def apply(model):
        for name, parameter in model.named_parameters():
            parameter.requires_grad = biases and "bias" in name
        for block in model.blocks:
            for layer in SIX:
                module = block.get_submodule(layer)
                width = block.get_submodule(layer).weight.shape[0]
                part = nn.Module()
                part.scale = nn.Parameter(torch.ones(width))
                if shift:
                    part.shift = nn.Parameter(torch.zeros(width))
                block.add_module(f"{prefix}_{layer.split('.')[-1]}", part)
                module.register_forward_hook(
                    lambda _m, _i, y, part=part: y * part.scale + (part.shift if shift else 0)
                )
        return model

    return apply


def rep_adapter(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    for block in model.blocks:
        for layer in FOUR:
            module = block.get_submodule(layer)
            part = nn.Module()
            part.down = nn.Linear(module.in_features, 8)
            part.gn = nn.GroupNorm(2, 8)
            part.up = nn.Linear(8, module.out_features)
            part.scale = nn.Parameter(torch.full((1,), 0.001))
            block.add_module(f"repa_{layer.split('.')[-1]}", part)

            def hook(_m, inputs, y, part=part):
                h = part.gn(part.down(inputs[0]).transpose(1, 2)).transpose(1, 2)
                return y + part.scale * part.up(h)

            module.register_forward_hook(hook)
    return model


def fact(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    part = nn.Module()
    for layer in FOUR:
        t = layer.split(".")[-1]
        module = model.blocks[0].get_submodule(layer)
        part.add_module(f"up_{t}", nn.Linear(module.in_features, 4, bias=False))
        part.add_module(f"down_{t}", nn.Linear(4, module.out_features, bias=False))
        part.register_parameter(f"scales_{t}", nn.Parameter(torch.zeros(len(model.blocks), 4)))
    for index, block in enumerate(model.blocks):
        for layer in FOUR:
            t = layer.split(".")[-1]

            def hook(_m, inputs, y, t=t, index=index):
                up, down = part.get_submodule(f"up_{t}"), part.get_submodule(f"down_{t}")
                return y + down(up(inputs[0]) * getattr(part, f"scales_{t}")[index])

            block.get_submodule(layer).register_forward_hook(hook)
    model.add_module("fact_container", part)
    return model


def adapt_former(place, mode):
    def apply(model):
        for parameter in model.parameters():
            parameter.requires_grad = False
        for block in model.blocks:
            part = nn.Module()
            if place != "none":
                part.adapter_layer_norm_before = nn.LayerNorm(12)
            part.down_proj, part.up_proj = nn.Linear(12, 5), nn.Linear(5, 12)
            block.adapter = part

            def adapter(x, part=part):
                h = part.adapter_layer_norm_before(x) if place == "in" else x
                y = 0.7 * part.up_proj(torch.relu(part.down_proj(h)))
                return part.adapter_layer_norm_before(y) if place == "out" else y

            def forward(x, attn_mask=None, block=block, adapter=adapter, **_):
                x = x + block.drop_path1(block.ls1(block.attn(block.norm1(x))))
                y = block.drop_path2(block.ls2(block.mlp(block.norm2(x))))
                return x + y + adapter(x if mode == "parallel" else y)

            block.forward = forward
        return model

    return apply


def convpass(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    for block in model.blocks:
        part = nn.Module()
        part.down, part.conv, part.up = nn.Linear(12, 5), nn.Conv2d(5, 5, 3, padding=1), nn.Linear(5, 12)
        block.convpass = part

        def adapter(x, part=part):
            h = nn.functional.gelu(part.down(x))
            side = int((x.shape[1] - 1) ** 0.5)
            patches = h[:, -(side**2):].transpose(1, 2).reshape(len(x), 5, side, side)
            mixed = part.conv(patches).flatten(2).transpose(1, 2)
            return part.up(torch.cat([h[:, : -(side**2)], mixed], 1))

        def forward(x, attn_mask=None, block=block, adapter=adapter, **_):
            x = x + block.drop_path1(block.ls1(block.attn(block.norm1(x))))
            return x + block.drop_path2(block.ls2(block.mlp(block.norm2(x)))) + adapter(x)

        block.forward = forward
    return model


def prompts(count, deep=True, dim=12, layers=(0, 1)):
    """GloViTa's: behind the first token; later blocks replace them."""

    def apply(model):
        for parameter in model.parameters():
            parameter.requires_grad = False
        model.prompt_embeddings = nn.Parameter(torch.zeros(1, count, dim))
        if deep:
            model.deep_prompt_embeddings = nn.Parameter(torch.zeros(len(layers), count, dim))
        if dim != 12:
            model.prompt_proj = nn.Linear(dim, 12)
        project = model.prompt_proj if dim != 12 else nn.Identity()
        for row, block in enumerate(layers if deep else [0]):

            def hook(_m, inputs, row=row):
                x = inputs[0]
                own = model.prompt_embeddings if row == 0 else model.deep_prompt_embeddings[row : row + 1]
                rest = x[:, 1:] if row == 0 else x[:, 1 + count :]
                return (torch.cat([x[:, :1], project(own).expand(len(x), -1, -1), rest], 1),)

            model.blocks[block].register_forward_pre_hook(hook)
        return model

    return apply


def gps(model, loss, k):
    """Masks of gradients by GloViTa's rules, all zero for what is frozen."""
    loss.backward()
    for name, parameter in model.named_parameters():
        gradient, mask = parameter.grad, torch.zeros_like(parameter)
        parameter.grad = None
        if any(part in name for part in ("norm", "pos_embed", "cls_token")):
            pass
        elif any(part in name for part in ("head", "classifier", "cls_head", "bias", "gamma")):
            mask = torch.ones_like(parameter)
        elif gradient is not None and gradient.dim() > 1:
            rows = gradient.abs().flatten(1)
            mask = torch.zeros_like(rows).scatter_(1, rows.topk(k, dim=1).indices, 1).reshape(mask.shape)
        parameter.requires_grad = bool(mask.any())
        if parameter.requires_grad:
            parameter.register_hook(lambda g, mask=mask: g * mask)


def adapted(config):
    return lambda model: peft.get_peft_model(model, config)


def lora(**options):
    return adapted(peft.LoraConfig(**{"r": 8, "lora_alpha": 16, "target_modules": A, **options}))


def adalora(**options):
    return adapted(peft.AdaLoraConfig(**{"init_r": 4, "target_r": 2, "lora_alpha": 32, "target_modules": B, **options}))


def orthogonality(model):
    """The term that AdaLoraModel adds to the loss of models that compute one."""
    weight = model.peft_config["default"].orth_reg_weight
    terms = []
    for name, p in model.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            products = p @ p.T if "lora_A" in name else p.T @ p
            terms.append(torch.norm(products - torch.eye(len(products)), p="fro"))
    return weight * sum(terms) / len(terms)


CASES = [
    ("partial_finetuning", {"num_frozen_layers": 1},
     select(lambda n: "norm" in n or n.startswith("blocks.1."))),
    ("bitfit", {}, select(lambda n: "bias" in n)),
    ("ln_tuning", {}, select(lambda n: "norm" in n)),
    ("ssf", {}, scaling("ssf", True, False)),
    ("difffit", {}, scaling("dff", False, True)),
    ("rep_adapter", {}, rep_adapter),
    ("fact", {}, fact),
    *[
        ("adapt_former", {"bottleneck": 5, "adapter_scalar": 0.7, "adapter_layernorm_option": p, "mode": m},
         adapt_former(p, m))
        for p, m in [("in", "parallel"), ("out", "parallel"), ("none", "sequential")]
    ],
    ("convpass", {"bottleneck": 5}, convpass),
    ("visual_prompt_tuning", {"num_tokens": 3}, prompts(3)),
    ("visual_prompt_tuning", {"num_tokens": 2, "deep": False, "project_dim": 5}, prompts(2, False, 5)),
    ("visual_prompt_tuning", {"num_tokens": 2, "deep_layers": [1]}, prompts(2, layers=(1,))),
    ("gps", {}, lambda model: model),
    ("gps", {"gps_topk_per_row": 3}, lambda model: model),
    ("lora", {"lora_dropout": 0}, lora()),
    ("lora", {"lora_dropout": 0, "lora_rank": 4, "lora_alpha": 3, "use_rslora": True,
              "lora_bias": "all", "lora_target_modules": ["mlp.fc1", "attn.proj"]},
     lora(r=4, lora_alpha=3, use_rslora=True, bias="all", target_modules=["mlp.fc1", "attn.proj"])),
    ("lora", {"lora_dropout": 0, "lora_bias": "lora_only"}, lora(bias="lora_only")),
    ("lora", {"lora_dropout": 0, "use_dora": True}, lora(use_dora=True)),
    ("lora", {"lora_dropout": 0, "lora_rank": 3, "use_dora": True, "use_rslora": True, "lora_bias": "all",
              "lora_target_modules": ["mlp.fc1"]},
     lora(r=3, use_dora=True, use_rslora=True, bias="all", target_modules=["mlp.fc1"])),
    ("adalora", {"adalora_init_rank": 4, "adalora_rank": 2, "adalora_beta1": 0.8},
     adalora(beta1=0.8, total_step=3)),
    ("adalora", {"adalora_init_rank": 4, "adalora_rank": 3, "adalora_tinit": 1, "adalora_tfinal": 1,
                 "adalora_alpha": 5, "adalora_orth_reg_weight": 0.1, "lora_bias": "lora_only"},
     adalora(target_r=3, tinit=1, tfinal=1, lora_alpha=5, orth_reg_weight=0.1, bias="lora_only", total_step=3)),
    ("loha", {}, adapted(peft.LoHaConfig(r=4, alpha=1, target_modules=A))),
    ("lokr", {}, adapted(peft.LoKrConfig(r=4, alpha=1, target_modules=A))),
    ("lokr", {"lokr_rank": 2, "lokr_alpha": 3, "lokr_decompose_factor": 2},
     adapted(peft.LoKrConfig(r=2, alpha=3, decompose_factor=2, target_modules=A))),
    ("ia3", {}, adapted(peft.IA3Config(target_modules=["attn.qkv", "mlp.fc1"], feedforward_modules=["mlp.fc1"]))),
    ("vera", {"vera_dropout": 0}, adapted(peft.VeraConfig(r=8, vera_dropout=0, target_modules=A))),
    ("oft", {"oft_r": 4}, adapted(peft.OFTConfig(r=4, oft_block_size=0, target_modules=B))),
    ("oft", {"oft_r": 3, "oft_coft": True, "oft_eps": 0.5, "oft_use_cayley_neumann": False, "oft_bias": "all"},
     adapted(peft.OFTConfig(r=3, oft_block_size=0, coft=True, eps=0.5, bias="all", use_cayley_neumann=False, target_modules=B))),
    ("boft", {"boft_block_size": 4}, adapted(peft.BOFTConfig(boft_block_size=4, target_modules=B))),
    ("fourierft", {"fourierft_n_frequency": 40, "fourierft_scaling": 5},
     adapted(peft.FourierFTConfig(n_frequency=40, scaling=5, target_modules=B))),
]

FIXED = ("vera_A", "vera_B")  # drawn again from their key


def natural(name):
    return name.removeprefix("base_model.model.").replace(".base_layer.", ".")


def sampled(tensor):
    flat = tensor.detach().flatten().double()
    stride = max(1, len(flat) // SAMPLES)
    return {"largest": flat.abs().max().item(), "samples": flat[::stride][:SAMPLES].tolist()}


torch.set_num_threads(1)


def run(method, options, apply):
    torch.manual_seed(0)
    base = timm.create_model("test_vit", pretrained=False, num_classes=0, **KWARGS)
    model = apply(base)
    head = nn.Linear(base.num_features, CLASSES)
    tensors = {natural(n): t for n, t in model.named_parameters()}
    tensors |= {f"head.{n}": t for n, t in head.named_parameters()}
    start = {n: sampled(t) for n, t in tensors.items() if n not in PLAIN and not n.startswith("head.")}
    with torch.no_grad():
        for n, t in tensors.items():
            t.copy_(weights(n, t.shape))
    names = [n for n in model.state_dict() if not any(f in n for f in FIXED)]

    def forward(name, labels):
        pixels = (2 * numbers(name, BATCH * 3 * SIZE**2)).astype(np.float32)
        images = torch.tensor(pixels).reshape(BATCH, 3, SIZE, SIZE)
        output = head(base.forward_features(images)[:, base.num_prefix_tokens:].mean(1))
        return output, nn.functional.cross_entropy(output, torch.tensor(labels))

    model.train()
    if method == "gps":
        gps(model, forward("calibration", LABELS[0])[1], options.get("gps_topk_per_row", 1))
        head.zero_grad()
    before = {n: t.detach().clone() for n, t in tensors.items()}
    trained = {n: t for n, t in tensors.items() if t.requires_grad}
    optimizer = torch.optim.SGD(trained.values(), lr=LR, momentum=MOMENTUM)
    losses, logits, gradients = [], None, None
    for step, labels in enumerate(LABELS):
        output, loss = forward(f"input{step}", labels)
        if method == "adalora":
            loss = loss + orthogonality(model)
        optimizer.zero_grad()
        loss.backward()
        if logits is None:
            logits = output.flatten().tolist()
            gradients = {n: sampled(t.grad) for n, t in trained.items() if t.grad is not None}
        optimizer.step()
        if method == "adalora":
            model.base_model.update_and_allocate(step + 1)
        losses.append(loss.item())
    forward("input0", LABELS[0])  # Constrained OFT shrinks its parameters there.
    changes = {n: sampled(t - before[n]) for n, t in trained.items()}
    assert all(torch.equal(t, before[n]) for n, t in tensors.items() if not t.requires_grad)
    return {
        "method": method, "options": options, "names": sorted(names), "logits": logits, "losses": losses,
        "start": start, "gradients": gradients, "changes": changes,
    }


PLAIN = dict(timm.create_model("test_vit", pretrained=False, num_classes=0, **KWARGS).named_parameters())
golden = {
    "lr": LR, "momentum": MOMENTUM, "batch": BATCH, "labels": LABELS, "model_kwargs": KWARGS, "image_size": SIZE,
    "cases": [run(*case) for case in CASES],
}


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    return [rounded(entry) for entry in value] if isinstance(value, list) else value


path = Path(__file__).parent / "peft.json"
path.write_text(json.dumps(rounded(golden), separators=(",", ":")) + "\n")
