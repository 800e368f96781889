"""The body of a chat completion → `Answer`: what each choice says, why it ended, how likely it was, what it cost."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

REFUSED = frozenset({"refusal", "content_filter"})  # reasons to end: the model, or its keeper, does not want to


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers that were asked for."""

    text: str
    finish: str = "stop"  # stop, length, content_filter, refusal or what else the server calls it
    log_probability: float | None = None  # the sum over its tokens, in nats; None where the server does not say
    n_tokens: int = 0  # that the sum is over


@dataclass(frozen=True, slots=True)
class Answer:
    """All choices, and the tokens that the server counted; 0 where it did not."""

    choices: tuple[Choice, ...]
    tokens_in: int = 0
    tokens_out: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Answer:
        return cls(**{**record, "choices": tuple(Choice(**choice) for choice in record["choices"])})


def read_answer(text: str) -> Answer | None:
    """The answer in a body; None where it is no chat completion."""
    try:
        body = json.loads(text)
        choices = tuple(_choice(choice) for choice in body["choices"])
        usage = body.get("usage") or {}
        counted = [_count(usage.get(key)) for key in ("prompt_tokens", "completion_tokens")]
        return Answer(choices, *counted) if choices else None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None


def _choice(choice: dict[str, Any]) -> Choice:
    message = choice["message"]
    if refusal := message.get("refusal"):
        return Choice(str(refusal), "refusal")
    sums = _log_probabilities(choice.get("logprobs"))
    return Choice(_spoken(message["content"]), str(choice.get("finish_reason") or "stop"), *sums)


def _spoken(content: Any) -> str:
    """A message's text: a string, a list of parts, or none at all. Raises `TypeError` for what is neither."""
    if content is None:
        return ""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise TypeError
    return content


def _log_probabilities(given: Any) -> tuple[float | None, int]:
    """Their sum, and over how many tokens; none where anything of it is no log-probability."""
    tokens = given.get("content") if isinstance(given, dict) else None
    if not isinstance(tokens, list):
        return None, 0
    values: list[Any] = [token.get("logprob") for token in tokens if isinstance(token, dict)]
    if not values or not all(isinstance(value, int | float) and -math.inf < value <= 1e-3 for value in values):
        return None, 0
    return float(sum(values)), len(values)


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e12 else 0
