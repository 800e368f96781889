"""memecap doctor: is everything here that memecap needs?"""

from __future__ import annotations

from dataclasses import asdict

import typer

from memecap.cli import app, options
from memecap.cli.output import tell


@app.command(epilog="Example: memecap doctor")
def doctor(as_json: options.Json = False) -> None:
    """Say what is installed, what is missing and how to get it. Exit code 69 when something needed is missing."""
    from memecap.core.installation import requirements

    found, lines = list(requirements()), []
    for one in found:
        mark = "ok" if one.ok else ("MISSING" if one.needed else "-")
        lines.append(f"{mark:8}{one.name:14}{one.found}{f'   → {one.fix}' if not one.ok else ''}")
    tell([asdict(one) for one in found], "\n".join(lines), as_json)
    raise typer.Exit(69 if any(one.needed and not one.ok for one in found) else 0)
