"""What every image encoder promises."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from memecap.core import config, registry
from memecap.encoders.base import ImageEncoder
from memecap.errors import ServiceError

#: encoder → the tiny checkpoints it is tried with; timm builds its own
MODELS = {
    "ruclip": ["ruclip"],
    "clip": ["clip", "siglip"],
    "vit": ["vit"],
    "resnet": ["resnet"],
    "mobilenet": ["mobilenet"],
}
CASES: list[tuple[str, str, dict[str, object]]] = [
    *(
        (name, model, {"output": output})
        for name, models in MODELS.items()
        for model in models
        for output in ("pooled", "grid")
    ),
    ("vit", "vit", {"output": "all"}),
    ("vqgan", "vqgan", {"side": 16}),
]


def test_every_encoder_is_tried() -> None:
    assert set(registry.names("encoders")) - {"timm"} == {name for name, _, _ in CASES}


@pytest.fixture(params=CASES, ids=lambda case: "-".join(map(str, (*case[:2], *case[2].values()))))
def case(request: pytest.FixtureRequest, tiny_models: Path) -> dict[str, object]:
    name, model, settings = request.param
    return {"name": name, "model": str(tiny_models / model), **settings}


@pytest.fixture
def encoder(case: dict[str, object]) -> ImageEncoder:
    torch.manual_seed(0)
    built: ImageEncoder = config.build("encoders", case).eval()
    return built


def picture(width: int = 50, height: int = 37) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@torch.no_grad()
def test_shapes_for_any_picture(encoder: ImageEncoder) -> None:
    pixels = torch.stack([encoder.transform(picture(*size)) for size in ((50, 37), (200, 31), (33, 90))])
    features = encoder(pixels).float()
    assert features.shape == (3, encoder.n_tokens, encoder.width)
    assert features.std() > 0
    assert features.std(dim=0).max() > 0  # pictures differ in what is seen of them


def test_transform_is_deterministic_and_leaves_the_picture_alone(encoder: ImageEncoder) -> None:
    image = picture()
    before = image.tobytes()
    assert torch.equal(encoder.transform(image), encoder.transform(image))
    assert image.tobytes() == before


@torch.no_grad()
def test_a_picture_is_seen_alike_alone_and_in_a_batch(encoder: ImageEncoder) -> None:
    pixels = torch.stack([encoder.transform(picture()), encoder.transform(picture(90, 40))])
    assert torch.allclose(encoder(pixels)[:1].float(), encoder(pixels[:1]).float(), atol=1e-5)


def test_fingerprint_follows_weights_and_output(encoder: ImageEncoder, case: dict[str, object]) -> None:
    assert encoder.fingerprint == config.build("encoders", case).fingerprint
    other = {"side": 8} if "side" in case else {"output": "grid" if case["output"] == "pooled" else "pooled"}
    assert encoder.fingerprint != config.build("encoders", {**case, **other}).fingerprint
    before = encoder.fingerprint
    with torch.no_grad():
        next(encoder.parameters()).add_(1)
    assert encoder.fingerprint != before


@torch.no_grad()
def test_saved_encoder_is_the_same(encoder: ImageEncoder, case: dict[str, object], tmp_path: Path) -> None:
    encoder.save(tmp_path)
    again = config.build("encoders", {**case, "model": str(tmp_path)}).eval()
    assert again.fingerprint == encoder.fingerprint
    pixels = encoder.transform(picture())[None]
    assert torch.equal(again(pixels), encoder(pixels))


@pytest.mark.parametrize(("name", "model"), [("ruclip", "ruclip"), ("clip", "clip"), ("clip", "siglip")])
def test_text_and_pictures_share_a_space(tiny_models: Path, name: str, model: str) -> None:
    encoder = config.build("encoders", {"name": name, "model": str(tiny_models / model)}).eval()
    assert encoder.text_features(["кот", "пёс бежит"]).shape == (2, encoder.width)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in CASES}))
def test_unreachable_model_says_what_to_do(name: str) -> None:
    with pytest.raises(ServiceError, match="fix:"):
        config.build("encoders", {"name": name, "model": "nobody/nothing"})
