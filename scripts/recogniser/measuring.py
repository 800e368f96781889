"""How well lines are read: edits a character and words read right, by the exported network and by Tesseract."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import onnxruntime
import torch

from memecap.reading.recognisers import ours
from memecap.reading.recognisers.beam import Letters, search
from recogniser.alphabet import ALPHABET, written
from recogniser.learning import distance, greedy
from recogniser.stock import Batch, Grey

Held = Sequence[tuple[Grey, str]]


def figures(read: Callable[[Sequence[Grey]], list[str]], held: Held) -> dict[str, float]:
    """Edits a character, the same without capitals, the share of words found, and lines a second."""
    started = time.monotonic()
    texts = [written(text) for text in read([line for line, _ in held])]
    seconds = time.monotonic() - started
    letters = sum(len(text) for _, text in held)
    pairs = [(own, text) for own, (_, text) in zip(texts, held, strict=True)]
    found = sum(sum((_words(own) & _words(text)).values()) for own, text in pairs)
    return {
        "lines": len(held),
        "character_error": round(sum(distance(own, text) for own, text in pairs) / letters, 4),
        "character_error_any_case": round(sum(distance(_low(own), _low(text)) for own, text in pairs) / letters, 4),
        "words_found": round(found / sum(_words(text).total() for _, text in pairs), 4),
        "lines_a_second": round(len(held) / seconds, 1),
    }


def _low(text: str) -> str:
    return text.lower().replace("ё", "е")


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", _low(text)))


def by_network(path: Path, letters: Letters | None = None) -> Callable[[Sequence[Grey]], list[str]]:
    """Readings by an exported network on one thread: column after column, or the best text with the letters."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    characters = ["", *ALPHABET]

    def read_one(line: Grey) -> str:
        batch = Batch.of([line], [""])
        (scores,) = session.run(None, {"lines": batch.lines.numpy()})
        own = scores[0, : int(batch.columns[0])]
        if letters is not None:
            return search(own, characters, letters, width=ours.WIDTH, weight=ours.WEIGHT, gain=ours.GAIN)
        return greedy(torch.from_numpy(own.argmax(-1)))

    return lambda lines: [read_one(line) for line in lines]


def by_tesseract(lines: Sequence[Grey]) -> list[str]:
    """Readings by Tesseract in its line mode, of lines three times as large with a margin, as it likes them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{place:05d}.png" for place in range(len(lines))]
        for path, line in zip(paths, lines, strict=True):
            large = cv2.resize(line, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(path), cv2.copyMakeBorder(large, 10, 10, 10, 10, cv2.BORDER_REPLICATE))
        names = Path(folder) / "names.txt"
        names.write_text("\n".join(map(str, paths)), encoding="utf-8")
        command = ["tesseract", str(names), "stdout", "-l", "rus+eng", "--psm", "7"]
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [page.strip() for page in said.split("\f")[: len(lines)]]
