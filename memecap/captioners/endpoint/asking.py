"""Requests → answers: from what was paid for, else from the endpoints, within a budget, and never twice.

A failure of one request is its answer; a job ends where the key is refused, the money is spent, or nothing else than
failures comes back.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memecap.captioners.endpoint.words import fault
from memecap.core.answers import Answers, request_key
from memecap.core.chat import Chat, QuotaError
from memecap.core.chat_answer import Answer, Choice
from memecap.errors import MemecapError, ServiceError, TryLaterError

IN_A_ROW = 16  # failures, after which no further request is worth its wait
_PIXELS_A_TOKEN, _CHARACTERS_A_TOKEN = 28 * 28, 2.5  # of Qwen's pictures, of Russian; where a server counts nothing
_PICTURE_TOKENS = 1024 * 1024 // _PIXELS_A_TOKEN


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and the hash of all that its answer depends on."""

    key: str
    body: dict[str, Any]
    n: int  # choices wanted

    @classmethod
    def of(cls, body: dict[str, Any], text: str, *, picture: str | None, picture_sha256: str) -> Request:
        """`picture` is a data address; its hash stands for it in the key."""
        content: Any = text
        if picture is not None:
            content = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": text}]
        key = request_key([body, text, picture_sha256])
        return cls(key, {**body, "messages": [{"role": "user", "content": content}]}, int(body.get("n", 1)))


class Asking:
    """Asks several endpoints of one model; safe to use from several threads."""

    def __init__(
        self, chats: Sequence[Chat], answers: Answers, *, price_in: float, price_out: float, budget: float | None
    ) -> None:
        """Prices are of a million tokens."""
        self._chats, self._answers = chats, answers
        self._prices, self._budget = (price_in / 1e6, price_out / 1e6), budget
        self._failed = 0  # in a row
        self._lock = threading.Lock()

    def ask(self, request: Request) -> list[Choice] | MemecapError:
        """The choices that say something, or why there is none.

        Raises:
            AuthError: the key is refused.
            QuotaError: the budget, or the quota, is spent.
            ServiceError, TryLaterError: nothing else than this has come back for many requests.
        """
        known = self._answers.get(request.key)
        if known is None:
            try:
                known = self._pay(request)
            except QuotaError:
                raise
            except (ServiceError, TryLaterError) as error:
                self._count(error)
                return error
            self._count(None)
        good = [choice for choice in known.choices if not fault(choice)]
        if good:
            return good[: request.n]
        return ServiceError(fault(known.choices[0]), fix="Ask another model, or with another prompt.")

    @property
    def cost(self) -> float:
        """What the answers in the cache have cost, in the currency of the prices."""
        return sum(price * n for price, n in zip(self._prices, self._answers.spent(), strict=True))

    def _pay(self, request: Request) -> Answer:
        """Ask until there are as many choices as wanted: some servers give one whatever `n` says."""
        answer = Answer(())
        for _ in range(request.n):
            if self._budget is not None and (cost := self.cost) >= self._budget:
                fix = "Raise `budget`, then run the same command again: what has been answered is kept."
                what = f"the budget is spent: {cost:.4g} of {self._budget:.4g}"
                raise QuotaError(what, where="captioner: budget", fix=fix)
            body, n_found = dict(request.body), len(answer.choices)
            if n_found:
                body |= {"n": request.n - n_found, "seed": int(body.get("seed", 0)) + n_found}
            found = _counted(self._first_of(request, body), body)
            answer = Answer(
                answer.choices + found.choices, answer.tokens_in + found.tokens_in, answer.tokens_out + found.tokens_out
            )
            if len(answer.choices) >= request.n:
                break
        self._answers.put(request.key, answer)
        return answer

    def _first_of(self, request: Request, body: dict[str, Any]) -> Answer:
        """The answer of the endpoint whose turn it is by the request's hash; of the next where that one is down."""
        first = int(request.key[:8], 16) % len(self._chats)
        order = [*self._chats[first:], *self._chats[:first]]
        for chat in order[:-1]:
            try:
                return chat.ask(body)
            except QuotaError:
                raise
            except TryLaterError:
                continue
        return order[-1].ask(body)

    def _count(self, error: MemecapError | None) -> None:
        with self._lock:
            self._failed = 0 if error is None else self._failed + 1
            if error is not None and self._failed >= IN_A_ROW:
                raise error


def _counted(answer: Answer, body: dict[str, Any]) -> Answer:
    """With tokens estimated where the server counts none, so that a budget holds there, too."""
    if answer.tokens_in or answer.tokens_out:
        return answer
    content = body["messages"][0]["content"]
    is_seen = isinstance(content, list)
    text = content[-1]["text"] if is_seen else content
    said = sum(len(choice.text) for choice in answer.choices)
    tokens_in = int(len(text) / _CHARACTERS_A_TOKEN) + _PICTURE_TOKENS * is_seen
    return Answer(answer.choices, tokens_in, max(1, int(said / _CHARACTERS_A_TOKEN)))
