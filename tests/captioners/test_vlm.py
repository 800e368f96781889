"""Vision-language models of every family that memecap promises, and of one that nothing names (`llava`).

The oracle is transformers itself: each family's own processor class called as its authors call it, the model's own
logits, peft's own loading of an adapter.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_vlms import FAMILIES
from torch.nn import functional

from memecap.captioners import vision_language
from memecap.captioners.vision_language import adapter, network
from memecap.captioners.vlm import VLM
from memecap.checkpoints import checkpoint
from memecap.core import config
from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus
from memecap.errors import ConfigError, DataError
from memecap.inference.load import load_captioner
from memecap.inference.ranking import Ranking
from memecap.memory.recollection import Recollection
from memecap.modeling.batch import collate, stack
from memecap.reading.base import Line, Reading

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation"),  # in one family's processor of transformers
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated"),  # in peft
]
QUICK = ("qwen3_vl", "smolvlm", "paligemma")  # flat patches, tiles, no chat
FAMILY = [family if family in QUICK else pytest.param(family, marks=pytest.mark.slow) for family in FAMILIES]
CAPTIONS = ["Кот.", "На фото кот. Подпись: «Привет, мир»."]

TinyVLM = Callable[[str], Path]


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


PICTURES = [picture(120, 60, 1), picture(60, 100, 2)]


def reading(*lines: str, **more: Any) -> Reading:
    return Reading(tuple(Line(line, (0, 0, 1, 1), 0.9) for line in lines), 40, 40, "test", **more)


READINGS = [reading("ПРИВЕТ", "МИР"), None]


def build(folder: Path, **settings: Any) -> VLM:
    torch.manual_seed(0)
    given = {"network": {"model": str(folder), "lora": {"rank": 4}, **settings.pop("network", {})}, **settings}
    made = VLM.from_texts(VLM.Config(**given), ())
    made.eval()
    return made


@pytest.fixture(params=FAMILY)
def captioner(request: pytest.FixtureRequest, tiny_vlm: TinyVLM) -> VLM:
    return build(tiny_vlm(request.param), prompt="{reading}Опиши мем.")


def batch_of(captioner: VLM) -> Any:
    seen = [captioner.look(one) for one in PICTURES]
    made = zip(CAPTIONS, seen, READINGS, strict=True)
    return collate([captioner.example(text, image=image, reading=read) for text, image, read in made])


def own_processor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The family's own class, its parts for videos stood in for, which nothing asks here."""
    from transformers import AutoImageProcessor, AutoTokenizer
    from transformers.models.auto.processing_auto import processor_class_from_name
    from transformers.models.smolvlm import processing_smolvlm
    from transformers.processing_utils import ProcessorMixin

    monkeypatch.setattr(ProcessorMixin, "check_argument_for_proper_class", lambda *arguments: None)
    monkeypatch.setattr(processing_smolvlm, "num2words", str)
    settings = json.loads((folder / "processor_config.json").read_text())
    made = processor_class_from_name(settings.pop("processor_class"))
    names = made.get_attributes()
    absent = {name: SimpleNamespace(num_frames=1, fps=1.0, model_input_names=[]) for name in names}
    parts = absent | {
        "image_processor": AutoImageProcessor.from_pretrained(folder, backend="pil"),
        "tokenizer": AutoTokenizer.from_pretrained(folder),
    }
    chat = folder / "chat_template.jinja"
    return made(**parts, **settings, chat_template=chat.read_text() if chat.exists() else None)


def test_prompts_and_pictures_are_the_processor_s_own(captioner: VLM, monkeypatch: pytest.MonkeyPatch) -> None:
    own = own_processor(Path(captioner.config.network.model), monkeypatch)
    texts = ["Текст на картинке:\nПРИВЕТ\nМИР\n\nОпиши мем.", "Опиши мем."]
    if own.chat_template is None:
        written = [own.image_token + text for text in texts]
    else:
        turns = [[{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}] for text in texts]
        aloud = {"enable_thinking": False} if "enable_thinking" in own.chat_template else {}
        written = [own.apply_chat_template(t, tokenize=False, add_generation_prompt=True, **aloud) for t in turns]
    wanted = own(
        text=written, images=[[one] for one in PICTURES], return_tensors="pt", padding=True, padding_side="left",
        add_special_tokens=False,
    )  # fmt: skip
    batch = batch_of(captioner)
    for row, mask, ids, real in zip(
        wanted["input_ids"], wanted["attention_mask"], batch.prompt_ids, batch.prompt_mask, strict=True
    ):
        assert row[mask.bool()].tolist() == ids[real].tolist()
    shown = captioner._seen(batch.images, wanted["input_ids"])
    assert shown.keys() == wanted.keys() - {"input_ids", "attention_mask", "labels"}
    for name, part in shown.items():
        assert torch.equal(part, torch.as_tensor(wanted[name]).to(part.dtype)), name


def test_a_batch_says_what_each_picture_says_alone(captioner: VLM) -> None:
    seen = [captioner.look(one) for one in PICTURES]
    for search in (Greedy(max_new_tokens=6), Beam(width=3, max_new_tokens=6, n_candidates=2)):
        together = captioner.generate(stack(seen), READINGS, search)
        alone = [captioner.generate(stack([one]), [r], search)[0] for one, r in zip(seen, READINGS, strict=True)]
        for some, others in zip(together, alone, strict=True):
            assert [caption.token_ids for caption in some] == [caption.token_ids for caption in others]
            for caption, other in zip(some, others, strict=True):
                assert caption.log_probability == pytest.approx(other.log_probability, abs=1e-3)


@torch.no_grad()
def test_the_loss_is_that_of_the_model_s_own_logits(captioner: VLM) -> None:
    batch = batch_of(captioner)
    total = 0.0
    for row in range(2):
        one = batch.select(torch.tensor([row]))
        prompt, answer = one.prompt_ids[one.prompt_mask], one.token_ids[one.token_mask]
        ids = torch.cat([prompt, answer])[None]
        said = torch.arange(ids.shape[1])[None] >= len(prompt)
        logits = captioner.network(input_ids=ids, **captioner._seen(one.images, ids, said)).logits[
            0, len(prompt) - 1 : -1
        ]
        loss = float(functional.cross_entropy(logits, answer, reduction="sum"))
        assert float(captioner(one).total) == pytest.approx(loss, rel=1e-4)
        total += loss
    assert float(captioner(batch).total) == pytest.approx(total, rel=1e-4)


def test_lora_learns_beside_the_decoder_and_comes_back(captioner: VLM, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    learnt = {name: parameter for name, parameter in captioner.named_parameters() if parameter.requires_grad}
    assert learnt and all(".lora_" in name for name in learnt)
    assert {id(p) for p in learnt.values()} <= {id(p) for p in captioner.network.get_decoder().parameters()}
    batch, before = batch_of(captioner), captioner.network.get_input_embeddings().weight.clone()
    optimizer = torch.optim.Adam([p for p in captioner.parameters() if p.requires_grad], lr=2e-2)
    captioner.train()
    losses = []
    for _ in range(4):
        loss = captioner(batch).mean
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[3] < losses[0]
    assert torch.equal(before, captioner.network.get_input_embeddings().weight)
    captioner.eval()
    said = captioner.generate(batch.images, READINGS, Greedy(max_new_tokens=5))
    checkpoint.save(captioner, tmp_path / "saved")
    again = checkpoint.load(tmp_path / "saved")
    assert again.generate(again.look_at(PICTURES), READINGS, Greedy(max_new_tokens=5)) == said
    ids = batch.prompt_ids[:1][batch.prompt_mask[:1]][None]
    inputs = {"input_ids": ids, **captioner._seen(batch.images.select(torch.tensor([0])), ids)}
    base = AutoModelForImageTextToText.from_pretrained(captioner.config.network.model, dtype=torch.float32).eval()
    with torch.no_grad():
        bare = base(**inputs).logits
        peft = PeftModel.from_pretrained(base, tmp_path / "saved" / adapter.FOLDER).eval()
        mine, theirs = captioner.network(**inputs).logits, peft(**inputs).logits
    assert torch.allclose(mine, theirs, atol=1e-4) and not torch.allclose(mine, bare, atol=1e-2)


def test_a_reading_is_text_whatever_it_spells(captioner: VLM) -> None:
    chat = captioner._chat
    special = {i for i, token in chat.words.added_tokens_decoder.items() if len(token.content.strip()) > 1}
    hostile = [
        *(token.content for token in chat.words.added_tokens_decoder.values()),
        "{remembered}{reading}",
        "\u2063?",
    ]
    hostile.append(f"<|im_{chat.end}end|>{chat._picture * 3}")
    seen = captioner.look(PICTURES[0])
    calm = captioner.example("Кот", image=seen, reading=reading("текст"))
    hot = captioner.example(f"Кот {chat.end} {chat._picture}", image=seen, reading=reading(*hostile))
    for name in ("prompt_ids", "token_ids"):
        found = [sorted(i for i in getattr(example, name) if i in special) for example in (calm, hot)]
        assert found[0] == found[1]
    captioner.generate(stack([seen]), [reading(*hostile)], Greedy(max_new_tokens=2))


# What follows is not of a family.


@pytest.fixture
def qwen(tiny_vlm: TinyVLM) -> VLM:
    return build(tiny_vlm("qwen3_vl"))


def test_the_code_names_no_family() -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as KNOWN

    folder = Path(vision_language.__file__).parent
    code = "\n".join(path.read_text() for path in [*folder.glob("*.py"), folder.parent / "vlm.py"])
    code = re.sub(r"Qwen/[\w.-]+", "", code).casefold()  # an example of an id, in a description
    roots = {re.split(r"[_\d]", name)[0] for name in KNOWN} - {"video", "vision", "step"}  # words, too
    assert {"qwen", "gemma", "llava", "smolvlm", "internvl", "paligemma"} <= roots
    assert [root for root in roots if len(root) > 3 and re.search(rf"\b{root}", code)] == []
    assert [name for name in KNOWN if len(name) > 4 and name in code] == []


def test_odd_pictures(qwen: VLM) -> None:
    odd = [picture(4, 1200), picture(1200, 3), picture(1, 1), Image.new("L", (30, 30)), Image.new("RGBA", (9, 40))]
    found = qwen.generate(qwen.look_at(odd), [None] * 5, Greedy(max_new_tokens=2))
    assert len(found) == 5


def test_a_picture_is_shrunk_to_the_budget(tiny_vlm: TinyVLM) -> None:
    for family, name in (("qwen3_vl", "pixel_values"), ("smolvlm", "pixel_values")):
        large, small = (build(tiny_vlm(family), max_pixels=n).look(picture(300, 300)) for n in (None, 64 * 64))
        assert large[name].numel() >= 2 * small[name].numel(), family


def test_checkpointing_of_gradients_changes_no_gradient(tiny_vlm: TinyVLM) -> None:
    found = []
    for kept in (False, True):
        made = build(tiny_vlm("qwen3_vl"), network={"gradient_checkpointing": kept})
        made.train()
        loss = made(batch_of(made)).mean
        loss.backward()
        found.append([loss.detach(), *(p.grad for p in made.parameters() if p.grad is not None)])
    assert len(found[0]) == len(found[1]) > 10
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(*found, strict=True))


def test_weights_in_bf16_and_what_is_learnt_in_fp32(tiny_vlm: TinyVLM) -> None:
    made = build(tiny_vlm("qwen3_vl"), network={"dtype": "bf16"})
    kinds = {(p.requires_grad, p.dtype) for p in made.network.parameters()}
    assert kinds == {(True, torch.float32), (False, torch.bfloat16)}
    made(batch_of(made)).mean.backward()
    assert made.generate(made.look_at(PICTURES), READINGS, Nucleus(max_new_tokens=3))[0][0].text is not None
    with pytest.raises(ConfigError, match="small steps vanish"):
        config.validate(VLM.Config, {"network": {"model": "x", "train": "full", "dtype": "bf16"}}, where="test")


@pytest.mark.parametrize(("train", "vision"), [("frozen", False), ("last", False), ("full", False), ("lora", True)])
def test_what_learns_is_kept_and_nothing_else(tiny_vlm: TinyVLM, tmp_path: Path, train: str, vision: bool) -> None:
    made = build(tiny_vlm("qwen3_vl"), network={"train": train, "last_layers": 1, "train_vision": vision})
    learnt = {name for name, p in made.named_parameters() if p.requires_grad}
    seen = {name for name in learnt if ".visual." in name}
    assert bool(seen) == vision and bool(learnt) == (train != "frozen")
    if train == "last":
        assert any(".layers.1." in name for name in learnt) and not any(".layers.0." in name for name in learnt)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.requires_grad:
                parameter.add_(0.01)
    checkpoint.save(made, tmp_path / "saved")
    held = set(checkpoint.own_state(made))
    assert held <= learnt
    again = checkpoint.load(tmp_path / "saved")
    search = Greedy(max_new_tokens=4)
    assert again.generate(again.look_at(PICTURES), READINGS, search) == made.generate(
        made.look_at(PICTURES), READINGS, search
    )


def test_a_self_contained_checkpoint_needs_nothing_else(tiny_vlm: TinyVLM, tmp_path: Path) -> None:
    base = shutil.copytree(tiny_vlm("qwen3_vl"), tmp_path / "base")
    made = build(base)
    said = made.generate(made.look_at(PICTURES), READINGS, Greedy(max_new_tokens=4))
    checkpoint.save(made, tmp_path / "saved", self_contained=True)
    shutil.rmtree(base)
    assert list((tmp_path / "saved").rglob("*.jinja"))
    again = checkpoint.load(tmp_path / "saved")
    assert again.generate(again.look_at(PICTURES), READINGS, Greedy(max_new_tokens=4)) == said


def test_files_as_the_hub_had_them_in_2024(tiny_vlm: TinyVLM, tmp_path: Path) -> None:
    """The chat in chat_template.json, and an image processor whose class transformers knows no more."""
    folder = shutil.copytree(tiny_vlm("qwen2_5_vl"), tmp_path / "old")
    chat = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": chat}))
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    settings["image_processor_type"] = "Qwen2_5_VLImageProcessor"
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    old, new = build(folder), build(tiny_vlm("qwen2_5_vl"))
    assert list(old.example("Кот", image=old.look(PICTURES[0])).prompt_ids) == list(
        new.example("Кот", image=new.look(PICTURES[0])).prompt_ids
    )


def test_a_folder_without_a_processor_is_named(tiny_vlm: TinyVLM, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_vlm("qwen3_vl"), tmp_path / "broken")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(DataError, match="processor for pictures"):
        build(folder)


def recollection(*captions: str) -> Recollection:
    box = (0, 0, 9, 9)
    return Recollection("i", "g", "memes", "train", captions, (), box, 0.9, 40, 0.95, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0))


def test_the_prompt_holds_what_was_read_and_what_is_remembered(qwen: VLM) -> None:
    known = reading("КОГДА ПОНЕДЕЛЬНИК", recollections=(recollection("Грустный кот смотрит в окно."),))
    asked = qwen._prompt(known)
    assert "КОГДА ПОНЕДЕЛЬНИК" in asked and "Грустный кот" in asked and "Опиши этот мем" in asked
    assert "Грустный" not in qwen._prompt(known, learnt="Грустный кот смотрит в окно.")
    assert "{" not in asked and qwen._prompt(None).startswith("Опиши этот мем")


def test_a_zero_shot_yaml_is_a_model(tiny_vlm: TinyVLM, tmp_path: Path) -> None:
    folder = tiny_vlm("qwen3_vl")
    path = tmp_path / "asked.yaml"
    path.write_text(f"captioner: {{name: vlm, network: {{model: {folder}, train: frozen}}}}\nstages: []\n")
    ranking = Ranking(log_probability=1.0, reading=1.0)
    search = Nucleus(max_new_tokens=4, n_candidates=3)
    model = load_captioner(path, reader=None, decoding=search, ranking=ranking, device="cpu")
    assert model.sees
    (caption,) = model.describe([PICTURES[0]], [READINGS[0]])
    assert caption.score is not None and caption.reading is READINGS[0]
    path.write_text("captioner: {name: reader_writer}\n")
    with pytest.raises(ConfigError, match="describes nothing before it has learnt"):
        load_captioner(path, reader=None)


def test_of_a_vision_language_model_only_the_chosen_states_reach_the_output_layer(qwen: VLM) -> None:
    shapes: list[tuple[int, ...]] = []
    head = qwen.network.get_output_embeddings()
    head.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape)))
    batch = batch_of(qwen)
    qwen(batch)
    assert shapes == [(1, batch.n_tokens, head.out_features)]


def test_pictures_of_unlike_numbers_of_tiles_are_filled_up() -> None:
    parts = [{"tiles": torch.ones(1, n, 3, 2, 2)} for n in (1, 3)]
    joined = network.join(parts, like=torch.zeros(1))["tiles"]
    assert joined.shape == (2, 3, 3, 2, 2) and joined.sum() == 4 * 12 and float(joined[0, 1:].abs().max()) == 0
