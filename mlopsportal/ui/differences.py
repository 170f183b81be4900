"""Differences as markup: text line by line, values field by field; knows rows and changes, not how they were found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from urllib.parse import quote

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mlopsportal.specs.diff import Change, path_text
from mlopsportal.specs.textdiff import Hunk, Row, Span
from mlopsportal.ui.badges import badge_of
from mlopsportal.ui.visible import plain_visible, visible_html

MAX_VALUE = 2000
MAX_LINES = 8
_FieldRow = tuple[SafeString, SafeString, SafeString, SafeString]


def diff_html(
    hunks: Sequence[Hunk], *, label: str = "the text", unified: bool = False, places: Sequence[str] = ()
) -> SafeString:
    """Return hunks side by side; one below the other where there is no room, or when `unified`.

    `label` names what is compared ("train.yml"); `places` says of each hunk what it is below, and makes it an
    address of its own ("#text-3") and one of the changes to go through.

    Each block of changed rows holds its left and right cells in one grid, so that the style sheet alone can turn
    pairs into "all removed, then all added".
    """
    if not hunks:
        return format_html('<p class="quiet">{}</p>', "No difference in the text.")
    return format_html(
        '<div class="diff{}" tabindex="0" role="region" aria-label="{}">{}</div>',
        " unified" if unified else "",
        f"Differences in {plain_visible(label)}",
        format_html_join("", "{}", ((_hunk(hunk, number, places),) for number, hunk in enumerate(hunks, start=1))),
    )


def _hunk(hunk: Hunk, number: int, places: Sequence[str]) -> SafeString:
    blocks = (list(rows) for _, rows in groupby(hunk.rows, key=lambda row: row.kind == "same"))
    left = sum(1 for row in hunk.rows if row.left_number)
    right = sum(1 for row in hunk.rows if row.right_number)
    lines = format_html(
        "Lines {}–{}, now {}–{}",
        hunk.left_start,
        hunk.left_start + max(left - 1, 0),
        hunk.right_start,
        hunk.right_start + max(right - 1, 0),
    )
    return format_html(
        "{}{}",
        _placed(lines, number, places[number - 1]) if places else format_html('<div class="hunk">{}</div>', lines),
        format_html_join("", '<div class="rows2">{}</div>', ((_cells(block),) for block in blocks)),
    )


def _placed(lines: SafeString, number: int, place: str) -> SafeString:
    return format_html(
        '<div class="hunk" id="text-{}"><a href="#text-{}" data-change>{}</a>{}</div>',
        number,
        number,
        lines,
        format_html(' <span class="place">{}</span>', visible_html(place)) if place else "",
    )


def _cells(rows: Iterable[Row]) -> SafeString:
    return format_html_join("", "{}{}", ((_left(row), _right(row)) for row in rows))


def _left(row: Row) -> SafeString:
    if row.left_number is None:
        return format_html('<div class="cell {}"></div>', "none")
    kind = "same" if row.kind == "same" else "removed"
    return _cell(kind, row.left_number, row.right_number if kind == "same" else None, row.left, _marks(row, "del"))


def _right(row: Row) -> SafeString:
    if row.right_number is None:
        return format_html('<div class="cell {}"></div>', "none right-side")
    if row.kind == "same":
        return _cell("same right-side", row.right_number, None, row.right, "", hidden=True)
    return _cell("added right-side", row.right_number, None, row.right, _marks(row, "ins"), second=True)


def _marks(row: Row, tag: str) -> str:
    return tag if row.kind == "changed" else ""


def _cell(
    kind: str,
    number: int,
    other: int | None,
    spans: Sequence[Span],
    tag: str,
    *,
    second: bool = False,
    hidden: bool = False,
) -> SafeString:
    """Return one line: its number, the number on the other side (shown only when unified), its sign, its text."""
    sign, word = _SIGNS.get(kind.split()[0], ("", ""))
    own = format_html('<span class="n">{}</span>', number)
    beside = format_html('<span class="n n2">{}</span>', other or "")
    return format_html(
        '<div class="cell {}"{}>{}{}<span class="sg">{}{}</span><span class="tx">{}</span></div>',
        kind,
        format_html(' aria-hidden="{}"', "true") if hidden else "",
        beside if second else own,
        own if second else beside,
        format_html('<span class="sr">{}</span>', word) if word else "",
        format_html('<span aria-hidden="true">{}</span>', sign) if sign else "",
        format_html_join("", "{}", ((_span(span, tag),) for span in spans)),
    )


_SIGNS = {"removed": ("−", "removed"), "added": ("+", "added")}


def _span(span: Span, tag: str) -> SafeString:
    text = visible_html(span.text)
    if not span.marked or not tag:
        return text
    return format_html("<del>{}</del>", text) if tag == "del" else format_html("<ins>{}</ins>", text)


def fields_html(changes: Sequence[Change], *, label: str = "Changed fields", grouped: bool = False) -> SafeString:
    """Return a table of changes: what, where, before, after.

    With `grouped` those of one step stand below its name, which has an address ("#field-jobs.train") and is one of
    the changes to go through.
    """
    if not changes:
        return format_html('<p class="quiet">{}</p>', "No difference in meaning.")
    bodies = [_group(name, list(group)) for name, group in groupby(changes, key=group_of)] if grouped else ()
    rows = format_html_join("", "{}", ((body,) for body in bodies)) if grouped else _body(_field_rows(changes))
    return format_html(
        '<div class="table fields" tabindex="0" role="region" aria-label="{}"><table><thead><tr>'
        '<th scope="col">Change</th><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th>'
        "</tr></thead>{}</table></div>",
        plain_visible(label),
        rows,
    )


def group_of(change: Change) -> str:
    """Return what a change is about: "jobs.train" for one of a step, else the first key of its path."""
    depth = 2 if change.steps[:1] == ("jobs",) else 1
    return path_text(change.steps[:depth]) or "the whole document"


def _group(name: str, changes: Sequence[Change]) -> SafeString:
    anchor = f"field-{name}"
    heading = format_html(
        '<tr id="{}"><th colspan="4" scope="rowgroup"><a href="#{}" data-change>{}</a></th></tr>',
        anchor,
        quote(anchor),
        visible_html(name.removeprefix("jobs.") if name != "jobs" else name),
    )
    return _body(_field_rows(changes, within=name), heading)


def _body(rows: Iterator[_FieldRow], heading: SafeString | str = "") -> SafeString:
    cells = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
    return format_html("<tbody>{}{}</tbody>", heading, cells)


def _field_rows(changes: Iterable[Change], within: str = "") -> Iterator[_FieldRow]:
    for change in changes:
        known = badge_of(change.kind, "difference")
        pill = format_html(
            '<span class="pill {}"><span class="sign" aria-hidden="true">{}</span>{}</span>',
            known.tone,
            known.sign,
            known.word,
        )
        path = _path(change, within)
        if change.kind == "moved":
            yield pill, path, _place(change.before), _place(change.after)
        else:
            before = _value(change.before, missing=change.kind == "added")
            yield pill, path, before, _value(change.after, missing=change.kind == "removed")


def _path(change: Change, within: str) -> SafeString:
    """Return the path of a field, as seen from the group it stands in; it may be broken where a key begins."""
    text = change.path.removeprefix(within).removeprefix(".") if within else change.path
    if not text:
        return format_html('<span class="quiet">{}</span>', "all of it" if within else "the whole document")
    keys = text.split(".")
    return format_html("<code>{}</code>", format_html_join(_BREAK, "{}", ((visible_html(key),) for key in keys)))


_BREAK = format_html("{}<wbr>", ".")


def _place(position: object) -> SafeString:
    return format_html('<span class="quiet">place {}</span>', int(str(position)) + 1)


def _value(value: object, *, missing: bool) -> SafeString:
    if missing:
        return format_html('<span class="quiet">{}</span>', "–")
    if isinstance(value, Mapping) and value:
        return _whole("\n".join(_lines(value)))
    text = _scalar(value)
    if len(text) > MAX_VALUE:
        return format_html("<code>{}</code> <span>… {} characters</span>", visible_html(text[:MAX_VALUE]), len(text))
    return format_html("<code>{}</code>", visible_html(text))


def _scalar(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _lines(value: Mapping[str, object], indent: str = "") -> Iterator[str]:
    """Write a mapping as lines to be read: for the eye, not for a parser."""
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield f"{indent}{key}:"
            yield from _lines(item, f"{indent}  ")
        else:
            yield f"{indent}{key}: {_scalar(item)}"


def _whole(text: str) -> SafeString:
    """Return a value of several fields as lines; a long one is opened by whoever wants to see it."""
    more = format_html(" <span>… {} characters</span>", len(text)) if len(text) > MAX_VALUE else ""
    shown = format_html('<code class="lines">{}</code>{}', visible_html(text[:MAX_VALUE]), more)
    lines = text.count("\n") + 1
    if lines <= MAX_LINES:
        return shown
    return format_html("<details><summary>{} lines</summary>{}</details>", lines, shown)
