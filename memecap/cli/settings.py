"""Where a verb's options come from: flag > MEMECAP_<VERB>_<OPTION> > -c FILE > ./memecap.yaml > the user's > built in.

A file holds a mapping a verb (`caption: {model: output/memes_read}`, `corpus: {build: {on: workers}}`), and under
`every:` options of all verbs that have them. Options have their flags' names. The project's file may have come with
somebody's data: it cannot say whose code is run, or where a token goes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memecap.core.spelling import meant
from memecap.errors import ConfigError

PROJECT = Path("memecap.yaml")
EVERY = "every"
_OF_EVERY = {"quiet": "false", "progress": "auto"}  # options that every verb has
_NOT_OF_A_PROJECT = frozenset({"trust_code", "token", "api"})
_PARTS = frozenset({"reader", "engine", "encoder", "metric"})  # a dotted name among them is somebody's code


def user_file() -> Path:
    """`memecap/config.yaml` in the user's configuration folder, $XDG_CONFIG_HOME or ~/.config."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "memecap" / "config.yaml"


def options(command: Any) -> dict[str, Any]:
    """A verb's options and arguments by the names that they have in files."""
    return {
        _key(param): param
        for param in command.params
        if not getattr(param, "is_eager", False) and param.name not in ("help", "config_")
    }


def verbs(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every verb and group of verbs below a group, with its path."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from verbs(command, (*path, name))


def name_variables(group: Any) -> None:
    """Let every option be set by MEMECAP_<VERB>_<OPTION>, where it names no variable itself."""
    for path, command in verbs(group):
        for key, param in options(command).items():
            if param.param_type_name == "option" and param.envvar is None:
                param.envvar = "_".join(("MEMECAP", *path, key)).replace("-", "_").upper()
                param.show_envvar = False  # said once in the documents, not forty times in --help


def defaults(group: Any) -> dict[str, Any]:
    """What the user's file and the project's say, as click wants its defaults. Raises `ConfigError`."""
    found: dict[str, Any] = {}
    for file in (user_file(), PROJECT):
        if file.is_file():
            _merge(found, _told(group, _read(file), file))
    return found


def from_file(command: Any, file: Path) -> dict[str, Any]:
    """What `-c FILE` says of one verb. Raises `ConfigError`, `MissingFileError`."""
    return _values(options(command), _read(file), file)


def explain(group: Any) -> Iterator[tuple[str, Any, str]]:
    """Every option of every verb as (dotted key, value, where it comes from)."""
    name_variables(group)
    files = [(str(file), _told(group, _read(file), file)) for file in (PROJECT, user_file()) if file.is_file()]
    for path, command in verbs(group):
        for key, param in options(command).items():
            if param.param_type_name != "option":
                continue
            value, source = param.default, "default"
            for name, told in reversed(files):
                below: Any = told
                for step in path:
                    below = below.get(step, {})
                if param.name in below:
                    value, source = below[param.name], name
            if param.envvar and (said := os.environ.get(param.envvar)):
                value, source = said, param.envvar
            yield ".".join((*path, key)), value, source


def sample(group: Any) -> str:
    """A file of all options with their built-in values, each commented out."""
    lines = [
        "# Options of memecap for this folder. Before this file come flags, MEMECAP_<VERB>_<OPTION> and -c FILE; after",
        f"# it {user_file().name} of the user. `memecap config show` says what holds, and why.",
        "",
        f"# {EVERY}:  # verbs that have the option",
        "#   device: cpu",
        *(f"#   {key}: {built_in}" for key, built_in in _OF_EVERY.items()),
    ]
    for path, command in verbs(group):
        said = [(key, param) for key, param in options(command).items() if param.param_type_name == "option"]
        said = [(key, param) for key, param in said if key not in _OF_EVERY]
        if hasattr(command, "commands"):
            lines += ["", f"# {path[0]}:"]
            continue
        if not said:
            continue
        depth = "  " * len(path)
        lines += ["", f"# {path[0]}:"] if len(path) == 1 else [f"# {depth[2:]}{path[-1]}:"]
        lines += [
            f"#{depth} {key}: {_scalar(param.default)}  # {' '.join(str(param.help).split())}" for key, param in said
        ]
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    return json.dumps(value if value is None or isinstance(value, bool | int | float | list) else str(value))


def _key(param: Any) -> str:
    """The longest flag without its dashes; an argument's own name."""
    name: str = max(param.opts, key=len).lstrip("-") if param.param_type_name == "option" else param.name
    return name.replace("-", "_")


def _read(file: Path) -> dict[str, Any]:
    from memecap.core.config import read_yaml

    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else "?"
    if all(line.lstrip().startswith("#") or not line.strip() for line in text.splitlines()):
        return {}  # as `config init` leaves it
    return read_yaml(file)


def _told(group: Any, values: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """A whole file, verb by verb."""
    every = _mapping(values.get(EVERY) or {}, EVERY, file)
    known: dict[str, Any] = {}
    found = _below(group, {key: value for key, value in values.items() if key != EVERY}, file)
    for path, command in verbs(group):
        known |= options(command)
        if shared := {key: value for key, value in every.items() if key in options(command)}:
            place: dict[str, Any] = {}
            _put(place, path, _values(options(command), shared, file))
            found = _merge(place, found)
    if strange := every.keys() - known.keys():
        raise _unknown(sorted(strange)[0], known, f"{file}: {EVERY}")
    return found


def _below(group: Any, values: Mapping[str, Any], file: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, told in values.items():
        command = group.commands.get(name)
        if command is None:
            raise _unknown(name, group.commands, str(file))
        told = _mapping(told or {}, name, file)
        inner = getattr(command, "commands", {})
        found[name] = _values(options(command), {k: v for k, v in told.items() if k not in inner}, file)
        if inner:
            found[name] |= _below(command, {k: v for k, v in told.items() if k in inner}, file)
    return found


def _values(known: Mapping[str, Any], values: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Options by the names of their parameters, in the form that the command line would give them."""
    found = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in known:
            raise _unknown(key, known, str(file))
        if file == PROJECT and (name in _NOT_OF_A_PROJECT or (name in _PARTS and "." in str(value))):
            what = f"`{key}` cannot be set for a whole folder, whose files may be somebody else's"
            raise ConfigError(what, where=file, fix=f"Say it on the command line, or in {user_file()}.")
        if value is not None:
            found[known[name].name] = _form(known[name], value)
    return found


def _form(param: Any, value: Any) -> Any:
    if isinstance(value, dict):
        value = [f"{key}={json.dumps(each, ensure_ascii=False)}" for key, each in value.items()]
    several = getattr(param, "multiple", False) or param.nargs != 1
    if several:
        return [str(each) for each in (value if isinstance(value, list) else [value])]
    return value if isinstance(value, bool) else str(value)


def _mapping(value: Any, name: str, file: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"`{name}` holds no options", where=file, fix=f"Write `{name}: {{model: template}}`.")
    return value


def _unknown(name: str, known: Mapping[str, Any], where: str) -> ConfigError:
    fix = f"{meant(name, known)}There are: {', '.join(known)}."
    return ConfigError(f"unknown key `{name}`", where=where, fix=fix)


def _put(place: dict[str, Any], path: tuple[str, ...], values: dict[str, Any]) -> None:
    for step in path[:-1]:
        place = place.setdefault(step, {})
    place.setdefault(path[-1], {}).update(values)


def _merge(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`under`, changed: what stands in `over` holds."""
    for key, value in over.items():
        held = under.get(key)
        under[key] = _merge(held, value) if isinstance(held, dict) and isinstance(value, Mapping) else value
    return under
