"""Greedy search: the likeliest token at each step."""

from __future__ import annotations

from memecap.decoding.base import Search


class Greedy(Search):
    name: str = "greedy"
