"""YAML text to plain values with the place of every key; knows nothing of Azure ML, trusts no text.

The text is read as a stream of events from PyYAML's C parser and built up here without recursion, so that
every limit holds before an object is made: size, depth, number of values, length of a word. What two readers
could understand in two ways is refused (duplicate keys, tags, merge keys, several documents) or kept as text
(dates, base-60 numbers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml

from mlopsportal.specs.problems import Problem, Severity
from mlopsportal.specs.scalars import DATE, BadNumber, scalar_of

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 50_000
MAX_SCALAR = 64 * 1024
MAX_PROBLEMS = 100

Position = tuple[int, int]
"""Line and column, both counted from 1."""

_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class EventLoader(yaml.CSafeLoader):
    """PyYAML's C parser, used for its events only: it never makes an object from a tag."""


@dataclass(frozen=True)
class Parsed:
    """What came of a text: the value (None when it could not be read) and the problems found on the way."""

    text: str
    value: Any  # plain JSON values: dict with str keys, list, str, int, float, bool, None
    problems: tuple[Problem, ...]
    positions: dict[str, Position] = field(default_factory=dict, repr=False, compare=False)
    sources: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    dates: dict[str, str] = field(default_factory=dict, repr=False, compare=False)  # unquoted ones, by their path

    def where(self, path: str) -> Position | None:
        """Return line and column of a key path ("jobs.train.inputs.x", "a[0].b"); None when there is no such key."""
        return self.positions.get(path)

    def nearest(self, path: str) -> Position | None:
        """Return the place of the path, or of the closest thing above it that exists."""
        while path and path not in self.positions:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.positions.get(path)

    def source(self, path: str) -> str | None:
        """Return the text of an unquoted number or boolean as it was written ("1.10", "yes")."""
        return self.sources.get(path)


class _Refused(Exception):
    """Reading stops here: the text is beyond a limit or says something that is not allowed."""

    def __init__(self, code: str, message: str, fix: str, mark: Any = None, path: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.fix, self.mark, self.path = code, message, fix, mark, path


def parse(text: str | bytes) -> Parsed:
    """Read one YAML document. Never raises: everything wrong with the text is a problem with its place."""
    if len(text) > MAX_BYTES:
        return _unreadable("", "yaml-too-large", f"The file is larger than {MAX_BYTES} bytes.", "Split it.")
    if isinstance(text, bytes):
        try:
            return _parse_text(text.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            return _not_utf8(text, error)
    return _parse_text(text)


def _parse_text(text: str) -> Parsed:
    surrogate = _SURROGATE.search(text)
    if surrogate:
        place = place_at(text, surrogate.start())
        message = "The text holds half of a surrogate pair, which is no character."
        return _unreadable(ascii(text), "yaml-not-text", message, "Remove it.", place)
    if len(text.encode()) > MAX_BYTES:
        return _unreadable("", "yaml-too-large", f"The file is larger than {MAX_BYTES} bytes.", "Split it.")
    return _read(text.removeprefix("\ufeff"))


def _read(text: str) -> Parsed:
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=EventLoader):
            builder.take(event)
        builder.finish()
    except _Refused as refusal:
        builder.problem(refusal.code, refusal.path, _position(refusal.mark), refusal.message, refusal.fix)
        builder.root = None
    except yaml.reader.ReaderError as error:
        builder.problem("yaml-not-text", "", place_at(text, error.position), *_reader_message(error))
        builder.root = None
    except yaml.MarkedYAMLError as error:
        builder.problem("yaml-syntax", "", _position(error.problem_mark), *_syntax_message(error))
        builder.root = None
    problems = [*builder.problems, *islice(_invisible_characters(text), MAX_PROBLEMS)]
    if len(problems) > MAX_PROBLEMS:
        problems = sorted(problems, key=lambda problem: not problem.is_error)[:MAX_PROBLEMS]
    return Parsed(text, builder.root, tuple(problems), builder.positions, builder.sources, builder.dates)


def _unreadable(text: str, code: str, message: str, fix: str, place: Position | None = (1, 1)) -> Parsed:
    line, column = place or (None, None)
    return Parsed(text, None, (Problem(code, "", line, column, Severity.ERROR, message, fix),))


def _not_utf8(text: bytes, error: UnicodeDecodeError) -> Parsed:
    before = text[: error.start].decode("utf-8", errors="replace")
    message = f"Byte {error.start + 1} is not UTF-8."
    fix = "Save the file as UTF-8."
    return _unreadable(
        text.decode("utf-8", errors="replace"), "yaml-not-text", message, fix, place_at(before, len(before))
    )


def _position(mark: Any) -> Position | None:
    return None if mark is None else (mark.line + 1, mark.column + 1)


def place_at(text: str, offset: int) -> Position:
    """Return line and column of a place in a text."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1


def _reader_message(error: yaml.reader.ReaderError) -> tuple[str, str]:
    number = error.character if isinstance(error.character, int) else 0
    return f"Character U+{number:04X} is not allowed in YAML.", "Remove it."


def _syntax_message(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    what = " ".join(part for part in (error.context, error.problem) if part)
    fix = next((fix for words, fix in _SYNTAX_FIXES if words in what), None)
    return f"This is not YAML: {what}.", fix or "Look at the indentation, quotes and brackets around this place."


_SYNTAX_FIXES = (
    ("mapping values are not allowed", "Put a text that holds `: ` into quotes, or look at the indentation."),
    ("could not find expected ':'", "Write `key: value`, with a blank after the colon."),
    ("cannot start any token", "Indent with blanks, not tabs, and put texts that begin with @, ` or % into quotes."),
    ("flow mapping did not find expected", "Close the brace; inside braces put `${{...}}` into quotes."),
    ("flow sequence did not find expected", "Close the bracket; inside brackets put `${{...}}` into quotes."),
    ("quoted scalar", "Close the quotes."),
)
"""What mostly helps, by what the parser says."""


def _invisible_characters(text: str) -> Iterator[Problem]:
    if text.isascii():
        return
    for found in _INVISIBLE.finditer(text):
        line, column = place_at(text, found.start())
        message = f"The character U+{ord(found.group()):04X} cannot be seen, or turns the direction of the text."
        fix = "Remove it, so that everyone reads what the machine reads."
        yield Problem("text-invisible-character", "", line, column, Severity.ADVICE, message, fix)


class _Frame:
    """A list or mapping that is being filled."""

    __slots__ = ("anchor", "is_map", "key", "nodes", "path", "value")

    def __init__(self, value: Any, path: str, anchor: str | None, nodes: int) -> None:
        self.value = value
        self.is_map = isinstance(value, dict)
        self.path = path
        self.anchor = anchor
        self.key: str | None = None
        self.nodes = nodes  # how many values had been read when this one began


class _Builder:
    """Builds the value from events, one after the other, within the limits."""

    def __init__(self) -> None:
        self.root: Any = None
        self.problems: list[Problem] = []
        self.positions: dict[str, Position] = {}
        self.sources: dict[str, str] = {}
        self.dates: dict[str, str] = {}
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}  # name -> value, number of values inside
        self._nodes = 0
        self._documents = 0

    def problem(self, code: str, path: str, place: Position | None, message: str, fix: str) -> None:
        self._add(code, path, place, Severity.ERROR, message, fix)

    def _add(self, code: str, path: str, place: Position | None, severity: Severity, message: str, fix: str) -> None:
        line, column = place or (None, None)
        self.problems.append(Problem(code, path, line, column, severity, message, fix))

    def take(self, event: Any) -> None:
        """Take the next event. Raises _Refused."""
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open({}, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open([], event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._take_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                message, fix = "The file holds more than one YAML document.", "Put each document in a file of its own."
                raise _Refused("yaml-several-documents", message, fix, event.start_mark)

    def finish(self) -> None:
        """Check the whole. Raises _Refused."""
        if self._documents == 0 or self.root is None:
            raise _Refused("yaml-empty", "The file is empty.", "Write a component, pipeline or schedule.", _START)
        if not isinstance(self.root, dict):
            message = f"The file holds a {_word_for(self.root)}, not keys with values."
            raise _Refused("yaml-not-mapping", message, "Begin with `$schema:`, `type:` or `name:`.", _START)

    def _open(self, value: Any, event: Any) -> None:
        _refuse_tag(event)
        path = self._place_for(event)
        if len(self._stack) >= MAX_DEPTH:
            message = f"The document is nested deeper than {MAX_DEPTH} levels."
            raise _Refused("yaml-too-deep", message, "Flatten it.", event.start_mark, path)
        self._put(value)
        self._stack.append(_Frame(value, path, event.anchor, self._nodes))

    def _close(self) -> None:
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.value, self._nodes - frame.nodes + 1)

    def _take_scalar(self, event: Any) -> None:
        _refuse_tag(event)
        if len(event.value) > MAX_SCALAR:
            message = f"A value is longer than {MAX_SCALAR} characters."
            raise _Refused("yaml-too-large", message, "Keep long texts in a file of the environment.", event.start_mark)
        if self._stack and self._stack[-1].is_map and self._stack[-1].key is None:
            self._take_key(event)
            return
        path = self._place_for(event)
        value = self._scalar(event, path)
        self._put(value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)

    def _scalar(self, event: Any, path: str) -> Any:
        text: str = event.value
        if not text.isprintable() and _CONTROL.search(text):
            message = "The value holds a control character."
            self.problem("text-control-character", path, _position(event.start_mark), message, "Remove it.")
        if not event.implicit[0]:
            return text
        try:
            value, advice = scalar_of(text)
        except BadNumber as error:
            message = f"The number {error} cannot be kept exactly."
            fix = "Write it in quotes if it is a text, else use a smaller number."
            raise _Refused("yaml-bad-number", message, fix, event.start_mark, path) from error
        if advice == DATE:
            self.dates[path] = text
        elif advice and (isinstance(value, str) or not _is_version(path)):
            self._advise_scalar(advice, path, event, value)
        if value is None or isinstance(value, str):
            return value
        self.sources[path] = text
        return text if _is_version(path) else value

    def _advise_scalar(self, code: str, path: str, event: Any, value: Any) -> None:
        reading = {
            "yaml-boolean-word": f"`{event.value}` is read as {str(value).lower()}.",
            "yaml-base-60": f"Some readers take `{event.value}` for a base-60 number; here it is a text.",
            "yaml-odd-integer": f"`{event.value}` is read as {value}.",
        }[code]
        fix = "Write it in quotes if it is a text, else write it plainly."
        self._add(code, path, _position(event.start_mark), Severity.ADVICE, reading, fix)

    def _take_key(self, event: Any) -> None:
        frame, key = self._stack[-1], event.value
        path = f"{frame.path}.{key}" if frame.path else key
        place = _position(event.start_mark)
        if key == "<<" and event.implicit[0]:
            message = "Merge keys (`<<`) are not allowed: they hide what a document says."
            raise _Refused("yaml-merge-key", message, "Write the keys out.", event.start_mark, path)
        if event.implicit[0] and key in ("", "~", "null"):
            raise _Refused("yaml-bad-key", "A key is empty.", "Give it a name.", event.start_mark, path)
        if _CONTROL.search(key) or _INVISIBLE.search(key):
            message = "A key holds a character that cannot be seen."
            raise _Refused("yaml-bad-key", message, "Remove it.", event.start_mark, path)
        if key in frame.value:
            first = self.positions[path][0]
            message = f"The key `{key}` occurs twice; the first is on line {first}."
            self.problem("yaml-duplicate-key", path, place, message, "Keep one of them.")
        elif place is not None:
            self.positions[path] = place
        self._count(event, path)
        frame.key = key

    def _place_for(self, event: Any) -> str:
        """Return the path of the value that begins here and count it. Raises _Refused."""
        if not self._stack:
            path = ""
        else:
            frame = self._stack[-1]
            if frame.is_map and frame.key is None:
                message = "A key is a list or a mapping."
                raise _Refused("yaml-bad-key", message, "Use a word as the key.", event.start_mark, frame.path)
            path = _child_path(frame)
        if path not in self.positions:
            self.positions[path] = (event.start_mark.line + 1, event.start_mark.column + 1)
        self._count(event, path)
        return path

    def _count(self, event: Any, path: str, more: int = 1) -> None:
        self._nodes += more
        if self._nodes > MAX_NODES:
            message = f"The document holds more than {MAX_NODES} values."
            raise _Refused("yaml-too-many-values", message, "Split it.", event.start_mark, path)

    def _put(self, value: Any) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        if frame.is_map:
            frame.value[frame.key] = value
            frame.key = None
        else:
            frame.value.append(value)

    def _take_alias(self, event: Any) -> None:
        path = self._place_for(event)
        known = self._anchors.get(event.anchor)
        if known is None:
            message = f"`*{event.anchor}` refers to nothing before it, or to itself."
            raise _Refused("yaml-alias", message, "Write the value out.", event.start_mark, path)
        value, size = known
        self._count(event, path, size)
        if len(self._stack) + _depth(value) > MAX_DEPTH:
            message = f"The document is nested deeper than {MAX_DEPTH} levels."
            raise _Refused("yaml-too-deep", message, "Flatten it.", event.start_mark, path)
        self._put(_copied(value))
        message = f"`*{event.anchor}` repeats what stands elsewhere."
        fix = "Write the value out, so that a reviewer sees it in its place."
        self._add("yaml-alias-used", path, _position(event.start_mark), Severity.ADVICE, message, fix)


_START = yaml.Mark("", 0, 0, 0, None, 0)


def _refuse_tag(event: Any) -> None:
    if event.tag is not None:
        message = f"The tag `{event.tag}` is not allowed."
        raise _Refused("yaml-tag", message, "Remove the tag.", event.start_mark)


def _child_path(frame: _Frame) -> str:
    if not frame.is_map:
        return f"{frame.path}[{len(frame.value)}]"
    return f"{frame.path}.{frame.key}" if frame.path else str(frame.key)


def _is_version(path: str) -> bool:
    """Is this the version of something (kept as written: 1.10 is not 1.1), not an input that is called version?"""
    parent, _, key = path.rpartition(".")
    return key == "version" and parent.rpartition(".")[2] not in ("inputs", "outputs")


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def _word_for(value: Any) -> str:
    return "list" if isinstance(value, list) else "single value"
