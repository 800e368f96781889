"""A vision-language model that has never seen: the demo's tiny GPT-2 behind eyes that are drawn by chance.

    memecap demo
    python scripts/demo_checkpoints/make_vlm.py [output/demo] [--from-nothing]

Into `models/vlm` comes a checkpoint as the Hub has them: a vision tower and a projector with random weights before the
language model of `models/gpt2`, its tokenizer with one more token for the picture, a chat template, a processor. It is
what configs/train/demo_vlm.yaml teaches to see. 3.3 MB, made in a second.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, GPT2LMHeadModel, LlavaConfig, LlavaForConditionalGeneration
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.utils import logging

from memecap.cli import app
from memecap.core import storage
from memecap.demo import world
from memecap.demo.road import N_MEMES

MORE = 2400  # memes
SIDE, PATCH = 96, 16  # pixels of a picture and of a patch
PICTURE = "<image>"
CHAT = (
    "{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}"
    "{% endif %}{% endfor %}{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
)


def make(home: Path, *, from_nothing: bool = False, seed: int = 0) -> None:
    """Write the checkpoint into a demo's folder; from nothing: the language model is drawn by chance, too."""
    logging.disable_progress_bar()
    torch.manual_seed(seed)
    language = GPT2LMHeadModel.from_pretrained(home / "models" / "gpt2")
    words = AutoTokenizer.from_pretrained(home / "models" / "gpt2")
    words.add_special_tokens({"additional_special_tokens": [PICTURE]})
    language.resize_token_embeddings(len(words), mean_resizing=False)
    width, picture = language.config.n_embd, words.convert_tokens_to_ids(PICTURE)
    tower = {
        "model_type": "clip_vision_model", "hidden_size": width, "intermediate_size": 3 * width,
        "num_attention_heads": 4, "num_hidden_layers": 3, "image_size": SIDE, "patch_size": PATCH,
        "projection_dim": width,
    }  # fmt: skip
    settings = LlavaConfig(
        text_config=language.config.to_dict() | {"tie_word_embeddings": False}, vision_config=tower,
        image_token_index=picture, image_token_id=picture, image_seq_length=(SIDE // PATCH) ** 2,
        vision_feature_layer=-1, tie_word_embeddings=False,
    )  # fmt: skip
    model: Any = LlavaForConditionalGeneration(settings)
    if not from_nothing:
        model.model.language_model.load_state_dict(language.transformer.state_dict())
        model.lm_head.load_state_dict(language.lm_head.state_dict())
    model.generation_config.eos_token_id = words.eos_token_id
    folder = home / "models" / "vlm"
    model.half().save_pretrained(folder)
    whole = {"height": SIDE, "width": SIDE}
    CLIPImageProcessorPil(size=whole, crop_size=whole, do_center_crop=False).save_pretrained(folder)
    words.save_pretrained(folder)
    storage.write_text(folder / "chat_template.jinja", CHAT)
    processor = {
        "processor_class": "LlavaProcessor",
        "patch_size": PATCH,
        "vision_feature_select_strategy": "default",
        "num_additional_image_tokens": 1,
    }
    storage.write_json(folder / "processor_config.json", processor)


def paint_more(home: Path, count: int) -> None:
    """A corpus `more` of memes with texts that stand on none of the demo's: one learns to quote from many texts."""
    taken = {text.lower() for meme in world.memes(N_MEMES) for text in meme.texts}
    drawn = world.memes(count * 3 // 2, seed=7)
    memes = [meme for meme in drawn if taken.isdisjoint(text.lower() for text in meme.texts)][:count]
    folder = home / "painted" / "more"
    paths = world.paint_all(folder / "images", memes)
    with storage.atomic_writer(folder / "captions.csv") as file:
        writer = csv.writer(file)
        writer.writerows([("image", "caption"), *((p.name, m.description) for p, m in zip(paths, memes, strict=True))])
    settings = {"images": folder / "images", "id": "image", "caption": "caption", "val": 0.02, "test": 0}
    words = ["corpus", "build", "table", folder / "captions.csv", "--out", home / "corpora" / "more"]
    words += [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    app(args=[str(word) for word in words], standalone_mode=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", nargs="?", type=Path, default=Path("output/demo"), help="[default: output/demo]")
    parser.add_argument("--from-nothing", action="store_true", help="a random language model; with 2,400 more memes")
    arguments = parser.parse_args()
    make(arguments.home, from_nothing=arguments.from_nothing)
    if arguments.from_nothing:
        paint_more(arguments.home, MORE)


if __name__ == "__main__":
    main()
