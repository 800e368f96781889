"""memecap models: which pretrained models memecap knows, and one of them for offline use."""

from __future__ import annotations

from typing import Annotated

import typer

from memecap.cli import app, options
from memecap.cli.dry_run import planned
from memecap.cli.everywhere import Verbs
from memecap.cli.output import tell

models = Verbs(help="Pretrained models: what they are, and one of them on this disk.", invoke_without_command=True)
app.add_typer(models, name="models")


@models.callback(epilog="Example: memecap models --json · memecap models fetch qwen3-vl-2b")
def list_models(context: typer.Context, as_json: options.Json = False) -> None:
    """List the models: licence, size of the files, memory of the weights, revision, and what was measured here.

    Sizes are arithmetic, bytes a parameter. A revision is `main` where no commit of the model was seen, and a licence
    is recalled where its page was not read: read it before you use the model.
    """
    if context.invoked_subcommand is not None:
        return
    from memecap.core.known_models import KNOWN

    lines = []
    for model in KNOWN.values():
        size = "size unknown" if model.gigabytes is None else f"≈ {model.gigabytes:.1f} GB"
        memory = "" if model.memory is None else f", ≈ {model.memory:.1f} GB of memory in {model.precision}"
        licence = model.licence + (", recalled" if not model.was_read else "") + (", gated" if model.gated else "")
        lines += [
            f"{model.name:22}{model.id}@{model.revision}",
            f"{'':22}{model.what}; {licence}; {size}{memory}",
            f"{'':22}{'; '.join(filter(None, (model.remark, model.measured, model.used_by)))}",
        ]
    tell([model.to_json() for model in KNOWN.values()], "\n".join(lines), as_json)


@models.command(epilog="Example: memecap models fetch qwen3-vl-2b")
def fetch(
    name: Annotated[str, typer.Argument(help="a name of `memecap models`, or a Hub id: owner/name")],
    revision: Annotated[
        str | None, typer.Option(help="commit, tag or branch; what the list says when not given")
    ] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Bring a model's files into the cache of the Hub, from where every command finds them offline; prints where."""
    from memecap.core import hub, known_models

    model = known_models.find(name)
    if dry_run:
        of = "files or patterns of files" if model.files else "model"
        asked = [f"{model.id}@{revision or model.revision}", *(other for other, _ in model.beside)]
        raise planned("models fetch", reads=asked, n=len(model.files) or 1, of=of, as_json=as_json)
    folder = hub.fetch(model.id, model.files, revision=revision or model.revision)
    others = [str(hub.fetch(other, [file]) / file) for other, file in model.beside]
    record = {"name": model.name, "id": model.id, "folder": str(folder), "licence": model.licence, "beside": others}
    tell(record, "\n".join([str(folder), *others]), as_json)
