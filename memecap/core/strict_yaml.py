"""YAML whose scalars mean what a Python programmer expects, in both directions.

PyYAML's own reading of YAML 1.1 has traps, each closed here: `1e-3` is a string, `no` is False, `012` is ten,
`1:30` is ninety, and the last of two equal keys wins.
"""

from __future__ import annotations

import re
from typing import Any

import yaml


def load(text: str) -> Any:
    """The value of a YAML text. Raises `yaml.YAMLError`, with the line where it is known."""
    return yaml.load(text, Loader=_StrictLoader)  # a SafeLoader: no tag makes an object


def dump(values: Any) -> str:
    """A YAML text that `load` reads back to equal values."""
    return yaml.dump(values, Dumper=_StrictDumper, allow_unicode=True, sort_keys=False, width=110)


class _StrictLoader(yaml.SafeLoader):
    """YAML whose scalars mean what a Python programmer expects, whose keys are unique, and that stands written out."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):  # ten of them can stand for 10^10 values, or for themselves
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias (*name): write its value out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice in one mapping", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _StrictDumper(yaml.SafeDumper):
    """Quotes whatever either kind of reader would take for something else than text."""


_LOOSE_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "timestamp", "value")}
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _LOOSE_TAGS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9]\d*)$"), list("-+0123456789"))
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.(?:inf|nan))$"),
    list("-+0123456789."),
)
_StrictDumper.yaml_implicit_resolvers = {
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *resolvers]
    for first, resolvers in {**yaml.SafeDumper.yaml_implicit_resolvers, **_StrictLoader.yaml_implicit_resolvers}.items()
}
