"""memecap download: a list of addresses → their pictures, checked, each with its file or the reason it has none."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from memecap.cli import app, asking, options
from memecap.cli.dry_run import planned
from memecap.cli.output import tell
from memecap.core.progress import complain
from memecap.errors import UsageError


@app.command(epilog="Example: memecap download urls.txt --out data/raw/listed --rate 2 --takedown removed.txt")
def download(
    lists: Annotated[list[Path], typer.Argument(help="text with an address a line; .csv, .tsv, .jsonl with a column")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="folder of images/, originals/, pictures.jsonl, failed.txt")
    ] = Path("data/raw/listed"),
    column: Annotated[str, typer.Option(help="the column of addresses, in a table")] = "url",
    takedown: Annotated[
        Path | None,
        typer.Option(help="addresses, hosts, sha256 that are not wanted; takedown.txt of --out counts, too"),
    ] = None,
    retry_failed: Annotated[bool, typer.Option(help="ask again for what failed in an earlier run")] = True,
    retries: asking.Retries = None,
    timeout_s: asking.TimeoutS = None,
    backoff_s: asking.BackoffS = None,
    rate: asking.Rate = None,
    per_host: asking.PerHost = None,
    allow: asking.Allow = None,
    limit: Annotated[int | None, typer.Option(min=1, help="only the first so many addresses")] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Fetch the pictures of a list of addresses; the same command goes on, and asks again for what failed.

    A picture whose server says noindex, noai or noimageai (X-Robots-Tag) is not kept. Exit code 1 when some lack.
    """
    from memecap.scraping import listed

    urls = list(dict.fromkeys(url for file in lists for url in listed.addresses(file, column)))[:limit]
    if not urls:
        raise UsageError("no address there", where=", ".join(map(str, lists)), fix="Write an address a line.")
    config = asking.download_config(
        allow, retries=retries, deadline_s=timeout_s, backoff_s=backoff_s, rate=rate, per_host=per_host
    )
    if dry_run:
        raise planned("download", reads=lists, writes=[out], n=len(urls), of="addresses", as_json=as_json)
    done = listed.fetch_all(urls, out, config, takedown=takedown, retry_failed=retry_failed)
    told = f"{out}: {done.n_here} of {done.n_listed} pictures are here, {done.n_new} of them new"
    tell({"folder": str(out), **asdict(done)}, told, as_json)
    for reason, n in done.reasons.items():
        complain(f"  {n} not fetched: {reason}")
    if done.reasons:
        raise typer.Exit(1)
