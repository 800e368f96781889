"""What to do about each error VK answers with: one table from its code to an action.

Source: VK API schema 5.199 (`errors.json`) and its documentation of `wall.get`.
"""

from __future__ import annotations

from enum import Enum

from memecap.errors import AuthError, MemecapError, ServiceError, TryLaterError, UsageError


class Action(Enum):
    RETRY = "back off with jitter and call again, a bounded number of times"
    SLOW_DOWN = "call more slowly"
    PAUSE = "rest for long, then go on or stop resumable"
    HALVE = "the answer is too big: ask for half of it"
    STOP = "stop with the state saved; the same command goes on later"
    CAPTCHA = "show the link, stop with the state saved"
    TOKEN = "the token is at fault"
    SKIP = "this community cannot be read: go on with the next"
    USAGE = "the call or the community's name is wrong"
    FAIL = "not known: stop and say what VK said"


_CODES = {
    Action.RETRY: (1, 10, 36, 43),
    Action.SLOW_DOWN: (6,),
    Action.PAUSE: (9,),
    Action.HALVE: (13,),
    Action.STOP: (29,),
    Action.CAPTCHA: (14,),
    Action.TOKEN: (5, 17, 27, 28, 1117),
    Action.SKIP: (15, 18, 19, 30, 203),
    Action.USAGE: (8, 100, 113, 125),
}
ACTIONS = {code: action for action, codes in _CODES.items() for code in codes}

GO_ON = "What was read is saved: run the same command again later."
_TOKEN_FIXES = {
    5: "The token is not valid (any more): get a new user or service token.",
    17: "VK wants the account confirmed: open the link in a browser, then get a new user token.",
    27: "A community token does not read walls: use a user or a service token.",
    28: "A service token cannot make this call: use a user token.",
    1117: "The token has expired: get a new user or service token.",
}


class SkipWall(MemecapError):
    """A community that cannot be read (closed, banned, deleted); the others can."""


#: the error that an action ends in, and what can be done about it
_WAIT = (TryLaterError, "Wait an hour and run the same command again.")
_ENDS: dict[Action, tuple[type[MemecapError], str]] = {
    Action.SKIP: (SkipWall, "The community is closed, banned or deleted; it was left out."),
    Action.USAGE: (UsageError, "Check the community's name or number."),
    Action.STOP: (TryLaterError, "The daily limit of this method is used up; run the same command again in 24 hours."),
    Action.PAUSE: _WAIT,
    Action.SLOW_DOWN: _WAIT,
}


def action_of(code: int) -> Action:
    return ACTIONS.get(code, Action.FAIL)


def error_of(code: int, message: str, *, where: str, link: str = "", captcha_sid: str = "") -> MemecapError:
    """The error that a code ends in once nothing more can be done about it. `message` holds no token."""
    said = f"VK error {code}: {message}"
    action = action_of(code)
    if action is Action.TOKEN:
        return AuthError(said, where=where, fix=_TOKEN_FIXES[code] + (f" Link: {link}" if link else ""))
    if action is Action.CAPTCHA:
        return TryLaterError(said, where=where, fix=_captcha_fix(link, captcha_sid))
    kind, fix = _ENDS.get(action, (ServiceError, GO_ON))
    return kind(said, where=where, fix=fix)


def _captcha_fix(link: str, sid: str) -> str:
    """A picture's letters are given with its number; the page that VK opens since 2025 gives a `success_token`."""
    if sid and "captcha.php" in link:
        return f"Open {link} in a browser; run the same command again with --captcha-sid {sid} --captcha-key LETTERS."
    return (
        f"Pass the check at {link or 'https://vk.com'} in a browser; run the same command again, with"
        " --captcha-token TOKEN if the page shows a success_token."
    )
