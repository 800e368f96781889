"""YAML files, environment and flags → frozen pydantic models, with every mistake named at once.

Precedence: a flag's override > `MEMECAP_*` > the file > the built-in default (`explain` shows where each came from).
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, SerializeAsAny, ValidationError, model_validator

from memecap.core import registry, strict_yaml
from memecap.errors import ConfigError, MissingFileError

Model = TypeVar("Model", bound=BaseModel)
Source = Literal["flag", "environment", "file", "default"]
ENVIRONMENT_PREFIX = "MEMECAP_"


#: keys of YAML files and checkpoints from before → the same keys today
RENAMED = {
    "least_confidence": "min_confidence",
    "least_alike": "min_similarity",
    "lose_lines": "line_dropout",
}


class Frozen(BaseModel):
    """A model that refuses unknown keys and does not change after it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _rename(cls, values: Any) -> Any:
        """Old keys are read; one that stands beside its new name is refused as unknown."""
        if not isinstance(values, Mapping) or not RENAMED.keys() & values.keys():
            return values
        new = {old: key for old, key in RENAMED.items() if key in cls.model_fields and key not in values}
        return {new.get(key, key): value for key, value in values.items()}


class PartConfig(Frozen):
    """The settings of one part; `name` is its file's name, or a dotted path."""

    operational: ClassVar[frozenset[str]] = frozenset()  # settings that change no result: they may differ on a resume
    describes_untaught: ClassVar[bool] = False  # of a captioner that learns: is it of use before it has learnt?

    name: str = ""


def configure(family: str, value: Any) -> PartConfig:
    """A part's settings from its name, a mapping with a `name`, or ready settings.

    Raises `UnknownPartError`, or `ValueError` without a name: pydantic turns it into a message with the key's place.
    """
    if isinstance(value, PartConfig):
        return value
    settings = {"name": value} if isinstance(value, str) else value
    if not isinstance(settings, Mapping) or "name" not in settings:
        raise ValueError(f"expected a name or a mapping with `name`, one of: {', '.join(registry.names(family))}")
    part = registry.load(family, str(settings["name"]))
    model: type[PartConfig] = part if issubclass(part, PartConfig) else part.Config  # a search is its own settings
    return model.model_validate(dict(settings))


def build(family: str, value: Any) -> Any:
    """Construct a part from its settings (anything `configure` takes)."""
    config = configure(family, value)
    return registry.load(family, config.name)(config)


CaptionerConfig = Annotated[SerializeAsAny[PartConfig], BeforeValidator(partial(configure, "captioners"))]
EncoderConfig = Annotated[SerializeAsAny[PartConfig], BeforeValidator(partial(configure, "encoders"))]
ReaderConfig = Annotated[SerializeAsAny[PartConfig], BeforeValidator(partial(configure, "reading"))]
TranslatorConfig = Annotated[SerializeAsAny[PartConfig], BeforeValidator(partial(configure, "translation"))]
MetricSettings = Annotated[SerializeAsAny[PartConfig], BeforeValidator(partial(configure, "metrics"))]


def load(
    model: type[Model],
    path: Path | None = None,
    overrides: Sequence[str] = (),
    *,
    defaults: Mapping[str, Any] | None = None,
) -> Model:
    """Read a model from a YAML file, `MEMECAP_*` variables and `key.path=value` overrides.

    Raises `ConfigError` of all mistakes at once, each with its key, and `MissingFileError`.
    """
    values, _ = _gather(path, overrides, defaults or {})
    return validate(model, values, where=path or "overrides")


def explain(
    model: type[BaseModel], path: Path | None = None, overrides: Sequence[str] = ()
) -> list[tuple[str, Any, Source]]:
    """Every leaf of the resolved settings as (key, value, where it came from)."""
    values, sources = _gather(path, overrides, {})
    resolved = validate(model, values, where=path or "overrides").model_dump(mode="json")
    return [(key, value, _source(key, sources)) for key, value in leaves(resolved)]


def validate(model: type[Model], values: Mapping[str, Any], *, where: str | Path) -> Model:
    """`model.model_validate` whose errors a person can act on."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        fix = "Correct the keys named above; `memecap config show FILE` prints every key with its value."
        raise ConfigError("; ".join(map(_say, error.errors())), where=where, fix=fix) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping, read strictly. Raises `ConfigError` with the line of a mistake."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingFileError("no such configuration file", where=path, fix="Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"not a file of UTF-8 text: {error}", where=path, fix="Check the path.") from error
    try:
        values = strict_yaml.load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise ConfigError(str(error.problem), where=place, fix="Correct the YAML on that line.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(str(error).splitlines()[0], where=path, fix="Remove the odd characters.") from error
    if not isinstance(values, dict):
        raise ConfigError("expected a mapping of keys to values", where=path, fix="Write `key: value` lines.")
    return values


def to_yaml(config: BaseModel) -> str:
    """The model as YAML that `load` reads back to an equal model."""
    return strict_yaml.dump(config.model_dump(mode="json"))


def _gather(
    path: Path | None, overrides: Sequence[str], defaults: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Source]]:
    values: dict[str, Any] = deepcopy(dict(defaults))
    sources: dict[str, Source] = {}
    if path is not None:
        values.update(read_yaml(path))
        sources.update({key: "file" for key, _ in leaves(values)})
    for name, text in sorted(os.environ.items()):
        if name.startswith(ENVIRONMENT_PREFIX) and "__" in name:
            key = name.removeprefix(ENVIRONMENT_PREFIX).strip("_").lower().replace("__", ".")
            _put(values, key, _scalar(text), where=name)
            sources[key] = "environment"
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise ConfigError("an override is written key=value", where=override, fix="For example stages.0.lr=1e-4")
        _put(values, key, _scalar(text), where=override)
        sources[key] = "flag"
    return values, sources


def _put(values: Any, key: str, value: Any, *, where: str) -> None:
    *path, last = key.split(".")
    for step in path:
        if isinstance(values, list) and step.isdigit() and int(step) < len(values):
            values = values[int(step)]
        elif isinstance(values, dict):
            if isinstance(values.get(step), str):  # `encoder: resnet` grows into a mapping with that name
                values[step] = {"name": values[step]}
            values = values.setdefault(step, {})
        else:
            fix = "Check the path."
            raise ConfigError(f"no place for the key {key!r}: {step!r} is not there", where=where, fix=fix)
    if isinstance(values, list) and last.isdigit() and int(last) < len(values):
        values[int(last)] = value
    elif isinstance(values, dict):
        values[last] = value
    else:
        raise ConfigError(f"no place for the key {key!r}", where=where, fix="Check the path.")


def _scalar(text: str) -> Any:
    try:
        return strict_yaml.load(text)
    except yaml.YAMLError:
        return text


def leaves(values: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Every leaf of nested settings as (dotted key, value), in their order."""
    if isinstance(values, Mapping) and values:
        return [leaf for key, value in values.items() for leaf in leaves(value, f"{prefix}{key}.")]
    if isinstance(values, list) and any(isinstance(value, Mapping) for value in values):
        return [leaf for i, value in enumerate(values) for leaf in leaves(value, f"{prefix}{i}.")]
    return [(prefix.removesuffix("."), values)]


def _source(key: str, sources: Mapping[str, Source]) -> Source:
    """`encoder: resnet` gives `encoder.name` and leaves the encoder's other keys as they are by default."""
    *path, last = key.split(".")
    old = next((before for before, after in RENAMED.items() if after == last), last)
    return sources.get(key) or sources.get(".".join([*path, old])) or sources.get(key.removesuffix(".name"), "default")


def _say(problem: Any) -> str:
    place = ".".join(str(step) for step in problem["loc"])
    if problem["type"] == "extra_forbidden":
        key = str(problem["loc"][-1])  # which another part may have
        close = [one for one in difflib.get_close_matches(key, _known_keys(), n=2, cutoff=0.7) if one != key]
        return f"unknown key `{place}`" + (f" (did you mean `{close[0]}`?)" if close else "")
    if problem["type"] == "missing":
        return f"the key `{place}` is missing"
    came = repr(problem.get("input"))
    return f"`{place}`: {problem['msg']} (got {came if len(came) <= 80 else came[:77] + '...'})"


def _known_keys(model: type[BaseModel] = Frozen) -> set[str]:
    """The field names of every settings model that has been imported: enough to suggest a spelling."""
    return set(model.model_fields).union(*map(_known_keys, model.__subclasses__()))
