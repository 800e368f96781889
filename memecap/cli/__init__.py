"""The command line: one small module a verb. Data goes to stdout, progress and messages to stderr."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from memecap import __version__
from memecap.cli import everywhere, settings
from memecap.core import progress
from memecap.errors import EXIT_CODES, MemecapError


class Terminated(KeyboardInterrupt):
    """SIGTERM: what is cleaned up after Ctrl-C is cleaned up after this."""


class _Verbs(TyperGroup):
    """The verbs. Ctrl-C and a closed pipe end here: typer would turn them into exit codes of its own, silently."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        with _stopping():
            progress.as_usual()
            settings.name_variables(self)
            return super().make_context(info_name, args, parent, default_map=settings.defaults(self), **extra)

    def invoke(self, ctx: Any) -> Any:
        with _stopping():
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # while a closed pipe can still be answered


app = everywhere.Verbs(
    name="memecap",
    cls=_Verbs,
    epilog="Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help is shown as it is written: Markdown would swallow <corpus>, rich [default]
)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def memecap(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="print it and stop")
    ] = False,
    quiet: everywhere.Quiet = False,
    shown: everywhere.ProgressMode = None,
) -> None:
    """Describe Russian memes: scrape, translate, train, measure, caption."""


def main() -> None:
    """The entry point: run a verb, and turn our errors into messages and exit codes."""
    if sys.argv[1:] == ["--version"]:  # an answer that waits for no import
        sys.stdout.write(f"{__version__}\n")
        return
    with _stopping():
        signal.signal(signal.SIGTERM, _terminate)
        import sqlite3

        import memecap.cli.verbs  # noqa: F401  (each verb adds itself to `app`)
        from memecap.core import storage

        if "_MEMECAP_COMPLETE" in os.environ:  # the shell asks: `memecap completion`
            from typer.completion import completion_init  # type: ignore[attr-defined]

            completion_init()
        try:
            app(standalone_mode=True, prog_name="memecap")
        except MemecapError as error:
            _fail(error)
        except (OSError, sqlite3.Error) as error:  # a disk that fails is the user's business wherever it shows
            if not storage.is_of_disk(error):
                raise
            _fail(storage.unwritable(error, getattr(error, "filename", None)))


@contextmanager
def _stopping() -> Iterator[None]:
    """A command that is stopped from outside says what to do next and ends as a shell expects: 128 + the signal."""
    try:
        yield
    except KeyboardInterrupt as stop:
        sys.stderr.write("interrupted; the same command goes on from here\n")
        number = signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT
        raise SystemExit(128 + number) from None
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python fails when it flushes at its end
        raise SystemExit(0) from None


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def _fail(error: MemecapError) -> None:
    facts = {"what": error.what, "where": error.where, "fix": error.fix, "exit_code": error.exit_code}
    progress.fail(str(error), **facts)
    raise SystemExit(error.exit_code) from None
