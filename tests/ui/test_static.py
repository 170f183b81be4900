"""The files a browser gets: colours that can be read, vendored files that are what they say, markup the CSP allows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CSS = (ROOT / "static" / "css" / "portal.css").read_text()
TOKENS = dict(re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)", CSS))
GROUNDS = ("paper", "raise")
TEXT_PAIRS = [
    *((text, ground) for text in ("ink", "quiet", "accent", "good", "warn", "bad", "info") for ground in GROUNDS),
    *((tone, f"{tone}-wash") for tone in ("good", "warn", "bad", "info")),
    *((text, f"{tone}-wash") for text in ("ink", "quiet", "accent") for tone in ("good", "warn", "bad", "info")),
    ("ink", "good-mark"),
    ("ink", "bad-mark"),
    ("ink", "line"),
    ("on-accent", "accent"),
]
LINE_PAIRS = [
    *((line, ground) for line in ("edge", *(f"chart-{number}" for number in range(1, 8))) for ground in GROUNDS),
    ("good", "good-wash"),
    ("bad", "bad-wash"),
]


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def colour(token: str, theme: int) -> str:
    return str(TOKENS[token]).split(", ")[theme]


def test_contrast_is_counted_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_can_be_read(text: str, ground: str, theme: int) -> None:
    assert contrast(colour(text, theme), colour(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), LINE_PAIRS)
def test_lines_that_mean_something_can_be_seen(line: str, ground: str, theme: int) -> None:
    assert contrast(colour(line, theme), colour(ground, theme)) >= 3


def test_every_colour_comes_from_a_token() -> None:
    body = CSS.split('[data-theme="dark"]', 1)[1]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", body) == []
    used = set(re.findall(r"var\(--([\w-]+)\)", CSS))
    assert used <= set(re.findall(r"--([\w-]+):", CSS))


def vendored() -> list[dict[str, str]]:
    entries: list[dict[str, str]] = json.loads((ROOT / "static" / "vendor" / "vendor.json").read_text())
    return entries


@pytest.mark.parametrize("entry", vendored(), ids=lambda entry: entry["file"])
def test_a_vendored_file_is_the_one_named(entry: dict[str, str]) -> None:
    assert hashlib.sha256((ROOT / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert (ROOT / entry["licence_file"]).read_text().strip()


def test_every_vendored_file_is_listed() -> None:
    listed = {entry["file"] for entry in vendored()} | {entry["licence_file"] for entry in vendored()}
    found = {
        str(path.relative_to(ROOT))
        for folder in ("static/vendor", "tests/vendor")
        for path in (ROOT / folder).iterdir()
        if path.suffix in {".js", ".css", ".txt"}
    }
    assert found == listed


FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\bhx-on\b"),
    "a computed htmx value": re.compile(r"\bhx-[\w-]+\s*=\s*[\"'](?:js|javascript):", re.I),
    "a trigger filter": re.compile(r"\bhx-trigger\s*=\s*[\"'][^\"']*\["),
    "a javascript address": re.compile(r"javascript:", re.I),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.I),
    "an unescaped value": re.compile(r"\|\s*safe(?:seq)?\b|autoescape\s+off"),
    "a form of another site": re.compile(r"<form[^>]*action=[\"']https?:", re.I),
    "a file of another site": re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"'](?:https?:)?//", re.I),
}


def templates() -> Iterator[Path]:
    yield from (ROOT / "templates").rglob("*.html")
    yield from (ROOT / "mlopsportal").rglob("templates/**/*.html")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds_what_the_policy_forbids(what: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in templates() if FORBIDDEN[what].search(path.read_text())]
    assert found == []


# What people or Azure wrote is escaped by format_html and the templates; these words would let it through.
@pytest.mark.parametrize("word", ["mark_safe", "SafeText(", "SafeString("])
def test_no_code_declares_text_safe(word: str) -> None:
    folders = ("mlopsportal", "registry", "scheduling")
    sources = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert [str(path) for path in sources if re.search(rf"\b{re.escape(word)}", path.read_text())] == []


@pytest.mark.parametrize(
    "word", ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "document.write"]
)
def test_our_scripts_make_no_markup_from_text(word: str) -> None:
    assert [path.name for path in (ROOT / "static" / "js").glob("*.js") if word in path.read_text()] == []
