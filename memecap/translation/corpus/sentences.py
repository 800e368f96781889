"""Sentences → their translations: from the cache where they are known, else from the engine, kept batch by batch.

What failed (nothing came back, or another language) is not kept, so that the same command asks for it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from memecap.errors import DataError
from memecap.text.clean import clean
from memecap.translation.base import Translator
from memecap.translation.corpus.cache import Cache
from memecap.translation.gate.gate import FAILURES, Gate

BATCH = 256  # sentences given to the engine at once and stored at once
ENOUGH = 256  # failures in a row from the start that no further one is paid for

Ask = Callable[[Iterable[Sequence[str]]], Iterator[list[str]]]  # batches of sentences → their translations


class Sentences:
    """The sentences of one job. `asked` counts those put to the engine."""

    def __init__(self, translator: Translator, known: Cache, gate: Gate, ask: Ask) -> None:
        self._translator, self._known, self._gate, self._ask = translator, known, gate, ask
        self.asked = 0
        self._answered = 0  # now or before

    def translate(self, sentences: Sequence[str], job: Callable[[], Iterable[Sequence[str]]]) -> dict[str, str]:
        """The translation of each; the engine is told first what the whole `job`, window by window, will ask of it."""
        translations = self._find(sentences)
        self._answered += len(translations)
        missing = sorted({s for s in sentences if s not in translations}, key=lambda s: (len(s), s))
        if missing and not self.asked:
            self._translator.prepare(self._unknown(job()))
        batches = [missing[start : start + BATCH] for start in range(0, len(missing), BATCH)]
        for batch, answers in zip(batches, self._ask(batches), strict=True):
            translations |= self._stored(_cleaned(dict(zip(batch, answers, strict=True))))
        return translations

    def _find(self, sentences: Iterable[str]) -> dict[str, str]:
        """The translations that are known; failures that an earlier version kept are none."""
        return self._answers(_cleaned(self._known.get(sentences)))

    def _stored(self, made: Mapping[str, str]) -> Mapping[str, str]:
        """A batch, once its translations are kept. Raises `DataError` once so many have failed and none has not."""
        answers = self._answers(made)
        self._known.put(answers)
        self.asked += len(made)
        self._answered += len(answers)
        if not self._answered and self.asked >= ENOUGH:
            source, answer = next(iter(made.items()))
            what = f"none of {self.asked} answers is a translation, {source[:80]!r} gave {answer[:80]!r}"
            raise nothing_translated(what, self._translator.version)
        return made

    def _answers(self, translations: Mapping[str, str]) -> dict[str, str]:
        """What the engine did translate, be it badly: worth keeping, since it would answer the same again."""
        return {s: t for s, t in translations.items() if self._gate.reject(s, t) not in FAILURES}

    def _unknown(self, windows: Iterable[Sequence[str]]) -> Iterator[str]:
        """Every sentence of the job that the cache does not know."""
        for sentences in windows:
            known = self._find(sentences)
            yield from dict.fromkeys(s for s in sentences if s not in known)


def _cleaned(translations: Mapping[str, str]) -> dict[str, str]:
    """Clean text, as every corpus holds it, on one line where the source is."""
    texts = ((source, clean(translation)) for source, translation in translations.items())
    return {source: text.strip() if "\n" in source else " ".join(text.split()) for source, text in texts}


def nothing_translated(what: str, where: str | Path) -> DataError:
    """What ends a job whose engine does not translate."""
    fix = "Check the engine, its model and endpoint (--sample 5 shows answers), then run the same command again."
    return DataError(what, where=where, fix=fix)
