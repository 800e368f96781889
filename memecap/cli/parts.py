"""memecap parts: which captioners, encoders, corpora, readers, translators and metrics there are."""

from __future__ import annotations

from typing import Annotated

import typer

from memecap.cli import app, options
from memecap.cli.output import tell
from memecap.core import registry


@app.command(epilog="Example: memecap parts captioners encoders")
def parts(
    families: Annotated[
        list[str] | None, typer.Argument(help="captioners, encoders, corpora, … ; all when none")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List the parts by family, each with the first line of its documentation."""
    chosen = families or list(registry.FAMILIES)
    table = {family: {name: registry.summary(family, name) for name in registry.names(family)} for family in chosen}
    lines = []
    for family, summaries in table.items():
        lines += [family, *(f"  {name:16} {summary}" for name, summary in summaries.items())]
    tell(table, "\n".join(lines), as_json)
