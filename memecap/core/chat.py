"""Chat completions over HTTP: time-outs, retries with jitter that obey Retry-After, and errors a person can act on.

The key travels in a header only: it appears in no URL, message or file, also where a server's answer repeats it, and a
redirect is not followed, so that it reaches nobody but the endpoint.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from memecap.core.chat_answer import Answer, read_answer
from memecap.core.secrets import Secrets
from memecap.errors import AuthError, ServiceError, TryLaterError, UsageError

_LONGEST_WAIT_S = 120.0
_LARGEST_ANSWER = 1 << 24  # bytes; a whole page of text is some thousands
_RETRIED = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_UNREADABLE = 4  # times an answer that is none is asked for again: a proxy's page, and not a wrong address
_KEPT = "what has been answered is kept."


class QuotaError(TryLaterError):
    """What may be spent is spent: no further request is worth a try."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: httpx.Headers
    text: str


class Chat:
    """One endpoint; safe to use from several threads."""

    def __init__(
        self, endpoint: str, key: str = "", *, retries: int = 5, timeout_s: float = 120.0, pause_s: float = 1.0
    ) -> None:
        """`pause_s`: the first pause before a retry, in seconds; each further one is twice as long.

        Raises:
            UsageError: the endpoint is no http address.
            AuthError: the key is not one that a header can carry.
        """
        url = parse_endpoint(endpoint)
        if not (key.isascii() and key.isprintable()):
            raise AuthError("the key holds signs that no header carries", where=host_of(url), fix="Check the key.")
        self._url = url.copy_with(path=f"{url.path.rstrip('/')}/chat/completions")
        self._where = str(self._url.copy_with(username=None, password=None, query=None, fragment=None))
        basic = f"{url.username}:{url.password}" if url.password else ""
        self._secrets = Secrets(key, url.password, basic, *url.params.values())
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=timeout_s,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None),  # how many requests run at a time is the caller's choice
        )
        self._retries = retries
        self._timeout_s = timeout_s
        self._pause_s = pause_s

    def complete(self, body: dict[str, Any]) -> str:
        """The text of the first choice; empty where the model refused, or thought and said nothing. Raises as `ask`."""
        return self.ask(body).choices[0].text

    def ask(self, body: dict[str, Any]) -> Answer:
        """The answer to a request, one choice at least.

        Raises:
            AuthError: the key is refused.
            ServiceError: the endpoint refuses the request for good, or answers something else than a completion.
            TryLaterError: no answer after all retries.
            QuotaError: the quota is spent.
        """
        trouble, n_unreadable = "", 0
        for attempt in range(self._retries + 1):
            wait = self._pause_s * 2**attempt * random.uniform(0.5, 1.5)
            try:
                reply = self._post(body)
            except httpx.RequestError as error:
                trouble = type(error).__name__
            else:
                if 200 <= reply.status < 300:
                    if answer := read_answer(reply.text):
                        return answer
                    n_unreadable += 1
                    if n_unreadable > _UNREADABLE or attempt == self._retries:
                        raise self._no_completion(reply)
                    trouble = "an answer that is no chat completion"
                else:
                    self._refuse(reply)
                    trouble = f"HTTP {reply.status}"
                    wait = max(wait, _retry_after(reply.headers))
            if wait > _LONGEST_WAIT_S:
                break
            if attempt < self._retries:
                time.sleep(wait)
        fix = f"Run the same command again later: {_KEPT}"
        raise TryLaterError(f"no answer from the endpoint: {trouble}", where=self._where, fix=fix)

    def _post(self, body: dict[str, Any]) -> _Reply:
        """One request. The time-out is for the whole of it: a body that drips does not hold a job for ever."""
        deadline = time.monotonic() + self._timeout_s
        content = bytearray()
        with self._client.stream("POST", self._url, json=body) as response:
            for piece in response.iter_bytes():
                content += piece
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer takes too long", request=response.request)
                if len(content) > _LARGEST_ANSWER:
                    raise httpx.ReadError("the answer has no end", request=response.request)
            return _Reply(response.status_code, response.headers, content.decode("utf-8", "replace"))

    def _no_completion(self, reply: _Reply) -> ServiceError:
        what = f"the answer is not a chat completion: {self._secrets.hide(reply.text)[:200]!r}"
        fix = "Check the endpoint: it should be OpenAI-compatible, usually ending in /v1."
        return ServiceError(what, where=self._where, fix=fix)

    def _refuse(self, reply: _Reply) -> None:
        """Raise for what no retry mends."""
        if reply.status in (401, 403):
            raise AuthError("the endpoint refuses the key", where=self._where, fix="Check the key and its rights.")
        if reply.status == 402 or "insufficient_quota" in reply.text:
            fix = f"Top it up and run the same command again: {_KEPT}"
            raise QuotaError("the quota of the endpoint is spent", where=self._where, fix=fix)
        if 300 <= reply.status < 400:
            what = f"HTTP {reply.status}: the endpoint sends elsewhere, where nothing was sent"
            raise ServiceError(what, where=self._where, fix="Name the address that the server really has.")
        if reply.status not in _RETRIED:
            fix = "Check the endpoint and the model's name."
            said = self._secrets.hide(reply.text)[:200]
            raise ServiceError(f"HTTP {reply.status}: {said}", where=self._where, fix=fix)


def parse_endpoint(endpoint: str) -> httpx.URL:
    """An endpoint's address. Raises `UsageError` where it is none."""
    try:
        url = httpx.URL(endpoint.strip())
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        fix = "Write it whole: http://localhost:8000/v1"
        raise UsageError("not the address of an endpoint", where="endpoint", fix=fix)
    return url


def host_of(url: httpx.URL) -> str:
    """Scheme, host, port and path: what tells two endpoints apart, and nothing secret."""
    return f"{url.scheme}://{url.host}:{url.port or (443 if url.scheme == 'https' else 80)}{url.path.rstrip('/')}"


def _retry_after(headers: httpx.Headers) -> float:
    """Seconds that the server asks to wait, in seconds or until a date; 0 where it does not say."""
    said = headers.get("retry-after", "")
    try:
        return float(said)
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
