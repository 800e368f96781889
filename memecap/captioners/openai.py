"""A vision-language model behind an OpenAI-compatible endpoint: vLLM, SGLang, llama-server, Ollama, or a cloud.

In: pictures, made small JPEGs, and what was read and remembered. Out: captions; a picture that gets none comes with
the reason as its caption's `error`. Answers are kept by model, prompt, picture, reading and sampling, so that no
picture is paid for twice.
Source: the chat completions interface of OpenAI.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from pydantic import Field

from memecap.captioners.base import Captioner, Readings
from memecap.captioners.endpoint.asking import Asking, Request
from memecap.captioners.endpoint.sampling import sampling_of
from memecap.captioners.endpoint.words import to_caption
from memecap.core import storage
from memecap.core.answers import Answers
from memecap.core.chat import Chat
from memecap.core.config import PartConfig
from memecap.core.secrets import key_of
from memecap.decoding.base import Search, SearchConfig
from memecap.decoding.greedy import Greedy
from memecap.errors import MemecapError
from memecap.modeling.batch import ImageInput, Images
from memecap.modeling.outputs import Caption
from memecap.pictures.jpeg import to_jpeg
from memecap.quoting import instruction
from memecap.reading.base import Reading

JPEG, SHA256 = "jpeg", "sha256"


class Settings(PartConfig):
    operational = frozenset(
        {
            "endpoint", "key_variable", "parallel", "retries", "timeout_s", "pause_s", "price_in", "price_out",
            "budget", "cache",
        }
    )  # fmt: skip

    name: str = "openai"
    model: str = Field(description="the model's name at the endpoint")
    endpoint: str | tuple[str, ...] = Field(
        "http://localhost:8000/v1", description="base URL, up to and without /chat/completions; several share the work"
    )
    key_variable: str = Field("", description="environment variable that holds the key; empty: no key")
    prompt: str = Field(instruction.TASK, description="the task; what was read and remembered follows it")
    reading: bool = Field(True, description="whether the model is told what was read")
    max_side: int = Field(1024, ge=28, description="longer side of the picture that is sent, at most, in pixels")
    quality: int = Field(90, ge=1, le=100, description="quality of its JPEG")
    decoding: SearchConfig = Field(
        Greedy(max_new_tokens=400), description="how captions are chosen unless the caller says otherwise"
    )
    log_probabilities: bool = Field(True, description="whether they are asked for; some clouds refuse that")
    extra: dict[str, Any] = Field({}, description="further keys of each request, such as chat_template_kwargs")
    limit_key: str = Field("max_tokens", description="how the endpoint calls the longest answer")
    parallel: int = Field(8, ge=1, description="requests at a time, of one process")
    retries: int = Field(5, ge=0, description="times a failed request is sent again")
    timeout_s: float = Field(120.0, gt=0, description="longest wait for an answer, in seconds")
    pause_s: float = Field(
        1.0, ge=0, description="first pause before a retry, in seconds; each further one is twice it"
    )
    price_in: float = Field(0.0, ge=0, description="price of a million tokens sent; 0: unknown or free")
    price_out: float = Field(0.0, ge=0, description="price of a million tokens received; 0: unknown or free")
    budget: float | None = Field(None, gt=0, description="most that the answers in the cache may have cost; none: any")
    cache: Path | None = Field(None, description="file of answers; answers.sqlite in the user's cache folder when null")


class OpenAI(Captioner):
    """Asks a server. Safe settings for a job of any length: see `docs/scale.md`."""

    Config = Settings
    config: Settings

    def __init__(self, config: Settings) -> None:
        super().__init__()
        self.config = config
        addresses = [config.endpoint] if isinstance(config.endpoint, str) else config.endpoint
        key, told = key_of(config.key_variable), {"timeout_s": config.timeout_s, "pause_s": config.pause_s}
        chats = [Chat(address, key, retries=config.retries, **told) for address in addresses]
        path = config.cache or storage.cache_folder() / "answers.sqlite"
        self._asking = Asking(
            chats,
            Answers(path, config.model),
            price_in=config.price_in,
            price_out=config.price_out,
            budget=config.budget,
        )

    def default_search(self) -> Search:
        return self.config.decoding

    def look(self, picture: Image.Image) -> ImageInput | None:
        """The picture as it is sent, and the hash of the one that came: another Pillow may write another JPEG."""
        content = to_jpeg(picture, max_side=self.config.max_side, quality=self.config.quality)
        digest = storage.sha256_bytes(f"{picture.size}".encode() + picture.tobytes())
        return {JPEG: _tensor(content), SHA256: _tensor(bytes.fromhex(digest))}

    def generate(self, images: Images | None, readings: Readings, search: Search) -> list[list[Caption]]:
        """Raises `AuthError`, `QuotaError`, and what keeps failing; a failure of one picture is its caption's."""
        sampling = sampling_of(search, limit_key=self.config.limit_key)
        inputs: Sequence[Any] = [None] * len(readings) if images is None else images.inputs or ()
        requests = [self._request(*told, sampling) for told in zip(inputs, readings, strict=True)]
        distinct = list({request.key: request for request in requests}.values())
        pool = ThreadPoolExecutor(self.config.parallel)
        try:
            answers = dict(zip((one.key for one in distinct), pool.map(self._asking.ask, distinct), strict=True))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)  # nothing more is asked once something has ended the job
        return [
            [Caption("", error=found)]
            if isinstance(found := answers[request.key], MemecapError)
            else [to_caption(choice, reading) for choice in found]
            for request, reading in zip(requests, readings, strict=True)
        ]

    def _request(self, seen: Any, reading: Reading | None, sampling: dict[str, Any]) -> Request:
        config = self.config
        text = instruction.prompt(config.prompt, reading if config.reading else None)
        body = {"model": config.model, **sampling, **config.extra}
        if config.log_probabilities:
            body["logprobs"] = True
        if seen is None:
            return Request.of(body, text, picture=None, picture_sha256="")
        digest = bytes(seen[SHA256].cpu().numpy()).hex() + f" {config.max_side} {config.quality}"
        address = "data:image/jpeg;base64," + base64.b64encode(bytes(seen[JPEG].cpu().numpy())).decode()
        return Request.of(body, text, picture=address, picture_sha256=digest)


def _tensor(content: bytes) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(content, dtype=np.uint8).copy())
