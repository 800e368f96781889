"""Before a run: everything that it needs and does not find, at once, each with the command that makes it.

In: the settings and the run folder. Out: `Check`s; nothing is written, fetched or trained (estimate.py has the costs).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from memecap.captioners.base import Captioner
from memecap.core import config as configuration
from memecap.core import hub, manifest, registry
from memecap.errors import DataError, MemecapError, MissingFileError
from memecap.memory.own import load_own
from memecap.reading.stored import readings
from memecap.text import navec
from memecap.training import estimate
from memecap.training.config import StageConfig, TrainConfig
from memecap.training.datasets import open_corpora
from memecap.training.estimate import Check, disk
from memecap.training.folder import RunFolder
from memecap.training.initialize import initialize

TRANSLATED = ("opus", "ru")  # endings of the names of translated corpora


def check(config: TrainConfig, out: Path) -> list[Check]:
    """Models, corpora with their pictures and readings, then what the run costs, if all of it is there."""
    found = [*_models(config), *_extras(config), *_corpora(config)]
    if changed := RunFolder(out).changes(config):
        begun = f"begun with other settings: {'; '.join(changed)}"
        found.insert(0, Check(str(out), begun, "choose another --out", DataError.exit_code))
    if any(one.exit_code for one in found):
        return [*found, Check("time, memory", "not known before the above is here", exit_code=None), disk(0, out)]
    return [*found, *_costs(config, out)]


def _models(config: TrainConfig) -> Iterator[Check]:
    """Folders and Hub ids that the settings name."""
    for key, model in configuration.leaves(config.model_dump(include={"captioner", "start_from", "val_metrics"})):
        if model is None or key.split(".")[-1] not in ("model", "start_from"):
            continue
        if hub.is_here(model):
            yield Check(model, "here")
        elif hub.is_path(model):
            yield Check(model, "no such model folder", f"--set {key}=FOLDER", 74)
        elif hub.answers(model):
            yield Check(model, "not here yet; the Hub has it, and the run fetches it", f"hf download {model}")
        else:
            fix = f"hf download {model}    where there is a network; or --set {key}=FOLDER"
            yield Check(model, "not in the cache, and the Hub does not give it", fix, 74)


def _extras(config: TrainConfig) -> Iterator[Check]:
    """What a plain installation of memecap lacks, and these settings ask for."""
    encoder, embeddings = (getattr(config.captioner, key, None) for key in ("encoder", "embeddings"))
    if encoder is not None and encoder.name == "timm" and find_spec("timm") is None:
        yield Check("timm", "not installed", "pip install 'memecap[timm]'", 74)
    if embeddings is not None and embeddings.navec:
        try:
            path = embeddings.navec_file or navec.bundled()
        except MissingFileError as error:
            yield Check("navec", error.what, "pip install 'memecap[navec]'", 74)
            return
        there = path.exists()
        fix = "" if there else "--set captioner.embeddings.navec_file=FILE"
        yield Check(str(path), "here" if there else "no such navec file", fix, 0 if there else 74)


def _corpora(config: TrainConfig) -> Iterator[Check]:
    """Every corpus of every stage once, with all that is asked of it."""
    wanted: dict[Path, list[StageConfig]] = {}
    for stage in config.stages:
        for mixed in stage.corpora:
            wanted.setdefault(mixed.folder(config.data_folder), []).append(stage)
    for shown in (getattr(config.captioner, key, None) for key in ("retrieval", "few_shot")):
        for folder in shown.corpora if shown else ():
            wanted.setdefault(folder, [])
    kind = registry.load("captioners", config.captioner.name)
    sees = getattr(config.captioner, "encoder", None) is not None or kind.look is not Captioner.look
    for folder, stages in wanted.items():
        try:
            yield from _corpus(folder, stages, sees=sees and not all(stage.text_only for stage in stages))
        except MemecapError as error:
            yield Check(str(folder), error.what, _command(folder, stages), error.exit_code)


def _corpus(folder: Path, stages: list[StageConfig], *, sees: bool) -> Iterator[Check]:
    corpus = manifest.open_corpus(folder)
    rows = {split: list(estimate.usable(corpus, split, sees=sees)) for split in ("train", "val")}
    counted = f"{len(rows['train']):,} train rows, {len(rows['val']):,} val"
    if not rows["train"]:
        what = f"no train row with {'a picture' if sees else 'captions'}"
        fix = "build it again with --set images=FOLDER, or set text_only: true" if sees else "take another corpus"
        yield Check(str(folder), what, fix, DataError.exit_code)
    elif unread := _unread(folder, stages, [*rows["train"], *rows["val"]]):
        yield Check(str(folder), f"{counted}; {unread}", f"memecap read {folder}", DataError.exit_code)
    elif any(stage.recollections for stage in stages) and any(row.file_name for row in rows["train"]):
        n_known = sum(map(bool, load_own(corpus, "train").values()))
        yield Check(str(folder), f"{counted}; {n_known:,} of its pictures are remembered")
    else:
        yield Check(str(folder), counted)


def _unread(folder: Path, stages: list[StageConfig], rows: list[manifest.Row]) -> str:
    """What is missing where a stage demands readings; empty where nothing is."""
    demanding = [stage.name for stage in stages if stage.readings and not stage.simulate_reading]
    stored = readings.load_readings(folder) if demanding else {}
    n_unread = sum(row.image_id not in stored for row in rows) if demanding else 0
    return f"{n_unread:,} have no stored reading, and stage {demanding[0]} demands them" if n_unread else ""


def _command(folder: Path, stages: list[StageConfig]) -> str:
    """What makes a corpus that is not there, as its name tells."""
    base, _, ending = folder.name.rpartition("_")
    source = folder.parent / base
    if base and ending in TRANSLATED:
        steps = [] if (source / manifest.MANIFEST).exists() else [_build(source)]
        steps.append(f"memecap translate {source} --to {folder}")
    else:
        steps = [_build(folder)]
    if any(stage.readings for stage in stages):
        steps.append(f"memecap read {folder}")
    if any(stage.recollections for stage in stages):
        steps.append(f"memecap memory build {folder} --split train --out data/memory")
        steps.append(f"memecap memory find data/memory {folder}")
    return " && ".join(steps)


def _build(folder: Path) -> str:
    kind = folder.name if folder.name in registry.names("corpora") else "KIND"
    return f"memecap corpus build {kind} SOURCE --out {folder}"


def _costs(config: TrainConfig, out: Path) -> Iterator[Check]:
    """The captioner is built as the run would build it, so whatever stands in its way is found here."""
    corpora = open_corpora(config)
    try:
        yield from estimate.costs(initialize(config, corpora), config, corpora, out)
    except MemecapError as error:
        yield Check("captioner", f"{error.what} ({error.where})", error.fix or "", error.exit_code)


def missing(checks: list[Check]) -> int:
    """The exit code: 0 when nothing is missing, 65 when data is not as it should be, 74 when something is not there."""
    codes = [one.exit_code for one in checks if one.exit_code]
    if not codes:
        return 0
    return MissingFileError.exit_code if max(codes) > DataError.exit_code else DataError.exit_code
