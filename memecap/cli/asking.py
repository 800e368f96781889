"""How hard servers of pictures are asked: options that `scrape` and `download` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from memecap.scraping.download import DownloadConfig

Retries = Annotated[
    int | None, typer.Option(min=0, help="further attempts after a failure that may pass; by its reason when not given")
]
TimeoutS = Annotated[float | None, typer.Option("--timeout", help="seconds for one attempt  [default: 60]")]
BackoffS = Annotated[float | None, typer.Option("--backoff", help="seconds before the second attempt  [default: 0.5]")]
Rate = Annotated[float | None, typer.Option(help="requests a second to one host; no limit when not given")]
PerHost = Annotated[int | None, typer.Option(min=1, help="at most so many at once to one host  [default: 32]")]


def download_config(**given: Any) -> DownloadConfig:
    """The settings with what was given; the rest is as built in. Raises `ConfigError`."""
    from memecap.core import config
    from memecap.scraping.download import DownloadConfig

    return config.validate(
        DownloadConfig, {key: value for key, value in given.items() if value is not None}, where="flags"
    )
