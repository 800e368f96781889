"""How hard servers of pictures are asked: options that `scrape` and `download` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memecap.errors import UsageError

if TYPE_CHECKING:
    from memecap.scraping.download import DownloadConfig

Retries = Annotated[
    int | None, typer.Option(min=0, help="further attempts after a failure that may pass; by its reason when not given")
]
TimeoutS = Annotated[float | None, typer.Option("--timeout", help="seconds for one attempt  [default: 60]")]
BackoffS = Annotated[float | None, typer.Option("--backoff", help="seconds before the second attempt  [default: 0.5]")]
Rate = Annotated[float | None, typer.Option(help="requests a second to one host; no limit when not given")]
Allow = Annotated[
    list[str] | None, typer.Option(help="an address or network that pictures may come from though it is private")
]
PerHost = Annotated[int | None, typer.Option(min=1, help="at most so many at once to one host  [default: 32]")]


def download_config(allow: Sequence[str] | None = None, **given: Any) -> DownloadConfig:
    """The settings with what was given; the rest is as built in.

    Raises:
        ConfigError: a value is out of bounds.
        UsageError: what is allowed is no address and no network.
    """
    from ipaddress import ip_network

    from memecap.core import config
    from memecap.scraping.download import DownloadConfig

    values = {key: value for key, value in given.items() if value is not None}
    try:
        values["allowed"] = tuple(ip_network(one) for one in allow or ())
    except ValueError as error:
        raise UsageError(str(error), where="--allow", fix="Such as 10.1.2.3 or 198.18.0.0/15.") from error
    return config.validate(DownloadConfig, values, where="flags")
