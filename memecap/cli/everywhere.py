"""What every verb takes: `-q`, `--progress` and `-c FILE`; said here once, and added to each verb as it is declared."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from memecap.cli import settings
from memecap.core import progress


def _be_quiet(context: typer.Context, value: bool) -> None:
    if value and not context.resilient_parsing:
        context.with_resource(progress.showing(quiet=True))


def _show(context: typer.Context, value: str | None) -> None:
    if value and not context.resilient_parsing:
        context.with_resource(progress.showing(value))


def _configure(context: typer.Context, value: Path | None) -> None:
    if value and not context.resilient_parsing:
        context.default_map = {**(context.default_map or {}), **settings.from_file(context.command, value)}


def _modes(incomplete: str) -> list[str]:
    return [mode for mode in progress.MODES if mode.startswith(incomplete)]


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="a YAML with options of this verb, and its arguments; flags win over it",
        callback=_configure,
        is_eager=True,  # before the options that it speaks of
        expose_value=False,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        envvar="MEMECAP_QUIET",
        help="no messages and no progress; failures are still said",
        callback=_be_quiet,
        expose_value=False,
        show_default=False,
    ),
]
ProgressMode = Annotated[
    str | None,
    typer.Option(
        "--progress",
        envvar="MEMECAP_PROGRESS",
        help="auto (a bar at a terminal), plain, json (an object a line, on stderr), none",
        callback=_show,
        autocompletion=_modes,
        expose_value=False,
    ),
]
_ADDED = {"config": (Config, None), "quiet": (Quiet, False), "progress": (ProgressMode, None)}


class Verbs(typer.Typer):
    """A Typer whose verbs take these options, too."""

    def command(self, name: str | None = None, **given: Any) -> Callable[[Any], Any]:
        register = super().command(name, **given)

        def taking(function: Callable[..., Any]) -> Callable[..., Any]:
            register(everywhere(function))
            return function

        return taking


def everywhere(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a verb as typer should see it. A verb that has a `--config` of its own keeps that alone."""
    hints = get_type_hints(function, include_extras=True)
    own = [each.replace(annotation=hints[each.name]) for each in inspect.signature(function).parameters.values()]
    taken = {"config" if each.name == "config_file" else each.name for each in own}
    added = [
        inspect.Parameter(f"{name}_", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _ADDED.items()
        if name not in taken
    ]

    @wraps(function)
    def verb(**values: Any) -> Any:
        return function(**{name: values[name] for name in hints.keys() & values.keys()})

    verb.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
    verb.__annotations__ = hints | {each.name: each.annotation for each in added}
    return verb
