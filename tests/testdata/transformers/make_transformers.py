"""Writes small models of transformers, as their library saves them, and what they make of images.

Made with PyTorch 2.13 and transformers 5.18, float32 on a CPU. Pixels follow the rule of
tests/_timm.ts. `timm_kwargs` are the arguments with which timm builds the same model.
"""
import json
import sys
import tempfile
from pathlib import Path

import torch
from transformers import (
    Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel, ViTConfig, ViTModel,
)

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER.parent / "golden"))
from make_timm_training import numbers  # noqa: E402

torch.set_num_threads(1)
torch.manual_seed(0)
SIZES = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, image_size=8, patch_size=4)
TIMM = dict(embed_dim=12, depth=2, num_heads=3, img_size=8, patch_size=4)
MODELS = {
    "vit": (
        ViTModel(ViTConfig(**SIZES, intermediate_size=24, layer_norm_eps=1e-12)),
        dict(TIMM, mlp_ratio=2, norm_layer={"name": "LayerNorm", "eps": 1e-12}),
    ),
    "dinov2": (Dinov2Model(Dinov2Config(**SIZES, mlp_ratio=2)), dict(TIMM, mlp_ratio=2, init_values=1)),
    "dinov2_registers": (
        Dinov2WithRegistersModel(Dinov2WithRegistersConfig(**SIZES, mlp_ratio=2, num_register_tokens=4)),
        dict(TIMM, mlp_ratio=2, init_values=1, reg_tokens=4, no_embed_class=True),
    ),
    "dinov2_gated": (
        Dinov2Model(Dinov2Config(**SIZES, mlp_ratio=4, use_swiglu_ffn=True)),
        dict(TIMM, mlp_ratio=5.33334, init_values=1, mlp_layer="SwiGLUPacked", act_layer="SiLU"),
    ),
}


def main():
    pixels = torch.tensor(2 * numbers("input", 2 * 3 * 8 * 8), dtype=torch.float32).reshape(2, 3, 8, 8)
    cases = []
    for name, (model, timm_kwargs) in MODELS.items():
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.2)
            features = model.eval()(pixel_values=pixels).last_hidden_state
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            (FOLDER / f"{name}.safetensors").write_bytes((Path(folder) / "model.safetensors").read_bytes())
        values = [float(f"{v:.7g}") for v in features.flatten().tolist()]
        cases.append({"name": name, "timm_kwargs": timm_kwargs, "shape": list(features.shape), "features": values})
    (FOLDER / "features.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
