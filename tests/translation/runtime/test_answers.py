"""What language models and their servers really answer, over HTTP: read, or refused and not kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import KEY, Reply, Server, asked, completion, llm

from memecap.core import manifest
from memecap.core.manifest import Corpus, Row
from memecap.errors import DataError
from memecap.translation import translate_corpus

RUSSIAN = {"a cat on a roof": "кот на крыше", "two dogs run": "бегут две собаки", "a bear": "медведь"}
Wild = Callable[[dict[str, str]], str]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    made = Server()
    yield made
    made.close()


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    rows = [
        Row(captions=(text,), image_id=text, group_id=text, corpus="c", split="train", language="en")
        for text in RUSSIAN
    ]
    return manifest.finish(tmp_path / "en", "c", manifest.write_rows(tmp_path / "en", rows))


def translated(numbered: dict[str, str]) -> dict[str, str]:
    return {number: RUSSIAN[text] for number, text in numbered.items()}


def captions(folder: Path) -> set[str]:
    return {caption for row in manifest.open_corpus(folder).rows("train") for caption in row.captions}


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


READ: dict[str, Wild] = {
    "a list": lambda n: as_json(list(translated(n).values())),
    "a list of objects": lambda n: as_json([{i: text} for i, text in translated(n).items()]),
    "a list of records": lambda n: as_json([{"id": int(i), "translation": text} for i, text in translated(n).items()]),
    "records with their source": lambda n: as_json([{"number": i, "ru": text} for i, text in translated(n).items()]),
    "a wrapper": lambda n: as_json({"translations": translated(n)}),
    "a list in a wrapper": lambda n: as_json({"result": {"translations": list(translated(n).values())}}),
    "objects as values": lambda n: as_json({i: {"translation": text} for i, text in translated(n).items()}),
    "thinking first": lambda n: f'<think>\nIs it {{"1": "черновик"}}? No.\n</think>\n\n{as_json(translated(n))}',
    "thinking without its beginning": lambda n: f'Draft: {{"1": "черновик"}}\n</think>\n{as_json(translated(n))}',
    "two thoughts": lambda n: f'<think>a</think>{{"1": "черновик"}}<think>b</think>{as_json(translated(n))}',
    "thinking in brackets": lambda n: f'[THINK]{{"1": "черновик"}}[/THINK]{as_json(translated(n))}',
    "channels": lambda n: (
        f'<|channel|>analysis<|message|>{{"1": "черновик"}}<|end|><|start|>assistant<|channel|>final<|message|>'
        f"{as_json(translated(n))}<|return|>"
    ),
    "a fence": lambda n: f"```json\n{json.dumps(translated(n), indent=2)}\n```",
    "an echo, then the answer": lambda n: f"You sent {as_json(n)}. Here you go: {as_json(translated(n))} (in {{ru}})",
    "a comma too many": lambda n: as_json(translated(n))[:-1] + ",}",
    "a line feed inside": lambda n: as_json(translated(n)).replace(" на ", " \n на "),
}


@pytest.mark.parametrize("form", READ)
def test_an_answer_is_read_whatever_stands_around_it(server: Server, corpus: Corpus, tmp_path: Path, form: str) -> None:
    server.reply = lambda _, body: completion(READ[form](asked(body)))
    translate_corpus(corpus, llm(server), tmp_path / "ru", cache=tmp_path / "c.sqlite")
    assert {" ".join(caption.split()) for caption in captions(tmp_path / "ru")} == set(RUSSIAN.values())
    assert len(server.requests) == 1


def test_an_answer_in_parts_is_read(server: Server, corpus: Corpus, tmp_path: Path) -> None:
    def reply(_: int, body: dict[str, Any]) -> Reply:
        parts = [{"type": "text", "text": as_json(translated(asked(body)))}]
        return 200, {}, as_json({"choices": [{"message": {"content": parts}}]})

    server.reply = reply
    translate_corpus(corpus, llm(server), tmp_path / "ru", cache=tmp_path / "c.sqlite")
    assert captions(tmp_path / "ru") == set(RUSSIAN.values())


def message(**said: object) -> Reply:
    return 200, {}, as_json({"choices": [{"message": {"role": "assistant", **said}}]})


FAILED: dict[str, Callable[[dict[str, str]], Reply]] = {
    "nothing": lambda _: message(content=""),
    "null": lambda _: message(content=None, refusal="I'm sorry, I can't help with that."),
    "thought and said nothing": lambda n: message(content=None, reasoning_content=as_json(translated(n))),
    "thought without end": lambda n: message(content=f"<think>so {as_json(translated(n))}"),
    "a refusal": lambda _: message(content="I'm sorry, but I cannot assist with that."),
    "a refusal inside": lambda n: message(content=as_json(dict.fromkeys(n, "Извините, я не могу помочь с этим."))),
    "empty strings": lambda n: message(content=as_json(dict.fromkeys(n, " "))),
    "numbers": lambda n: message(content=as_json(dict.fromkeys(n, 7))),
    "English again": lambda n: message(content=as_json(n)),
    "a list too short": lambda n: message(content=as_json(list(translated(n).values())[1:])),
    "nested for ever": lambda _: message(content="[" * 3000),
    "nested deeply": lambda _: message(content="[" * 800 + "]" * 800),
}


@pytest.mark.parametrize("form", FAILED)
def test_a_failed_answer_is_bad_data_and_is_not_kept(server: Server, corpus: Corpus, tmp_path: Path, form: str) -> None:
    out, cache = tmp_path / "ru", tmp_path / "c.sqlite"
    server.reply = lambda _, body: FAILED[form](asked(body))
    with pytest.raises(DataError) as caught:
        translate_corpus(corpus, llm(server), out, cache=cache)
    assert caught.value.exit_code == 65 and len(server.requests) <= 2
    with sqlite3.connect(cache) as connection:
        assert connection.execute("SELECT count(*) FROM translations").fetchone() == (0,)
    connection.close()
    server.reply = lambda _, body: completion(as_json(translated(asked(body))))  # mended
    translate_corpus(corpus, llm(server), out, cache=cache)
    assert captions(out) == set(RUSSIAN.values())


def test_an_answer_that_breaks_off_gives_what_is_whole(server: Server) -> None:
    def reply(number: int, body: dict[str, Any]) -> Reply:
        whole = as_json(translated(asked(body)))
        return completion(whole[: whole.index("собаки") + 3] if number == 1 else whole)

    server.reply = reply
    assert llm(server).translate(list(RUSSIAN)) == list(RUSSIAN.values())
    assert asked(server.requests[1]) == {"2": "two dogs run", "3": "a bear"}


def test_quotes_that_nobody_escaped_cut_no_caption(server: Server) -> None:
    server.reply = lambda *_: completion('{"1": "знак "Стоп", "2": "и кот", "3": "пёс"}')
    assert llm(server).translate(["a", "b", "c"])[0] == ""


def test_half_an_emoji_is_left_out(server: Server) -> None:
    server.reply = lambda *_: completion('{"1": "кот \\ud83d сидит \\ud83d\\ude00"}')
    assert llm(server).translate(["a cat"]) == ["кот  сидит 😀"]


def test_a_sorry_of_the_caption_is_translated(server: Server) -> None:
    server.reply = lambda *_: completion('{"1": "Извините, я не могу"}')
    assert llm(server).translate(["sorry, I can't"]) == ["Извините, я не могу"]
