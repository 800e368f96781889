"""LoRA matrices of a checkpoint as peft's adapter: adapter_config.json, adapter_model.safetensors.

In: a network with matrices beside its layers. Out: a folder for `PeftModel.from_pretrained` and `vllm serve
--lora-modules`. Modules are named as transformers has them in memory, which is what both look for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from memecap.core import storage
from memecap.modeling.lora import LoRA

FOLDER = "adapter"


def save(network: Any, config: LoRA, base: str, folder: Path) -> None:
    """Write `<folder>/adapter`. `base` is the model's Hub id or folder."""
    matrices = {
        f"base_model.model.{name.replace('.default.', '.')}": tensor.detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
        if ".lora_" in name
    }
    modules = sorted({name.removeprefix("base_model.model.").partition(".lora_")[0] for name in matrices})
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base.partition("@")[0],
        "revision": base.partition("@")[2] or None,
        "inference_mode": True,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "bias": "none",
        "fan_in_fan_out": any(getattr(module, "fan_in_fan_out", False) for module in network.modules()),  # GPT-2's
        "target_modules": _pattern(modules),
        "modules_to_save": None,
    }
    home = folder / FOLDER
    home.mkdir(parents=True, exist_ok=True)
    storage.write_json(home / "adapter_config.json", settings)
    save_file(matrices, home / "adapter_model.safetensors", metadata={"format": "pt"})
    (home / "adapter_model.safetensors").chmod(0o644)


def _pattern(modules: list[str]) -> str:
    """A pattern of exactly these modules: a layer's number stands for all numbers that have the same layers."""
    kinds = sorted({re.sub(r"\.\d+(?=\.)", ".0", name) for name in modules})
    return "|".join(re.escape(kind).replace(r"\.0", r"\.\d+") for kind in kinds)
