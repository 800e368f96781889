"""Secrets: what must not be read in a message or a file, in whatever form a server's answer repeats it."""

from __future__ import annotations

import base64
import os
import re

from memecap.errors import AuthError

# What a server may repeat of our headers besides the key as we know it: masked, cut or encoded.
_CREDENTIAL = re.compile(r"""(\b(?:bearer|basic)\s+|authorization["']?\s*[:=]\s*["']?)[^\s"'<>,]{8,}""", re.IGNORECASE)
_HIDDEN = "[key]"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


class Secrets:
    """Some secrets, hidden in any text; empty ones are none."""

    def __init__(self, *secrets: str) -> None:
        """Each however a body may write it: escaped as in JSON or a URL, sign by sign; in base64; whole."""
        forms = [
            form
            for secret in sorted(filter(None, secrets), key=len, reverse=True)
            for form in (
                "".join(sign if sign.isalnum() else _escaped(sign) for sign in secret),
                re.escape(base64.b64encode(secret.encode()).decode()),
            )
        ]
        self._pattern = re.compile("|".join(forms) or r"(?!)", re.IGNORECASE)

    def hide(self, text: str) -> str:
        """The text without them; hide before you cut it, so that no half of a key stays."""
        return _CREDENTIAL.sub(rf"\1{_HIDDEN}", self._pattern.sub(_HIDDEN, text))


def key_of(variable: str) -> str:
    """The key that an environment variable holds; none for no variable.

    Raises `AuthError` where it is not set, and, without repeating it, where it is no such name: it may be the key.
    """
    if variable and not _VARIABLE.fullmatch(variable):
        fix = "Export the key in a variable such as OPENAI_API_KEY, and write that name."
        raise AuthError("not the name of an environment variable", where="key_variable", fix=fix)
    key = os.environ.get(variable, "").strip() if variable else ""
    if variable and not key:
        fix = "Export the key in that variable, or set key_variable (empty for a server without keys)."
        raise AuthError("no key for the endpoint", where=f"${variable}", fix=fix)
    return key


def _escaped(sign: str) -> str:
    return rf"(?:\\?{re.escape(sign)}|%{ord(sign):02x}|\\u{ord(sign):04x}|&#{ord(sign)};)"
