"""Original ClipCap checkpoints say what upstream's own loop says; the model is restated here with plain torch."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tiny_models import RUCLIP, TEXTS
from torch import Tensor, nn
from transformers import CLIPModel, GPT2LMHeadModel
from typer.testing import CliRunner

from memecap.checkpoints import checkpoint, original_clipcap
from memecap.cli import app, verbs  # noqa: F401  (each verb adds itself)
from memecap.decoding.greedy import Greedy
from memecap.errors import DataError, MissingFileError
from memecap.modeling.batch import Images
from memecap.text.bpe import BPE

D, W, PREFIX, UNFOLD, LAYERS = 16, 32, 3, 2, 2


def original(models: Path, mapper: str, width_in: int = D, gpt_name: str = "gpt2") -> dict[str, Tensor]:
    """A random checkpoint under upstream's names, with the masks of attention that transformers kept in 2021."""
    torch.manual_seed(1)
    gpt = GPT2LMHeadModel.from_pretrained(models / gpt_name)
    state = {f"gpt.{name}": torch.randn_like(tensor) * 0.2 for name, tensor in gpt.state_dict().items()}
    state["gpt.lm_head.weight"] = state["gpt.transformer.wte.weight"]
    for layer in range(2):
        state[f"gpt.transformer.h.{layer}.attn.bias"] = torch.ones(1, 1, 256, 256, dtype=torch.uint8)
        state[f"gpt.transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    shapes: dict[str, tuple[int, ...]] = {
        "model.0.weight": (W * PREFIX // 2, width_in), "model.0.bias": (W * PREFIX // 2,),
        "model.2.weight": (W * PREFIX, W * PREFIX // 2), "model.2.bias": (W * PREFIX,),
    }  # fmt: skip
    if mapper == "transformer":
        shapes = {"prefix_const": (PREFIX, W), "linear.weight": (W * UNFOLD, width_in), "linear.bias": (W * UNFOLD,)}
        for layer in range(LAYERS):
            for name, shape in {
                "norm1.weight": (W,), "norm1.bias": (W,), "norm2.weight": (W,), "norm2.bias": (W,),
                "attn.to_queries.weight": (W, W), "attn.to_keys_values.weight": (2 * W, W),
                "attn.project.weight": (W, W), "attn.project.bias": (W,),
                "mlp.fc1.weight": (2 * W, W), "mlp.fc1.bias": (2 * W,),
                "mlp.fc2.weight": (W, 2 * W), "mlp.fc2.bias": (W,),
            }.items():  # fmt: skip
                shapes[f"transformer.layers.{layer}.{name}"] = shape
    return state | {f"clip_project.{name}": torch.randn(shape) * 0.3 for name, shape in shapes.items()}


def prefix_of(state: dict[str, Tensor], image: Tensor) -> Tensor:
    """Upstream's mapper for one vector [D], head by head."""
    p = {name.removeprefix("clip_project."): tensor for name, tensor in state.items() if name.startswith("clip_")}
    if "prefix_const" not in p:
        hidden = torch.tanh(p["model.0.weight"] @ image + p["model.0.bias"])
        return (p["model.2.weight"] @ hidden + p["model.2.bias"]).reshape(PREFIX, W)
    x = torch.cat([(p["linear.weight"] @ image + p["linear.bias"]).reshape(UNFOLD, W), p["prefix_const"]])
    for layer in range(LAYERS):
        q = {
            name.split(".", 3)[3]: tensor
            for name, tensor in p.items()
            if name.startswith(f"transformer.layers.{layer}")
        }
        normed = nn.functional.layer_norm(x, (W,), q["norm1.weight"], q["norm1.bias"])
        queries = normed @ q["attn.to_queries.weight"].T
        keys, values = (normed @ q["attn.to_keys_values.weight"].T).split(W, dim=1)
        heads = []
        for head in range(8):
            part = slice(head * W // 8, (head + 1) * W // 8)
            weights = (queries[:, part] @ keys[:, part].T / math.sqrt(W // 8)).softmax(dim=1)
            heads.append(weights @ values[:, part])
        x = x + torch.cat(heads, dim=1) @ q["attn.project.weight"].T + q["attn.project.bias"]
        normed = nn.functional.layer_norm(x, (W,), q["norm2.weight"], q["norm2.bias"])
        hidden = torch.relu(normed @ q["mlp.fc1.weight"].T + q["mlp.fc1.bias"])
        x = x + hidden @ q["mlp.fc2.weight"].T + q["mlp.fc2.bias"]
    return x[UNFOLD:]


def upstream_greedy(models: Path, state: dict[str, Tensor], image: Tensor, stop: int, longest: int) -> list[int]:
    """Upstream's loop: the whole sequence again for each token, until the full stop."""
    gpt = GPT2LMHeadModel.from_pretrained(models / "gpt2" if (models / "gpt2").exists() else models)
    kept = {
        n[4:]: t for n, t in state.items() if n.startswith("gpt.") and not n.endswith((".attn.bias", "masked_bias"))
    }
    gpt.load_state_dict(kept)
    gpt.eval()
    embeds, tokens = prefix_of(state, image)[None], list[int]()
    while len(tokens) < longest and stop not in tokens:
        token = gpt(inputs_embeds=embeds).logits[0, -1].argmax()
        tokens.append(int(token))
        embeds = torch.cat([embeds, gpt.transformer.wte(token)[None, None]], dim=1)
    return tokens


def read(models: Path, path: Path, **more: Any) -> Any:
    encoder = {"name": "clip", "model": str(models / "clip")}
    return original_clipcap.read(path, encoder=encoder, decoder=str(models / "gpt2"), **more)


@torch.no_grad()
@pytest.mark.parametrize("mapper", ["mlp", "transformer"])
@pytest.mark.parametrize("normalize", [False, True])
def test_captions_are_those_of_upstream_s_loop(tiny_models: Path, tmp_path: Path, mapper: str, normalize: bool) -> None:
    state = original(tiny_models, mapper)
    torch.save(state, tmp_path / "original.pt")
    captioner = read(tiny_models, tmp_path / "original.pt", normalize=normalize)
    tokenizer = BPE.from_folder(tiny_models / "gpt2")
    (stop,) = tokenizer.encode(".")
    images = torch.randn(4, 1, D)
    found = captioner.generate(Images(features=images), [None] * 4, Greedy(max_new_tokens=12))
    for image, (caption,) in zip(images[:, 0], found, strict=True):
        vector = image / image.norm() if normalize else image
        expected = upstream_greedy(tiny_models, state, vector, stop, 12)
        until_end = expected[: expected.index(tokenizer.end_id) + 1] if tokenizer.end_id in expected else expected
        assert list(caption.token_ids) == until_end


def test_the_command_writes_a_checkpoint_that_says_the_same(tiny_models: Path, tmp_path: Path) -> None:
    torch.save(original(tiny_models, "transformer"), tmp_path / "original.pt")
    arguments = ["--encoder", str(tiny_models / "clip"), "--decoder", str(tiny_models / "gpt2")]
    done = CliRunner().invoke(app, ["adopt", str(tmp_path / "original.pt"), "--out", str(tmp_path / "out"), *arguments])
    assert done.exit_code == 0, done.output
    images = Images(features=torch.randn(2, 1, D))
    say = [c.generate(images, [None, None], Greedy(max_new_tokens=9)) for c in
           (read(tiny_models, tmp_path / "original.pt"), checkpoint.load(tmp_path / "out"))]  # fmt: skip
    assert say[0] == say[1]


@pytest.fixture
def rugpt(tiny_models: Path, tmp_path: Path) -> Path:
    """A GPT-2 whose own end is </s>, and whose <|endoftext|> is another token: so are the published ruGPT3."""
    shutil.copytree(tiny_models / "gpt2", tmp_path / "rugpt")
    BPE.learn(TEXTS, vocab_size=300, marks=["</s>"]).save(tmp_path / "rugpt")
    (tmp_path / "rugpt" / "tokenizer_config.json").write_text('{"eos_token": "</s>"}')
    return tmp_path / "rugpt"


@torch.no_grad()
@pytest.mark.parametrize("mapper", ["mlp", "transformer"])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("stop", ["<|endoftext|>", ".", "none"])
def test_russian_kin_is_adopted_by_the_command(
    tiny_models: Path, rugpt: Path, tmp_path: Path, mapper: str, normalize: bool, stop: str
) -> None:
    """ruCLIP's vectors, divided by their length or not, and a ruGPT that ends a caption as it was taught to."""
    tokenizer = BPE.from_folder(rugpt)
    ids = {"<|endoftext|>": 0, ".": tokenizer.encode(".")[0], "none": 1}
    assert tokenizer.end_id == 1
    state = original(tiny_models, mapper, width_in=RUCLIP["embed_dim"])
    state["gpt.transformer.wte.weight"][ids[stop]] += 3 * state["gpt.transformer.ln_f.bias"]  # so that captions do end
    torch.save(state, tmp_path / "original.pt")
    arguments = ["--encoder", f"ruclip:{tiny_models / 'ruclip'}", "--decoder", str(rugpt), "--stop", stop]
    arguments += ["--normalize"] if normalize else []
    done = CliRunner().invoke(app, ["adopt", str(tmp_path / "original.pt"), "--out", str(tmp_path / "out"), *arguments])
    assert done.exit_code == 0, done.output
    captioner: Any = checkpoint.load(tmp_path / "out")
    pictures = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue", "white", "black", "brown")]
    pixels = torch.stack([captioner.encoder.transform(picture) for picture in pictures])
    vectors = CLIPModel(captioner.encoder._whole.config)
    vectors.load_state_dict(captioner.encoder._whole.state_dict())
    n_ended = 0
    found = captioner.generate(Images(pixels=pixels), [None] * len(pictures), Greedy(max_new_tokens=12))
    for image, (caption,) in zip(pixels, found, strict=True):
        vector = vectors.eval().get_image_features(image[None]).pooler_output[0]
        vector = vector / vector.norm(2, -1) if normalize else vector
        expected = upstream_greedy(rugpt, state, vector, ids[stop], 12)
        if 1 in expected:  # the decoder's own end counts too
            expected = expected[: expected.index(1) + 1]
        assert list(caption.token_ids) == expected
        assert caption.finished == (expected[-1] in (ids[stop], 1))
        n_ended += caption.finished
    assert n_ended


def test_other_files_are_refused(tiny_models: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read(tiny_models, tmp_path / "absent.pt")
    (tmp_path / "text.pt").write_text(TEXTS[0])
    with pytest.raises(DataError, match="not a file of weights"):
        read(tiny_models, tmp_path / "text.pt")
    torch.save({"weight": torch.ones(1)}, tmp_path / "other.pt")
    with pytest.raises(DataError, match="no gpt"):
        read(tiny_models, tmp_path / "other.pt")
    state = original(tiny_models, "mlp")
    torch.save({**state, "clip_project.model.0.weight": torch.ones(W * PREFIX // 2, 7)}, tmp_path / "other.pt")
    with pytest.raises(DataError, match=r"do not fit.*mapper\.layers\.0\.weight"):
        read(tiny_models, tmp_path / "other.pt")
