"""Why a request gets no caption: a code that programs and the page know, and the HTTP status that goes with it."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

from memecap.errors import MemecapError, ServiceError
from memecap.pictures.guard import FetchError
from memecap.pictures.safe_open import UnusablePictureError

#: every code there is; the page has a sentence for each in each of its languages
STATUS = {
    "bad_request": 400, "no_picture": 400, "bad_base64": 400, "unknown_model": 400, "unknown_decoding": 400,
    "too_many_models": 400, "url_invalid": 400, "url_not_public": 400, "unsafe_name": 400, "encrypted": 400,
    "token": 401, "foreign_page": 403, "urls_off": 403, "corrections_off": 403, "not_found": 404, "no_method": 405,
    "slow_upload": 408, "too_many_bytes": 413, "too_many_pixels": 413, "too_many_pictures": 413,
    "archive_too_large": 413, "not_a_picture": 415, "foreign_host": 421, "broken_picture": 422, "broken_archive": 422,
    "empty_correction": 422, "url_unreachable": 422, "url_refused": 422, "url_too_large": 413, "url_timeout": 422,
    "url_redirects": 422, "busy": 429, "internal": 500, "unavailable": 503, "loading": 503,
}  # fmt: skip


class Refused(Exception):
    """A request, or one picture of it, that is answered with a code instead of a caption."""

    def __init__(self, code: str, detail: str = "", *, retry_after_s: int | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.retry_after_s = code, detail, retry_after_s

    def __reduce__(self) -> tuple[type[Refused], tuple[str, str]]:
        return type(self), (self.code, self.detail)  # from the process that describes

    @property
    def status(self) -> int:
        return STATUS[self.code]

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "detail": self.detail}

    def response(self) -> JSONResponse:
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return JSONResponse({"error": self.to_json()}, self.status, headers)


def refusal(error: Exception) -> Refused:
    """What went wrong on the way to a caption, as a refusal; nothing of this machine's paths is told."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, UnusablePictureError | FetchError):
        return Refused(error.code, error.what)
    if isinstance(error, ServiceError):
        return Refused("unavailable", error.what)
    return Refused("bad_request", error.what) if isinstance(error, MemecapError) else Refused("internal")
