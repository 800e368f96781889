"""Translator: sentences in one language → sentences in another, in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from memecap.core.config import PartConfig


class Translator(ABC):
    """An engine that translates. The cache, the order of work and the quality gate are the caller's.

    It keeps its settings as `config`, from which another process can build the same engine.
    """

    Config: type[PartConfig] = PartConfig

    @property
    @abstractmethod
    def version(self) -> str:
        """Engine, model, revision and the parameters that change the result: the key of the cache."""

    @abstractmethod
    def translate(self, sentences: Sequence[str]) -> list[str]:
        """One translation for each sentence; an engine that fails on one of them leaves it empty.

        Raises:
            ServiceError: the model or the service is not there.
            TryLaterError: the work cannot go on now; the same call will do later.
        """

    def prepare(self, sentences: Iterable[str]) -> None:  # noqa: B027  (most engines have nothing to prepare)
        """Told once, before the first batch of a long job, what is to be translated.

        An engine may say here what it will cost, or ask for what it needs.
        """
