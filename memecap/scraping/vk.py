"""Calls of VK's API through a `vk_api` session: time-outs, rate, retries, and an error for every code.

`vk_api` (python273/vk_api) signs and sends; it has no time-out and repeats error 6 without end, so its error handlers
are emptied and an adapter on its session sets time-outs and, for a local server, another address. The token travels in
the POST body only; whatever VK echoes is redacted, and no exception that holds the call's values leaves this module.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from vk_api import ApiError, ApiHttpError, VkApi

from memecap.errors import AuthError, MemecapError, ServiceError, StorageError, UsageError
from memecap.scraping.faults import GO_ON, Action, action_of, error_of
from memecap.scraping.limits import Clock, Limits

VERSION = "5.199"
HOSTS = ("https://api.vk.ru/", "https://api.vk.com/")
TIMEOUTS_S = (10.0, 60.0)  # to connect, to answer
ATTEMPTS = 6
PAUSE_S = 60.0
_WALL = re.compile(r"-?[0-9]+|[A-Za-z0-9_.]+")
BATCH = 25  # calls in one `execute`
TOKEN_VARIABLE, TOKEN_FILE_VARIABLE = "VK_TOKEN", "MEMECAP_VK_TOKEN_FILE"


class TooBigError(MemecapError):
    """The answer would be too big: ask for half of it (error 13)."""


class BatchRefusedError(MemecapError):
    """The token may not `execute`: make plain calls."""


def read_token() -> str:
    """The token from `VK_TOKEN`, or from the file (mode 0600) that `MEMECAP_VK_TOKEN_FILE` names.

    Raises:
        AuthError: no token, or a file that others may read.
        StorageError: the file cannot be read.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token:
        return token
    path = Path(os.environ.get(TOKEN_FILE_VARIABLE) or "~/.config/memecap/vk_token").expanduser()
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        token = ""
    except OSError as error:
        raise StorageError(f"cannot read the token: {error.strerror}", where=path, fix="Check the file.") from None
    if not token:
        fix = f"Put a user or service token there (chmod 600), or set {TOKEN_VARIABLE} or {TOKEN_FILE_VARIABLE}."
        raise AuthError("no VK token", where=path, fix=fix)
    if mode & 0o077:
        raise AuthError("others may read the token", where=path, fix=f"Run: chmod 600 {path}")
    return token


class Vk:
    """A token's access to walls. `address` replaces https://api.vk.ru, for a server of one's own.

    `captcha` goes with the next call and no other: VK's parameters (`captcha_sid` and `captcha_key`, or
    `success_token`) that answer the captcha which stopped the run before.
    """

    def __init__(
        self,
        token: str,
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
        address: str = "",
        captcha: Mapping[str, str] | None = None,
        seed: int | None = None,
    ) -> None:
        self.address = address
        self.may_batch = True  # until a call of `execute` is refused
        self._token = token
        self._captcha = dict(captcha or {})
        self._clock = clock or time
        self._limits = limits or Limits(None, self._clock, token=token)
        self._random = random.Random(seed)
        session = requests.Session()
        adapter = _Adapter(address)
        for host in HOSTS:
            session.mount(host, adapter)
        self._api = VkApi(token=token, session=session, api_version=VERSION, config=_no_file)
        self._api.error_handlers = {}
        self._api.RPS_DELAY = 0  # `Limits` spaces the calls

    def page(self, wall: str, offset: int, size: int) -> dict[str, Any]:
        """One `wall.get`: `{"count", "items"}`. Raises `TooBigError`, `SkipWall` or what ends the run."""
        answer = self._call("wall.get", {**owner(wall), "offset": offset, "count": size}, n_calls=1, where=wall)
        response = answer.get("response")
        if not isinstance(response, dict):
            raise ServiceError("wall.get answered without a wall", where=wall, fix="Run the same command again later.")
        return response

    def pages(self, wall: str, offsets: Sequence[int], size: int) -> list[dict[str, Any]]:
        """Several `wall.get` in one `execute`; as many pages as came whole, in order.

        Raises:
            BatchRefusedError: the token does not allow it.
            TooBigError: ask for fewer.
        """
        calls = [json.dumps({**owner(wall), "offset": offset, "count": size}) for offset in offsets]
        code = "return [" + ",".join(f"API.wall.get({call})" for call in calls) + "];"
        answer = self._call("execute", {"code": code}, n_calls=len(calls), where=wall)
        response = answer.get("response")
        if not isinstance(response, list):
            raise BatchRefusedError("execute answered without a list")
        whole = list(takewhile(lambda page: isinstance(page, dict), response))
        if not whole:
            errors = answer.get("execute_errors")
            code_of_first = errors[0].get("error_code") if isinstance(errors, list) and errors else 0
            if code_of_first == 13:
                raise TooBigError("execute's answer is too big")
            raise BatchRefusedError("execute brought no page")  # a plain call then says why
        return whole

    def _call(self, method: str, values: Mapping[str, Any], *, n_calls: int, where: str) -> dict[str, Any]:
        """Call until it answers. Raises the error that the last answer ends in."""
        failure: MemecapError | None = None
        for attempt in range(ATTEMPTS):
            self._limits.wait(n_calls)
            try:
                answer = self._api.method(method, {**values, **self._captcha}, raw=True)
                self._captcha = {}
                if isinstance(answer, dict) and "response" in answer:
                    return answer
                failure = self._failure("an answer without a response", where)
            except ApiError as error:
                self._captcha = {}  # VK has heard it
                failure = self._judge(error, method, attempt, where)
                continue
            except ApiHttpError as error:
                status = error.response.status_code
                failure = self._failure(f"HTTP {status}", where)
                if status < 500 and status != 429:
                    raise failure from None
            except requests.RequestException as error:
                failure = self._failure(type(error).__name__, where)
            except (ValueError, KeyError, TypeError):  # vk_api reads the body without looking at its shape
                failure = self._failure("an answer that is not what VK's schema says", where)
            self._back_off(attempt)
        assert failure is not None
        raise failure

    def _judge(self, error: ApiError, method: str, attempt: int, where: str) -> MemecapError:
        """Wait as the error's action asks and return what to raise in the end, or raise it now."""
        said = error.error if isinstance(error.error, dict) else {}
        code = error.code if isinstance(error.code, int) else 0
        message = str(said.get("error_msg", "")).replace(self._token, "[token]")
        link = str(said.get("redirect_uri") or said.get("captcha_img") or "").replace(self._token, "[token]")
        failure = error_of(code, message, where=where, link=link, captcha_sid=str(said.get("captcha_sid") or ""))
        action = action_of(code)
        if action is Action.HALVE:
            raise TooBigError(message) from None
        if method == "execute" and action in (Action.TOKEN, Action.SKIP, Action.USAGE, Action.FAIL):
            self.may_batch = False
            raise BatchRefusedError(message) from None
        if action is Action.RETRY:
            self._back_off(attempt)
        elif action is Action.SLOW_DOWN:
            self._clock.sleep(1.0 + attempt)
        elif action is Action.PAUSE and attempt < 2:
            self._clock.sleep(PAUSE_S)
        else:
            raise failure from None
        return failure

    def _failure(self, what: str, where: str) -> ServiceError:
        return ServiceError(f"VK did not answer: {what}", where=where, fix=GO_ON)

    def _back_off(self, attempt: int) -> None:
        self._clock.sleep(min(2.0**attempt, 30.0) * self._random.uniform(0.5, 1.0))


def owner(wall: str) -> dict[str, Any]:
    """The parameter that names a wall: a number as `owner_id`, a name as `domain`. Raises `UsageError` for others."""
    if not _WALL.fullmatch(wall):
        raise UsageError(f"not the name or number of a community: {wall!r}", where="VK", fix="Check the link.")
    return {"owner_id": int(wall)} if wall.removeprefix("-").isdecimal() else {"domain": wall}


class _Adapter(HTTPAdapter):
    """Time-outs on every call, and another address where one is given."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = urlsplit(address.rstrip("/")) if address else None

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self._address and request.url:
            url = urlsplit(request.url)
            path = self._address.path + url.path
            request.url = urlunsplit((self._address.scheme, self._address.netloc, path, url.query, ""))
        kwargs["timeout"] = TIMEOUTS_S
        return super().send(request, *args, **kwargs)


def _no_file(*_: Any, **__: Any) -> dict[str, Any]:
    """vk_api's store of logins: nothing is ever kept."""
    return {}
