"""Part: what a file of a family defines, made from its settings and nothing else."""

from __future__ import annotations

from abc import ABC
from typing import Generic

from typing_extensions import TypeVar

from memecap.core.config import PartConfig

C = TypeVar("C", bound=PartConfig, covariant=True, default=PartConfig)


class Part(ABC, Generic[C]):
    """`class Bleu(Part[BleuConfig]): Config = BleuConfig` keeps its settings as `config`, and the types know which."""

    Config: type[C]

    def __init__(self, config: C | None = None) -> None:
        self.config = self.Config() if config is None else config
