"""The processor of a vision-language model, for pictures alone: transformers' own class without its videos and sounds.

In: a model's folder. Out: its processor, with the Pillow form of the image processor, the same pixels on every machine.
The parts for videos want torchvision, which memecap does without, so `AutoProcessor` cannot make most of these classes.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES, processor_class_from_name
from transformers.processing_utils import ProcessorMixin

from memecap.errors import DataError

_LEFT_OUT = ("video", "audio", "feature_extractor")


class _PicturesOnly(ProcessorMixin):  # type: ignore[misc]
    """Stands behind a processor's own class and drops what is not for pictures before transformers looks for it."""

    video_processor = SimpleNamespace(num_frames=1, fps=1.0)  # some chats ask for its settings, whatever they hold

    @classmethod
    def get_attributes(cls) -> list[str]:
        return [name for name in super().get_attributes() if not name.startswith(_LEFT_OUT)]

    def __init__(self, *parts: Any, **named: Any) -> None:
        kept = {name: part for name, part in named.items() if not name.startswith(_LEFT_OUT)}
        super().__init__(*[part for part in parts if part is not None], **kept)


def load(folder: Path, *, max_pixels: int | None = None) -> Any:
    """The processor of a model's folder.

    Args:
        max_pixels: a picture is brought to no more than about so many, where its size is the picture's own matter.

    Raises:
        DataError: the folder holds no processor for pictures, or one whose files cannot be read.
    """
    try:
        settings = ProcessorMixin.get_processor_dict(folder, local_files_only=True)[0]
        named = settings.get("processor_class") or PROCESSOR_MAPPING_NAMES[_kind(folder)]
        original = processor_class_from_name(named)
        image_processor = _budget(_image_processor(folder), max_pixels)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        return _make(original, image_processor, tokenizer, settings)
    except Exception as error:  # whatever a wrong value meets in transformers
        told = str(error).strip().splitlines() or [type(error).__name__]
        fix = "Take a model whose folder holds its processor too, or fetch it again."
        raise DataError(f"cannot read the processor for pictures: {told[0]}", where=folder, fix=fix) from error


def _make(original: Any, image_processor: Any, tokenizer: Any, settings: Mapping[str, Any]) -> Any:
    """The processor of that class, under its name, from parts that are here and settings that are no parts."""
    takes = inspect.signature(original.__init__).parameters
    plain = {name: value for name, value in settings.items() if name in takes and not isinstance(value, Mapping)}
    absent = {n: None for n in takes if n.startswith(_LEFT_OUT) and n.endswith(("processor", "extractor"))}
    template = plain.pop("chat_template", None) or getattr(tokenizer, "chat_template", None)
    made = type(original.__name__, (original, _PicturesOnly), {"__module__": original.__module__})
    with _stand_ins(original):
        processor: Any = made(image_processor=image_processor, tokenizer=tokenizer, **absent, **plain)
    processor.chat_template = template or getattr(processor, "chat_template", None)
    return processor


@contextmanager
def _stand_ins(original: Any) -> Iterator[None]:
    """Optional packages that the class's module has not found stand there as None; it may refuse to begin without one.

    They serve videos (the length of one, in words), so within this any callable does.
    """
    module = sys.modules[original.__module__]
    absent = [name for name, value in vars(module).items() if value is None and not name.startswith("_")]
    for name in absent:
        setattr(module, name, str)
    try:
        yield
    finally:
        for name in absent:
            setattr(module, name, None)


def _kind(folder: Path) -> str:
    """The model's type; a folder of a processor alone does not say it, and need not."""
    return str(AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).model_type)


def _image_processor(folder: Path) -> Any:
    """By the class that the folder names; where transformers knows that name no more, by the model's kind."""
    here = {"local_files_only": True, "trust_remote_code": False}
    try:
        return AutoImageProcessor.from_pretrained(folder, backend="pil", **here)
    except ValueError:
        import transformers

        known = IMAGE_PROCESSOR_MAPPING_NAMES[_kind(folder)]
        return getattr(transformers, known["pil"]).from_pretrained(folder, local_files_only=True)


def _budget(image_processor: Any, max_pixels: int | None) -> Any:
    """Lower the largest size of a processor that lets pictures differ in size.

    Three ways of saying it are known: pixels of a picture (`size` with both edges), its longer side (`size` with that
    alone), and a number of tiles of one size. Pictures above the budget are made smaller before, so these matter where
    a processor makes pictures larger.
    """
    if max_pixels is None:
        return image_processor
    size = dict(getattr(image_processor, "size", None) or {})
    longest = size.get("longest_edge")
    if longest is not None and size.get("shortest_edge") is not None and longest > 1 << 14:
        size |= {"longest_edge": min(longest, max_pixels), "shortest_edge": min(size["shortest_edge"], max_pixels)}
        image_processor.size = type(image_processor.size)(**size)
    elif longest is not None and size.get("shortest_edge") is None:
        tile = (getattr(image_processor, "max_image_size", None) or {}).get("longest_edge", 1)
        whole_tiles = max(1, math.isqrt(max_pixels) // tile) * tile
        image_processor.size = type(image_processor.size)(longest_edge=min(longest, whole_tiles))
    elif getattr(image_processor, "max_patches", None) and {"height", "width"} <= size.keys():
        n_tiles = max(1, max_pixels // (size["height"] * size["width"]))
        image_processor.max_patches = min(image_processor.max_patches, n_tiles)
    return image_processor
