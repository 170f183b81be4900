"""What may stand in a block of settings: its keys, which of them are needed, and what their values may be.

Knows how blocks are judged; which there are stands in `step_blocks`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Any

from mlopsportal.specs.checks.context import Report, joined, suggestion
from mlopsportal.specs.checks.shape import is_whole

_CAPITAL = (re.compile("(.)([A-Z][a-z]+)"), re.compile("([a-z0-9])([A-Z])"))


class Plain(Enum):
    """A plain value, by what azure-ai-ml reads it as; the value is what a person calls it."""

    TEXT = "a text"
    WHOLE = "a whole number"
    NUMBER = "a number"


@dataclass(frozen=True)
class Word:
    """One of some words, in small letters or capitals; `camel` also takes `UserIdentity` for `user_identity`."""

    words: frozenset[str]
    camel: bool = False
    exact: bool = False

    def takes(self, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if self.exact:
            return value in self.words
        text = value
        for capital in _CAPITAL if self.camel else ():
            text = capital.sub(r"\1_\2", text)
        return text.lower() in self.words


@dataclass(frozen=True)
class Block:
    """A mapping of these keys; None stands for any value. Other keys are refused; in a component they are ignored."""

    keys: Mapping[str, Item | None]
    needed: tuple[str, ...] = ()
    is_strict: bool = True


@dataclass(frozen=True)
class Kinds:
    """One of some blocks, told apart by their `type`; one that fits the `default` may leave it out.

    `short` takes the word of the type alone instead of a block.
    """

    blocks: Mapping[str, Block]
    camel: bool = True
    short: bool = False
    default: str = ""
    type: Word = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", Word(frozenset(self.blocks), camel=self.camel))


@dataclass(frozen=True)
class Each:
    """A mapping of any names to things of one sort; None stands for any value."""

    item: Item | None


Item = Plain | Word | Block | Kinds | Each


def words(text: str, *, camel: bool = False, exact: bool = False) -> Word:
    """Return the words of a text that are separated by blanks."""
    return Word(frozenset(text.split()), camel, exact)


def check_item(value: Any, item: Item | None, path: str, report: Report) -> None:
    """Report what azure-ai-ml refuses in a value. A binding may stand for any of it, and so may nothing."""
    if item is None or value is None or (isinstance(value, str) and "${{" in value):
        return
    if isinstance(item, Plain):
        _check_plain(value, item, path, report)
    elif isinstance(item, Word):
        _check_word(value, item, path, report)
    elif isinstance(item, Kinds) and item.short and isinstance(value, str):
        _check_word(value, item.type, path, report)
    elif not isinstance(value, Mapping):
        message = f"`{_last(path)}` must be a mapping."
        report.add("value-type", path, message, "Write `key: value` on a line of its own for each setting below it.")
    elif isinstance(item, Block):
        _check_block(value, item, path, report)
    elif isinstance(item, Kinds):
        _check_kinds(value, item, path, report)
    else:
        for name, inner in value.items():
            check_item(inner, item.item, joined(path, name), report)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _check_plain(value: Any, item: Plain, path: str, report: Report) -> None:
    if item is Plain.TEXT:
        fits, example = isinstance(value, str), f"'{value}'" if isinstance(value, int | float) else "a text"
        fix = (
            f"Write `{_last(path)}: {example}`, in quotes." if isinstance(value, int | float) else "Write it as a text."
        )
    else:
        fits = is_whole(value) if item is Plain.WHOLE else _is_number(value)
        fix = f"Write {item.value}, without a unit."
    if not fits:
        message = f"`{_last(path)}` must be {item.value} and is `{str(value)[:80]}`."
        report.add("value-type", path, message, fix)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return (
            re.fullmatch(r"\s*[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})(e[+-]?\d{1,3})?\s*", value, re.I) is not None
        )
    return isinstance(value, int | float)


def _check_word(value: Any, item: Word, path: str, report: Report) -> None:
    if not item.takes(value):
        message = f"`{_last(path)}` cannot be `{str(value)[:80]}`: Azure ML refuses the word."
        report.add("word-unknown", path, message, suggestion(str(value).lower(), item.words))


def _check_block(value: Mapping[str, Any], block: Block, path: str, report: Report) -> None:
    for key, inner in value.items():
        if key in block.keys:
            check_item(inner, block.keys[key], joined(path, key), report)
        else:
            code, does = ("key-unknown", "refuses") if block.is_strict else ("key-ignored", "ignores")
            message = f"The key `{key}` is unknown in `{_last(path)}`; Azure ML {does} it."
            report.add(code, joined(path, key), message, suggestion(key, block.keys))
    check_needed(value, block.needed, path, f"`{_last(path)}`", report)


def check_needed(value: Mapping[str, Any], needed: tuple[str, ...], path: str, what: str, report: Report) -> None:
    """Report every key that azure-ai-ml wants and that is not there, unless it is only misspelt."""
    for key in needed:
        if value.get(key) is None:
            others = [other for other in value if other not in needed]
            near = get_close_matches(key, [other[:100] for other in others[:200]], n=1, cutoff=0.8)
            fix = f"Write `{key}` for `{near[0]}`." if near else f"Add `{key}:`."
            report.add("key-missing", joined(path, key), f"Azure ML wants `{key}` in {what}.", fix)


def _check_kinds(value: Mapping[str, Any], item: Kinds, path: str, report: Report) -> None:
    declared = value.get("type")
    if declared is None and item.default and value.keys() <= item.blocks[item.default].keys.keys():
        declared = item.default
    if declared is None:
        message = f"`{_last(path)}` has no type."
        report.add(
            "key-missing", joined(path, "type"), message, f"Add `type:`, one of: {', '.join(sorted(item.blocks))}."
        )
        return
    if not item.type.takes(declared):
        _check_word(declared, item.type, joined(path, "type"), report)
        return
    block = next(block for name, block in item.blocks.items() if Word(frozenset({name}), item.camel).takes(declared))
    _check_block({key: inner for key, inner in value.items() if key != "type"}, block, path, report)
