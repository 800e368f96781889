"""memecap completion: the script that lets a shell complete verbs, options and names."""

from __future__ import annotations

from typing import Annotated

import typer

from memecap.cli import app
from memecap.core.spelling import choose

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_MEMECAP_COMPLETE"


@app.command(epilog="Example: memecap completion bash > ~/.local/share/bash-completion/completions/memecap")
def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish", autocompletion=lambda: list(SHELLS))],
) -> None:
    """Print a script of completion for a shell.

    Zsh: into a file `_memecap` of a folder in $fpath; fish: into ~/.config/fish/completions/memecap.fish. It asks
    memecap itself what is possible, so it need not be written again when memecap changes.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    chosen = choose(shell, SHELLS, "shell", where="memecap completion")
    typer.echo(get_completion_script(prog_name="memecap", complete_var=VARIABLE, shell=chosen))
