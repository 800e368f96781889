import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from tiny_models import TEXTS

from memecap.captioners.base import Captioner, create
from memecap.captioners.clipcap import ClipCap
from memecap.core import config
from memecap.decoding.beam import Beam
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus
from memecap.errors import ConfigError
from memecap.modeling.batch import Images, collate
from memecap.reading.base import Line, Reading

LINES = ["первая строка", "вторая", "ещё одна строка подлиннее"]
READINGS = [Reading(tuple(Line(t, (0, 0, 1, 1), 0.9) for t in LINES[:n]), 9, 9, "test") for n in (3, 1)]
GPT = {"n_layers": 2, "width": 32, "n_heads": 2, "vocab_size": 300, "dropout": 0.0, "max_positions": 320}


def made(models: Path, **changes) -> ClipCap:
    torch.manual_seed(0)
    encoder = {"name": "ruclip", "model": str(models / "ruclip")}
    settings = {"name": "clipcap", "encoder": encoder, "prefix_length": 3, "reading": True, "decoder": GPT, **changes}
    captioner: Captioner = create(config.configure("captioners", settings), TEXTS)
    assert isinstance(captioner, ClipCap)
    return captioner.eval()


@torch.no_grad()
@pytest.mark.parametrize("decoding", [Greedy(max_new_tokens=20), Beam(width=3, max_new_tokens=20)])
def test_captions_are_those_of_transformers_generate(tiny_models: Path, decoding: Greedy | Beam) -> None:
    """One picture at a time, without padding, through `generate` itself: token for token."""
    captioner = made(tiny_models)
    images = torch.randn(2, 1, 24)
    ours = captioner.generate(Images(features=images), READINGS, decoding)
    for image, reading, (caption, *_) in zip(images, READINGS, ours, strict=True):
        lines = "\n".join(line.text for line in reading.lines)
        prompt = [i for part in ("Текст:\n", lines, "\nОписание:\n") for i in captioner.tokenizer.encode(part)]
        embeds = torch.cat([captioner.mapper(image[None]), captioner.embed(torch.tensor([prompt]))], dim=1)
        ids = captioner.decoder.generate(
            inputs_embeds=embeds,
            attention_mask=torch.ones(embeds.shape[:2], dtype=torch.long),
            max_new_tokens=20,
            num_beams=getattr(decoding, "width", 1),
            do_sample=False,
            pad_token_id=captioner.tokenizer.end_id,
        )
        assert caption.text == captioner.tokenizer.decode(ids[0].tolist())


@torch.no_grad()
def test_loss_is_the_sum_over_caption_and_end(tiny_models: Path) -> None:
    captioner = made(tiny_models)
    image = torch.randn(1, 24)
    example = captioner.example("Кот спит", image=image, reading=READINGS[0])
    ids = [*captioner.tokenizer.encode("Кот спит"), captioner.tokenizer.end_id]
    assert list(example.token_ids) == ids
    words = captioner.embed(torch.tensor([[*example.prompt_ids, *ids]]))
    logits = captioner.decoder(inputs_embeds=torch.cat([captioner.mapper(image[None]), words], dim=1)).logits[0]
    steps = logits[-len(ids) - 1 : -1].log_softmax(dim=-1)
    expected = -sum(float(step[i]) for step, i in zip(steps, ids, strict=True))
    loss = captioner(collate([example]))
    assert (float(loss.total), loss.n_tokens) == (pytest.approx(expected, rel=1e-5), len(ids))


def test_text_alone_teaches_the_decoder_and_not_the_mapper(tiny_models: Path) -> None:
    captioner = made(tiny_models).train()
    captioner(collate([captioner.example(text) for text in TEXTS])).mean.backward()
    assert all(p.grad is not None for p in captioner.decoder.parameters())
    assert all(p.grad is None for p in captioner.mapper.parameters())


def test_too_long_for_the_decoder(tiny_models: Path) -> None:
    with pytest.raises(ConfigError, match="may take"):
        made(tiny_models, max_reading_tokens=600)


def test_without_pictures_it_only_reads(tiny_models: Path) -> None:
    captioner = made(tiny_models, encoder=None)
    assert captioner.encoder is None
    assert len(captioner.generate(None, READINGS, Greedy(max_new_tokens=3))) == 2


@torch.no_grad()
@pytest.mark.parametrize("name", ["gpt2", "qwen2", "llama", "opt"])
def test_any_causal_model_of_transformers_writes(tiny_models: Path, name: str) -> None:
    """Loss and captions by `forward` and `generate` of the model itself, for one picture without padding."""
    captioner = made(tiny_models, decoder={"model": str(tiny_models / name)}, max_reading_tokens=64)
    images = torch.randn(2, 1, 24)
    examples = [captioner.example(TEXTS[i], image=images[i], reading=READINGS[i]) for i in range(2)]
    alone = 0.0
    for example, image in zip(examples, images, strict=True):
        ids = torch.tensor([[*example.prompt_ids, *example.token_ids]])
        embeds = torch.cat([captioner.mapper(image[None]), captioner.embed(ids)], dim=1)
        steps = captioner.decoder(inputs_embeds=embeds).logits[0, -len(example.token_ids) - 1 : -1].log_softmax(dim=-1)
        alone -= float(steps.gather(1, torch.tensor(example.token_ids)[:, None]).sum())
    assert float(captioner(collate(examples)).total) == pytest.approx(alone, rel=1e-4)
    for decoding in (Greedy(max_new_tokens=9), Beam(width=3, max_new_tokens=9, n_candidates=2)):
        found = captioner.generate(Images(features=images), READINGS, decoding)
        for image, reading, captions in zip(images, READINGS, found, strict=True):
            (again,) = captioner.generate(Images(features=image[None]), [reading], decoding)
            assert [caption.token_ids for caption in again] == [caption.token_ids for caption in captions]
            for caption in captions:
                read = dataclasses.replace(
                    captioner.example("", image=image, reading=reading), token_ids=caption.token_ids
                )
                assert caption.log_probability == pytest.approx(-float(captioner(collate([read])).total), rel=1e-4)


@pytest.mark.parametrize("name", ["gpt2", "qwen2", "llama", "opt"])
def test_the_last_layers_alone_are_learnt(tiny_models: Path, name: str) -> None:
    few = {"reading": False, "max_caption_tokens": 64}
    captioner = made(tiny_models, **few, decoder={"model": str(tiny_models / name), "train": "last", "last_layers": 1})
    learnt = {name for name, parameter in captioner.decoder.named_parameters() if parameter.requires_grad}
    assert learnt and all(".1." in name or "norm" in name or ".ln_f." in name for name in learnt)
    assert any("norm" in name or ".ln_f." in name for name in learnt if ".1." not in name)
    with pytest.raises(ConfigError, match="has 2 layers, not 3"):
        made(tiny_models, **few, decoder={"model": str(tiny_models / name), "train": "last", "last_layers": 3})


def test_lora_changes_nothing_at_first_and_learns_its_matrices_alone(tiny_models: Path) -> None:
    mapper = made(tiny_models).mapper
    example = collate([made(tiny_models, reading=False).example(TEXTS[0], image=torch.randn(1, 24))])
    losses = []
    for decoder in ({"train": "frozen"}, {"train": "lora", "lora": {"rank": 2, "layers": ["c_attn", "c_proj"]}}):
        captioner = made(tiny_models, reading=False, decoder={"model": str(tiny_models / "gpt2"), **decoder})
        captioner.mapper.load_state_dict(mapper.state_dict())  # the matrices were drawn before it
        losses.append(captioner(example).total)
    assert torch.equal(*losses)
    losses[1].backward()
    moved = {name for name, parameter in captioner.decoder.named_parameters() if parameter.grad is not None}
    assert moved and all(".lora_" in name for name in moved)
    with pytest.raises(ConfigError, match="no_such_layer"):
        made(
            tiny_models,
            decoder={"model": str(tiny_models / "gpt2"), "train": "lora", "lora": {"layers": ["no_such_layer"]}},
        )


def test_similar_captions_stand_in_the_prompt_and_never_one_s_own(tiny_models: Path) -> None:
    retrieval = {"corpora": [str(tiny_models / "corpus")], "n_captions": 2, "max_tokens": 48}
    captioner = made(tiny_models, reading=False, retrieval=retrieval)
    place = [captions[0] for captions in captioner.similar.captions].index("Лес у реки.")
    green = torch.from_numpy(captioner.similar.vectors[place])[None]

    def shown(ids: Sequence[int]) -> list[str]:
        return captioner.tokenizer.decode(ids).splitlines()

    at_rest = captioner._prompts(Images(features=green[None]), [None])[0]
    assert shown(at_rest)[:2] == ["Похожие картинки:", "Лес у реки."]
    learning = shown(captioner.example("Лес у реки.", image=green).prompt_ids)
    assert sorted(learning[1:]) == ["Ночь.", "Песок и солнце."]
    assert captioner.example("Лес у реки.").prompt_ids == []  # no picture, nothing similar


def test_captions_stand_for_pictures_where_there_are_none(tiny_models: Path) -> None:
    captioner = made(tiny_models, reading=False, text_noise=0.05)
    batch = collate([captioner.example(text) for text in ("кот", "шкот")])
    with torch.no_grad():
        vectors = captioner.encoder.text_features(["кот", "шкот"])
        seen = captioner(dataclasses.replace(batch, images=Images(features=vectors[:, None] * 3)))
        assert float(captioner(batch).total) == pytest.approx(float(seen.total), rel=1e-5)  # at rest: no noise
        captioner.train()
        noisy = [float(captioner(batch).total) for _ in range(2)]
    assert noisy[0] != noisy[1]
    captioner(batch).mean.backward()
    assert all(p.grad is not None for p in captioner.mapper.parameters())
    with pytest.raises(ConfigError, match="text tower"):
        made(tiny_models, text_noise=0.05, encoder={"name": "vit", "model": str(tiny_models / "vit")})


def test_the_words_of_a_caption_are_those_that_are_learnt(tiny_models: Path) -> None:
    captioner = made(tiny_models, text_noise=0.05, max_caption_tokens=6)
    whole, cut = captioner.example("кот"), captioner.example("кот и пёс")
    assert whole.text == "кот"
    assert cut.text == captioner.tokenizer.decode(cut.token_ids) != "кот и пёс"
    assert collate([whole, cut]).select(torch.tensor([1, 0, 1])).texts == (cut.text, "кот", cut.text)
    assert made(tiny_models).example("кот").text is None


def test_a_text_of_one_token_can_end_a_caption(tiny_models: Path) -> None:
    with pytest.raises(ConfigError, match="tokens, not one"):
        made(tiny_models, stop="конец всему")
    captioner = made(tiny_models, stop=".")
    (stop,) = captioner.tokenizer.encode(".")
    found = captioner.generate(
        Images(features=torch.randn(8, 1, 24)), [None] * 8, Nucleus(top_p=1.0, max_new_tokens=99)
    )
    ended = [caption for (caption,) in found if stop in caption.token_ids]
    assert ended and all(caption.token_ids.index(stop) == len(caption.token_ids) - 1 for caption in ended)
    assert all(caption.finished and caption.text.endswith(".") for caption in ended)
