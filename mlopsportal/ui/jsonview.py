"""A JSON value as a tree that opens and closes without script; knows JSON, not what it means."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mlopsportal.ui.visible import visible_html

MAX_DEPTH = 40
MAX_CHILDREN = 500


def json_html(value: object, *, label: str = "JSON", depth_open: int = 2) -> SafeString:
    """Return nested `details`; levels under `depth_open` are open. Deeper than `MAX_DEPTH` shows as text."""
    return format_html(
        '<div class="json" tabindex="0" role="region" aria-label="{}">{}</div>', label, _node("", value, 0, depth_open)
    )


def _node(key: str, value: object, depth: int, depth_open: int) -> SafeString:
    if isinstance(value, dict) and value and depth < MAX_DEPTH:
        pairs: Iterable[tuple[str, object]] = ((str(name), child) for name, child in value.items())
        return _branch(key, f"{{{len(value)}}}", pairs, len(value), depth, depth_open)
    if isinstance(value, list | tuple) and value and depth < MAX_DEPTH:
        pairs = ((str(index), child) for index, child in enumerate(value))
        return _branch(key, f"[{len(value)}]", pairs, len(value), depth, depth_open)
    kind = "text" if isinstance(value, str) else "other"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return format_html('<div class="leaf">{}<span class="{}">{}</span></div>', _key(key), kind, visible_html(text))


def _branch(
    key: str, size: str, pairs: Iterable[tuple[str, object]], count: int, depth: int, depth_open: int
) -> SafeString:
    shown = (_node(name, child, depth + 1, depth_open) for name, child in islice(pairs, MAX_CHILDREN))
    more = format_html('<div class="leaf quiet">… {} more</div>', count - MAX_CHILDREN) if count > MAX_CHILDREN else ""
    return format_html(
        '<details{}><summary>{}<span class="quiet">{}</span></summary>{}{}</details>',
        " open" if depth < depth_open else "",
        _key(key),
        size,
        format_html_join("", "{}", ((node,) for node in shown)),
        more,
    )


def _key(key: str) -> SafeString | str:
    return format_html('<span class="key">{}</span>: ', visible_html(key)) if key else ""
