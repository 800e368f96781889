"""A search → the sampling settings of a chat completion; temperature and top_p always, or a server takes its own."""

from __future__ import annotations

from typing import Any

from memecap.decoding.base import Search
from memecap.decoding.greedy import Greedy
from memecap.decoding.nucleus import Nucleus
from memecap.errors import UsageError

_NOT_SENT = {"repetition_penalty": 1.0, "no_repeat_ngram": 0, "min_new_tokens": 0, "top_k": 0}


def sampling_of(search: Search, *, limit_key: str = "max_tokens") -> dict[str, Any]:
    """The keys of a request. Raises `UsageError` for what the interface cannot say."""
    if type(search) not in (Greedy, Nucleus):
        fix = "Use greedy, nucleus, or mbr, which chooses among nucleus samples."
        raise UsageError(f"an endpoint cannot decode by {search.name}", where="decoding", fix=fix)
    for key, unused in _NOT_SENT.items():
        if getattr(search, key, unused) != unused:
            fix = f"Leave it out; if your server knows it, say so: extra: {{{key}: {getattr(search, key)}}}."
            raise UsageError(f"the interface of endpoints has no {key}", where="decoding", fix=fix)
    if isinstance(search, Nucleus):
        drawn = {"temperature": search.temperature, "top_p": search.top_p, "seed": search.seed}
        return {**drawn, "n": search.n_candidates, limit_key: search.max_new_tokens}
    return {"temperature": 0.0, "top_p": 1.0, "n": 1, limit_key: search.max_new_tokens}
