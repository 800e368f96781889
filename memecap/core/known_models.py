"""The pretrained models that memecap knows: what they are for, licence, size, memory, revision, what was measured.

In: a name. Out: a `KnownModel`. Sizes are arithmetic, so many bytes a parameter; activations, caches and pictures come
on top. No revision is pinned that was not seen, and what was not measured says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from memecap.core.spelling import meant
from memecap.errors import UsageError

NOT_MEASURED = "not measured"
MAIN = "main"  # whatever the repository holds today: no commit of it was seen

#: what a model of transformers is made of
_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors", "pytorch_model*.bin")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model. `millions` of parameters are those that its name or its card says; None where they are not known."""

    name: str
    id: str  # on the Hub
    what: str
    licence: str
    millions: float | None
    remark: str = ""
    was_read: bool = False  # the licence, on the model's page; else it is recalled, and to be read before use
    measured: str = NOT_MEASURED  # by memecap, with these weights
    revision: str = MAIN
    used_by: str = ""  # a YAML
    gated: bool = False  # its owners ask for an account and a signature
    precision: Literal["bf16", "fp32"] = "fp32"  # in which memecap runs it
    disk_bytes: int = 4  # of a parameter in its files
    files: tuple[str, ...] = _FILES
    beside: tuple[tuple[str, str], ...] = ()  # files of other repositories that it needs: (id, name)

    @property
    def gigabytes(self) -> float | None:
        """Of the weights on the disk."""
        return None if self.millions is None else self.millions * self.disk_bytes / 1000

    @property
    def memory(self) -> float | None:
        """Gigabytes of the weights where they run."""
        return None if self.millions is None else self.millions * (2 if self.precision == "bf16" else 4) / 1000

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "gigabytes": self.gigabytes, "memory": self.memory}


def _vlm(name: str, id_: str, licence: str, millions: float, remark: str = "", **more: Any) -> KnownModel:
    told = {"precision": "bf16", "disk_bytes": 2, **more}
    return KnownModel(name, id_, "sees and writes", licence, millions, remark, **told)


_APACHE, _GEMMA = "Apache-2.0", "Gemma terms"
_SERVE = "configs/serve"
_RUDALLE = (("sberbank-ai/rudalle-utils", "vqgan.gumbelf8-sber.model.ckpt"), ("shonenkov/rudalle-utils", "bpe.model"))
_MODELS = (
    *(
        _vlm(
            f"qwen3-vl-{size}b", f"Qwen/Qwen3-VL-{size}B-Instruct", _APACHE, 1000 * size, "reads 32 languages",
            was_read=True, used_by=yaml,
        )
        for size, yaml in ((2, f"{_SERVE}/qwen3_vl_2b_lora.yaml"), (4, ""), (8, f"{_SERVE}/qwen3_vl_8b.yaml"), (32, ""))
    ),
    _vlm("qwen3.5-2b", "Qwen/Qwen3.5-2B", _APACHE, 2000, "201 languages, by its card", was_read=True),
    _vlm("qwen3.5-9b", "Qwen/Qwen3.5-9B", _APACHE, 9000, "201 languages, by its card", was_read=True),
    _vlm("qwen2.5-vl-7b", "Qwen/Qwen2.5-VL-7B-Instruct", _APACHE, 7000),
    _vlm("gemma-3-4b", "google/gemma-3-4b-it", _GEMMA, 4000, "weak on small text", gated=True),
    _vlm("paligemma2-3b", "google/paligemma2-3b-pt-448", _GEMMA, 3000, "no chat: to be trained", gated=True),
    _vlm("smolvlm2-0.5b", "HuggingFaceTB/SmolVLM2-500M-Video-Instruct", _APACHE, 500, "weak in Russian"),
    _vlm("llava-onevision-0.5b", "llava-hf/llava-onevision-qwen2-0.5b-ov-hf", _APACHE, 500, "of 2024"),
    KnownModel(
        "rudolph-350m", "ai-forever/RUDOLPH-350M", "sees 128 × 128 pixels and writes Russian", "not known", 353,
        "a fine-tune on memes was published at BLEU-4 .0462", disk_bytes=2, files=("*",), beside=_RUDALLE,
    ),
    KnownModel(
        "rudolph-350m-v2", "shonenkov-AI/RuDOLPH-350M-v2", "sees 128 × 128 pixels and writes Russian", "not known",
        354, disk_bytes=2, files=("*",), beside=_RUDALLE,
    ),
    KnownModel(
        "ruclip-b32-384", "ai-forever/ruclip-vit-base-patch32-384", "compares pictures and Russian", "MIT", 150,
        used_by="configs/train/clipcap_ruclip.yaml", files=("*",),
    ),
    KnownModel(
        "rugpt3-small", "ai-forever/rugpt3small_based_on_gpt2", "writes Russian", "MIT", 125,
        used_by="configs/train/clipcap_ruclip.yaml",
    ),
    KnownModel(
        "qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B", "writes", _APACHE, 494, disk_bytes=2,
        used_by="configs/train/clipcap_qwen.yaml",
    ),
    KnownModel(
        "resnet-101", "microsoft/resnet-101", "sees", _APACHE, 44.5, used_by="configs/train/attention_lstm.yaml",
    ),
    KnownModel(
        "opus-mt-en-zle", "Helsinki-NLP/opus-mt-tc-big-en-zle", "English → Russian", "CC-BY-4.0", None,
        "31.8 BLEU on newstest2019, by its card", was_read=True, files=("*",),
    ),
    KnownModel(
        "nllb-600m", "facebook/nllb-200-distilled-600M", "200 languages", "CC-BY-NC-4.0", 600, "not for money",
        was_read=True,
    ),
)  # fmt: skip
KNOWN: Mapping[str, KnownModel] = {model.name: model for model in _MODELS}


def find(name: str) -> KnownModel:
    """The model of a name, or of its Hub id; an id that is not known is a model without facts. Raises `UsageError`."""
    for model in KNOWN.values():
        if name in (model.name, model.id):
            return model
    if name.count("/") == 1:
        return KnownModel(name, name, "unknown to memecap", "read its card", None)
    fix = f"{meant(name, KNOWN)}There are: {', '.join(KNOWN)}; or owner/name."
    raise UsageError(f"no model named {name!r}", where="memecap models", fix=fix)
