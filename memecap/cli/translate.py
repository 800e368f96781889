"""memecap translate: a corpus in English → the same corpus in Russian; a sample of it; the score of an engine."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.output import emit, tell
from memecap.core import manifest

if TYPE_CHECKING:
    from memecap.translation.base import Translator


@app.command(epilog="Example: memecap translate data/corpora/flickr30k --to data/corpora/flickr30k_ru --set beam=1")
def translate(
    source: Annotated[Path, typer.Argument(help="the folder of a corpus; a text file with --score")],
    to: Annotated[Path | None, typer.Option(help="output folder; CORPUS_ru when absent")] = None,
    engine: Annotated[
        str | None, typer.Option(help="marian when absent; `memecap parts translation` lists them")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="a setting of the engine, key=value; may be given again")
    ] = None,
    config_file: Annotated[
        Path | None, typer.Option("-c", "--config", help="YAML with the engine's settings, `name` among them")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="file of known translations; in the user's cache folder when absent")
    ] = None,
    splits: options.Splits = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="translate so many sentences, show them side by side, write nothing")
    ] = None,
    score: Annotated[
        Path | None, typer.Option(help="references, a text file or a corpus: print chrF2 and BLEU, write nothing")
    ] = None,
    on: options.Place = "here",
    limit: options.Limit = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Translate a corpus into Russian.

    Stopped at any moment, the same command goes on from there; no sentence is translated twice by the same engine.
    """
    from memecap.translation import translate_corpus

    translator = _translator(engine, config_file, settings or [])
    if score is not None:
        _score(source, score, translator, sample, as_json)
    elif sample is not None:
        _sample(source, translator, sample, as_json)
    else:
        out = to or source.with_name(f"{source.name}_ru")
        corpus = manifest.open_corpus(source).limited(limit)
        if dry_run:
            n = sum(corpus.counts[split] for split in splits or corpus.counts if split in corpus.counts)
            raise planned("translate", reads=[source], writes=[out], n=n, of="rows", as_json=as_json)
        summary = translate_corpus(corpus, translator, out, cache=cache, splits=splits, on=on)
        rejected = "".join(f"\n  {count} rejected: {reason}" for reason, count in summary.rejected.items())
        counted = f"{sum(summary.counts.values())} rows, {summary.captions} captions by {translator.version}"
        record = {"corpus": str(out), "translator": translator.version, **asdict(summary)}
        tell(record, f"{out}: {counted}{rejected}", as_json)


def _translator(engine: str | None, config_file: Path | None, settings: list[str]) -> Translator:
    from memecap.core import config

    name = engine or (config.read_yaml(config_file).get("name") if config_file else None) or "marian"
    chosen = options.part_settings("translation", name, [*settings, f"name={name}"], config_file)
    made: Translator = config.build("translation", chosen)
    return made


def _sample(source: Path, translator: Translator, n: int, as_json: bool) -> None:
    from memecap.translation.corpus.score import sample, sentences
    from memecap.translation.gate.gate import Gate

    drawn = [sentence for sentence, _ in sample(sentences(manifest.open_corpus(source)), n)]
    gate = Gate()
    for sentence, translation in zip(drawn, translator.translate(drawn), strict=True):
        reason = gate.reject(sentence, translation)
        record = {"source": sentence, "translation": translation, "rejected": reason}
        tell(record, _side_by_side(sentence, translation, f"✗ {reason}" if reason else ""), as_json)


def _score(source: Path, references: Path, translator: Translator, n: int | None, as_json: bool) -> None:
    from memecap.translation.corpus.score import referenced, sample, score

    pairs = referenced(source, references)
    result = score(sample(pairs, n) if n else pairs, translator)
    if as_json:
        emit({"translator": translator.version, **asdict(result)})
        return
    typer.echo(f"{translator.version}, {result.n} sentences")
    typer.echo(f"  chrF2 {result.chrf2:.1f}   {result.signatures['chrf2']}")
    typer.echo(f"  BLEU  {result.bleu:.1f}   {result.signatures['bleu']}")
    typer.echo(f"  the gate would reject {result.rejected}")


def _side_by_side(left: str, right: str, verdict: str) -> str:
    """Two texts in columns as wide as the terminal allows, and a verdict below."""
    width = max(20, (shutil.get_terminal_size((110, 24)).columns - 3) // 2)
    rows = zip_longest(textwrap.wrap(left, width), textwrap.wrap(right, width), fillvalue="")
    lines = [f"{source:{width}} │ {translation}".rstrip() for source, translation in rows]
    return "\n".join([*lines, *([f"{'':{width}} │ {verdict}"] if verdict else []), ""])
