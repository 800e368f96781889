"""memecap scrape: VK communities → posts.jsonl and pictures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from memecap.cli import app, asking, options
from memecap.cli.output import emit, tell
from memecap.errors import UsageError

if TYPE_CHECKING:
    from memecap.scraping.estimate import Estimate
    from memecap.scraping.scrape import ScrapeSummary
    from memecap.scraping.vk import Vk

EXAMPLE = "Example: memecap scrape textmeme https://vk.com/badtextmeme --max-posts 500 --out data/raw/memes"


@app.command(epilog=EXAMPLE)
def scrape(
    communities: Annotated[list[str] | None, typer.Argument(help="names, numbers or links of communities")] = None,
    out: Annotated[Path, typer.Option(help="folder of posts.jsonl, images/, originals/, raw/")] = Path("data/raw/vk"),
    since: Annotated[str, typer.Option(help="no posts before this date, YYYY-MM-DD")] = "",
    until: Annotated[str, typer.Option(help="no posts after this date, YYYY-MM-DD")] = "",
    max_posts: Annotated[
        int | None, typer.Option("--max-posts", "--limit", min=1, help="the newest of each community")
    ] = None,
    replay: Annotated[list[Path] | None, typer.Option(help="parse this saved answer again; no network")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say how many posts, pictures and minutes")] = False,
    ads: Annotated[bool, typer.Option("--ads", help="fetch the pictures of advertisements too")] = False,
    previews: Annotated[bool, typer.Option("--previews", help="fetch previews of links and videos too")] = False,
    captcha_sid: Annotated[str, typer.Option(help="number of the captcha that stopped the run before")] = "",
    captcha_key: Annotated[str, typer.Option(help="the letters on its picture")] = "",
    captcha_token: Annotated[str, typer.Option(help="in place of both: the success_token of VK's page")] = "",
    api: Annotated[str, typer.Option(envvar="MEMECAP_VK_API", help="another address in place of api.vk.ru")] = "",
    allow: asking.Allow = None,
    retries: asking.Retries = None,
    timeout_s: asking.TimeoutS = None,
    backoff_s: asking.BackoffS = None,
    rate: asking.Rate = None,
    per_host: asking.PerHost = None,
    as_json: options.Json = False,
) -> None:
    """Read the walls of VK communities and fetch their pictures; the same command goes on after a stop.

    A wall that cannot be read is left out with its reason, the others are finished; exit code 1 then.

    The token (user or service) comes from VK_TOKEN, or from the file (mode 0600) that MEMECAP_VK_TOKEN_FILE names.
    """
    from memecap.scraping import scrape as scraping
    from memecap.scraping.estimate import estimate

    if replay:
        _say(scraping.replay([*replay, *map(Path, communities or ())], out), out, as_json=as_json)
        return
    if not communities:
        raise UsageError("no community", where="memecap scrape", fix=EXAMPLE)
    vk = _vk(api, _captcha(captcha_sid, captcha_key, captcha_token))
    selection = scraping.Selection(
        since=_seconds(since, "since"),
        until=_seconds(until, "until", end=True),
        max_posts=max_posts,
        ads=ads,
        previews=previews,
    )
    if dry_run:
        _say_estimates(estimate(communities, vk, selection), as_json=as_json)
    else:
        hard = asking.download_config(
            allow, retries=retries, deadline_s=timeout_s, backoff_s=backoff_s, rate=rate, per_host=per_host
        )
        _say(scraping.scrape(communities, out, vk, selection=selection, config=hard), out, as_json=as_json)


def _vk(address: str, captcha: dict[str, str]) -> Vk:
    import time

    from memecap.scraping.limits import Limits, default_path
    from memecap.scraping.vk import Vk, read_token

    token = read_token()
    return Vk(token, limits=Limits(default_path(), time, token=token), address=address, captcha=captcha)


def _say(summary: ScrapeSummary, out: Path, *, as_json: bool) -> None:
    """What was fetched; exit code 1 when something was not."""
    if as_json:
        emit({**asdict(summary), "folder": str(out)})
    else:
        typer.echo(f"{out}: {summary.n_posts} posts ({summary.n_new_posts} new), {summary.n_fetched} pictures")
        for reason, n in summary.reasons.items():
            typer.echo(f"  {n} not fetched: {reason}", err=True)
    if summary.reasons or summary.skipped:
        raise typer.Exit(1)


def _captcha(sid: str, key: str, token: str) -> dict[str, str]:
    """VK's parameters for an answered captcha."""
    if bool(sid) != bool(key):
        fix = "Give both: the error that stopped the run names the number."
        raise UsageError("a captcha's number and letters belong together", where="--captcha-sid --captcha-key", fix=fix)
    given = {"captcha_sid": sid, "captcha_key": key, "success_token": token}
    return {name: value for name, value in given.items() if value}


def _say_estimates(estimates: list[Estimate], *, as_json: bool) -> NoReturn:
    """What the walls hold; exit code 1 when some cannot be read."""
    for wall in estimates:
        days = f" over {wall.days} days" if wall.days > 1 else ""
        held = f"about {wall.posts} posts, {wall.pictures} pictures"
        costs = f"{wall.calls} calls of VK, {wall.minutes:g} minutes{days}"
        told = f"cannot be read, {wall.reason}" if wall.reason else f"{held}, {costs}"
        tell(asdict(wall), f"{wall.wall}: {told}", as_json)
    raise typer.Exit(int(any(wall.reason for wall in estimates)))


def _seconds(date: str, flag: str, *, end: bool = False) -> int | None:
    """Midnight UTC of a date (its last second with `end`), in seconds since 1970."""
    if not date:
        return None
    try:
        moment = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError:
        raise UsageError(f"{date!r} is not a date", where=f"--{flag}", fix="Write YYYY-MM-DD.") from None
    return int((moment + timedelta(days=1, seconds=-1) if end else moment).timestamp())
