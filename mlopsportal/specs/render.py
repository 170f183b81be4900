"""A plain value as the YAML a person would write; `parse` gives the same value back. Knows no Azure ML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from mlopsportal.specs.scalars import BadNumber, scalar_of

_WIDTH = 100


def yaml_of(document: Mapping[str, Any]) -> str:
    """Return the document as YAML, block style, keys in the order given; the same document gives the same text."""
    return yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, and no anchors: a reader must see each value where it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """Escape what cannot be seen or turns the direction of the text, which PyYAML takes for printable."""
        allowed, self.allow_unicode = self.allow_unicode, text.isprintable()
        super().write_double_quoted(text, split)
        self.allow_unicode = allowed


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))


def _style(value: str) -> str | None:
    """Choose how a text is written: in a block, in quotes where it would be read as something else, else plainly."""
    printable = all(character.isprintable() or character == "\n" for character in value)
    if not printable:
        return '"'  # escapes what cannot be seen
    if "\n" in value:
        return "|"
    return None if _is_plain(value) else "'"


def _is_plain(value: str) -> bool:
    if not value:
        return False
    try:
        return scalar_of(value) == (value, "")
    except BadNumber:
        return False


_Dumper.add_representer(str, _text)
