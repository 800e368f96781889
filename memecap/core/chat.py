"""Chat completions over HTTP: time-outs, retries with jitter that obey Retry-After, and errors a person can act on.

The key travels in a header only: it appears in no URL, message or file, also where a server's answer repeats it.
"""

from __future__ import annotations

import base64
import random
import re
import time
from typing import Any

import httpx

from memecap.errors import AuthError, ServiceError, TryLaterError, UsageError

_LONGEST_WAIT_S = 120.0
_RETRIED = {408, 409, 425, 429, 500, 502, 503, 504, 529}
# What a server may repeat of our headers besides the key as we know it: masked, cut or encoded.
_CREDENTIAL = re.compile(r"""(\b(?:bearer|basic)\s+|authorization["']?\s*[:=]\s*["']?)[^\s"'<>,]{8,}""", re.IGNORECASE)
_HIDDEN = "[key]"


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
        self._secrets = _pattern(key, url.password, basic, *url.params.values())
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=timeout_s)
        self._retries = retries
        self._pause_s = pause_s

    def complete(self, body: dict[str, Any]) -> str:
        """The text of the first choice; empty where the model refused, or thought and said nothing.

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
            except httpx.RequestError as error:
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
        fix = "Run the same command again later: what has been translated is kept."
        raise TryLaterError(f"no answer from the endpoint: {trouble}", where=self._where, fix=fix)

    def _text(self, response: httpx.Response) -> str:
        try:
            return _spoken(response.json()["choices"][0]["message"]["content"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            what = f"the answer is not a chat completion: {self._quote(response)!r}"
            fix = "Check the endpoint: it should be OpenAI-compatible, usually ending in /v1."
            raise ServiceError(what, where=self._where, fix=fix) from None

    def _quote(self, response: httpx.Response) -> str:
        """The beginning of a body without our credentials; hidden before it is cut, so that no half of a key stays."""
        said = self._secrets.sub(_HIDDEN, response.text)
        return _CREDENTIAL.sub(rf"\1{_HIDDEN}", said)[:200]

    def _refuse(self, response: httpx.Response) -> None:
        """Raise for what no retry mends."""
        if response.status_code in (401, 403):
            raise AuthError("the endpoint refuses the key", where=self._where, fix="Check the key and its rights.")
        if response.status_code == 402 or "insufficient_quota" in response.text:
            fix = "Top it up and run the same command again: what has been translated is kept."
            raise TryLaterError("the quota of the endpoint is spent", where=self._where, fix=fix)
        if response.status_code not in _RETRIED:
            fix = "Check the endpoint and the model's name."
            raise ServiceError(f"HTTP {response.status_code}: {self._quote(response)}", where=self._where, fix=fix)


def parse_endpoint(endpoint: str) -> httpx.URL:
    """An endpoint's address. Raises `UsageError` where it is none."""
    try:
        url = httpx.URL(endpoint.strip())
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        fix = "Write it whole: http://localhost:8000/v1"
        raise UsageError("not the address of an endpoint", where="llm: endpoint", fix=fix)
    return url


def host_of(url: httpx.URL) -> str:
    """Scheme, host, port and path: what tells two endpoints apart, and nothing secret."""
    return f"{url.scheme}://{url.host}:{url.port or (443 if url.scheme == 'https' else 80)}{url.path.rstrip('/')}"


def _pattern(*secrets: str) -> re.Pattern[str]:
    """Each secret however a body may write it: escaped as in JSON or a URL, sign by sign; in base64; whole."""
    forms = [
        form
        for secret in sorted(filter(None, secrets), key=len, reverse=True)
        for form in (
            "".join(sign if sign.isalnum() else _escaped(sign) for sign in secret),
            re.escape(base64.b64encode(secret.encode()).decode()),
        )
    ]
    return re.compile("|".join(forms) or r"(?!)", re.IGNORECASE)


def _escaped(sign: str) -> str:
    return rf"(?:\\?{re.escape(sign)}|%{ord(sign):02x}|\\u{ord(sign):04x}|&#{ord(sign)};)"


def _spoken(content: Any) -> str:
    """A message's text: a string, a list of parts, or none at all. Raises `TypeError` for what is neither."""
    if content is None:
        return ""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise TypeError
    return content


def _retry_after(response: httpx.Response) -> float:
    """Seconds the server asks to wait; 0 when it does not say, or says a date."""
    try:
        return float(response.headers.get("retry-after", 0))
    except ValueError:
        return 0.0
