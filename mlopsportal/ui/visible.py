"""Makes characters that mislead the eye visible; knows Unicode categories, no document."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Control, format (bidi and zero width among them), surrogate, private, unassigned, line and paragraph separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_TICKED = re.compile(r"`([^`\n]+)`")
# Letters and marks that draw nothing: fillers and variation selectors.
_HIDDEN_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5") | {chr(c) for c in range(0xFE00, 0xFE10)}
_KEPT = frozenset("\t\n ")


def is_hidden(character: str) -> bool:
    """True for a character that is not seen, or that is seen as another one (spaces other than U+0020)."""
    if character in _KEPT:
        return False
    category = unicodedata.category(character)
    return category in _HIDDEN_CATEGORIES or category == "Zs" or character in _HIDDEN_LETTERS


def escape_of(character: str) -> str:
    """Return `⟨U+202E⟩`, as `specs.textdiff` writes it."""
    return f"⟨U+{ord(character):04X}⟩"


def segments(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (hidden, text) in order; a hidden piece is one character, a plain piece as long as can be."""
    start = 0
    for index, character in enumerate(text):
        if not character.isascii() or not character.isprintable():
            if not is_hidden(character):
                continue
            if start < index:
                yield False, text[start:index]
            yield True, character
            start = index + 1
    if start < len(text):
        yield False, text[start:]


def plain_visible(text: str) -> str:
    """Return the text with every hidden character replaced by its escape (for attributes and SVG text)."""
    return "".join(escape_of(piece) if hidden else piece for hidden, piece in segments(text))


def visible_html(text: str) -> SafeString:
    """Return the text escaped, with every hidden character as a marked escape that names it."""
    return format_html_join("", "{}", ((_shown(hidden, piece),) for hidden, piece in segments(text)))


def ticked_html(text: str) -> SafeString:
    """Return the text as `visible_html` does, with what stands in backticks as code."""
    pieces = _TICKED.split(text)
    return format_html_join(
        "",
        "{}",
        (
            (format_html("<code>{}</code>", visible_html(piece)) if at % 2 else visible_html(piece),)
            for at, piece in enumerate(pieces)
        ),
    )


def _shown(hidden: bool, piece: str) -> str:
    if not hidden:
        return piece
    name = unicodedata.name(piece, "control character")
    return format_html('<span class="ctl" title="{}">{}</span>', name, escape_of(piece))
