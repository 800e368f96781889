"""Chat completions over HTTP: time-outs, retries with jitter that obey Retry-After, and errors a person can act on.

The key travels in a header only: it appears in no URL, message or file.
"""

from __future__ import annotations

import random
import time
from typing import Any

import httpx

from memecap.errors import AuthError, ServiceError, TryLaterError

_LONGEST_WAIT_S = 120.0
_RETRIED = {408, 409, 425, 429, 500, 502, 503, 504, 529}


class Chat:
    """One endpoint; safe to use from several threads."""

    def __init__(
        self, endpoint: str, key: str = "", *, retries: int = 5, timeout_s: float = 120.0, pause_s: float = 1.0
    ) -> None:
        """`pause_s`: the first pause before a retry, in seconds; each further one is twice as long."""
        self._url = f"{endpoint.rstrip('/')}/chat/completions"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=timeout_s)
        self._retries = retries
        self._pause_s = pause_s

    def complete(self, body: dict[str, Any]) -> str:
        """The text of the first choice.

        Raises:
            AuthError: the key is refused.
            ServiceError: the endpoint refuses the request for good, or answers something else than a completion.
            TryLaterError: no answer after all retries, or the quota is spent.
        """
        trouble = ""
        for attempt in range(self._retries + 1):
            wait = self._pause_s * 2**attempt * random.uniform(0.5, 1.5)
            try:
                response = self._client.post(self._url, json=body)
            except httpx.TransportError as error:
                trouble = type(error).__name__
            else:
                if response.is_success:
                    return self._text(response)
                self._refuse(response)
                trouble = f"HTTP {response.status_code}"
                wait = max(wait, _retry_after(response))
            if wait > _LONGEST_WAIT_S:
                break
            if attempt < self._retries:
                time.sleep(wait)
        raise TryLaterError(
            f"no answer from the endpoint: {trouble}",
            where=self._url,
            fix="Run the same command again later: what has been translated is kept.",
        )

    def _text(self, response: httpx.Response) -> str:
        try:
            return str(response.json()["choices"][0]["message"]["content"] or "")
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise ServiceError(
                f"the answer is not a chat completion: {response.text[:200]!r}",
                where=self._url,
                fix="Check the endpoint: it should be OpenAI-compatible, usually ending in /v1.",
            ) from error

    def _refuse(self, response: httpx.Response) -> None:
        """Raise for what no retry mends."""
        said = response.text[:300]
        if response.status_code in (401, 403):
            raise AuthError("the endpoint refuses the key", where=self._url, fix="Check the key and its rights.")
        if response.status_code == 402 or "insufficient_quota" in said:
            raise TryLaterError(
                "the quota of the endpoint is spent",
                where=self._url,
                fix="Top it up and run the same command again: what has been translated is kept.",
            )
        if response.status_code not in _RETRIED:
            raise ServiceError(
                f"HTTP {response.status_code}: {said}", where=self._url, fix="Check the endpoint and the model's name."
            )


def _retry_after(response: httpx.Response) -> float:
    """Seconds the server asks to wait; 0 when it does not say, or says a date."""
    try:
        return float(response.headers.get("retry-after", 0))
    except ValueError:
        return 0.0
