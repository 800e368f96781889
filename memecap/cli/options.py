"""Options that several verbs share, each said once, and what they are turned into."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memecap.errors import UsageError

if TYPE_CHECKING:
    from memecap.core.config import PartConfig
    from memecap.decoding.base import Search

Model = Annotated[
    str, typer.Argument(help="checkpoint or run folder, Hub id, template, or a YAML of what needs no training")
]
Revision = Annotated[
    str | None, typer.Option(help="commit, branch or tag of a Hub id; anywhere else a model is named: id@revision")
]
Corpus = Annotated[Path, typer.Argument(help="the folder of a corpus")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="key=value, such as stages.0.lr=1e-4")]

ReaderName = Annotated[
    str, typer.Option("--reader", help="who reads the text: a name of `memecap parts reading`, or none")
]
ReaderSettings = Annotated[list[str] | None, typer.Option("--reader-set", help="a setting of the reader, key=value")]
MemoryFolder = Annotated[
    Path | None,
    typer.Option(
        "--memory",
        envvar="MEMECAP_MEMORY",
        help="the folder of a memory (`memecap memory`): captions use what was said of the same picture before",
    ),
]
Decoding = Annotated[
    str | None, typer.Option(help="greedy, beam, nucleus or mbr; the captioner's own choice when not given")
]
DecodingSettings = Annotated[
    list[str] | None,
    typer.Option("--set", help="a setting of the decodings that have it: width=5, top_p=0.9, max_new_tokens=96"),
]
Rank = Annotated[
    list[str] | None,
    typer.Option(help="order candidates by log_probability, picture, reading, consensus; or a sum: reading=2"),
]
Judge = Annotated[
    str | None,
    typer.Option(help="for --rank picture: ruclip, or clip=MODEL with a folder or Hub id; else the model's own"),
]
PrecisionName = Annotated[str, typer.Option("--precision", help="fp32, or bf16: faster, some captions differ")]
StyleName = Annotated[
    str, typer.Option("--style", help="plain, or alt: sentences for a screen reader, «quotes», doubt put into words")
]
Language = Annotated[str, typer.Option("--lang", help="language of the page: ru or en")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, mps; the best there is when not given")]
BatchSize = Annotated[int, typer.Option(min=1, help="pictures taken together")]
TrustCode = Annotated[
    bool, typer.Option("--trust-code", help="import the modules outside memecap that the checkpoint names")
]
Resamples = Annotated[int, typer.Option(min=100, help="resamples of bootstrap and randomisation")]
Splits = Annotated[list[str] | None, typer.Option("--split", help="only this split; may be given again")]
HERE = "here"
Place = Annotated[str, typer.Option("--on", help="where it runs: here, workers, workers:N, ray, ray://host:port")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="only the first so many, of each split")]
FromFile = Annotated[Path | None, typer.Option("--from-file", help="a file with a picture a line, path or address; -")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="check all that is named, say what would be done, do nothing")]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]
JsonLines = Annotated[bool, typer.Option("--json", help="JSON on stdout, an object a line")]


def part_settings(
    family: str, given: str | Mapping[str, Any], options: list[str] | None = None, file: Path | None = None
) -> PartConfig:
    """A part's settings from its name or a mapping with one, a file, and `key=value` options over both.

    Raises `UnknownPartError`, or `ConfigError` at an option, or a key of the file, that it has not.
    """
    from memecap.core import config, registry

    defaults = {"name": given} if isinstance(given, str) else given
    settings: type[PartConfig] = registry.load(family, defaults["name"]).Config
    return config.load(settings, file, options or (), defaults=defaults)


def reader_settings(name: str, options: list[str] | None) -> PartConfig | str | None:
    """A reader's settings; None for `none`; `stored`, where it is asked for, stays a word."""
    if name not in ("none", "stored"):
        return part_settings("reading", name, options)
    if options:
        raise UsageError("a setting belongs to a reader", where="--reader-set", fix="Name one with --reader.")
    return None if name == "none" else name


def pinned(model: str, revision: str | None) -> str:
    """The model at that revision, where one is named. Raises `UsageError`."""
    from memecap.core import hub

    return hub.pin(model, revision)


def search(name: str | None, settings: list[str] | None) -> Search | None:
    """A search by its name and `key=value` settings; None without a name. Raises `UsageError`."""
    from memecap.decoding.base import choose

    return choose(name, settings or ())
