"""The command line: one small module a verb. Data goes to stdout, progress and messages to stderr."""

from __future__ import annotations

import sys

import typer

from memecap.errors import MemecapError
from memecap.terminal import plain

app = typer.Typer(
    name="memecap",
    help="Describe Russian memes: scrape, translate, train, measure, caption.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def main() -> None:
    """The entry point: run a verb, and turn our errors into messages and exit codes."""
    import memecap.cli._verbs  # noqa: F401  (each verb adds itself to `app`)

    try:
        app(standalone_mode=True)
    except MemecapError as error:
        sys.stderr.write(plain(f"error: {error}\n", keep="\n"))
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on from here\n")
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
