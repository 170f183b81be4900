"""Fetches the vendored browser files again from npm, by package name and version, and writes vendor.json.

Run by hand to move to another version: `python static/vendor/refresh.py`. Needs npm; nothing of the portal does.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent
ROOT = VENDOR.parent.parent


@dataclass(frozen=True)
class Source:
    """One file of an npm package: where it lies in the package, where it goes, under which licence."""

    package: str
    version: str
    member: str
    target: str
    licence: str
    licence_target: str


SOURCES = (
    Source(
        "htmx.org", "4.0.1", "package/dist/htmx.min.js", "static/vendor/htmx.min.js",
        "0BSD", "static/vendor/htmx.LICENSE.txt",
    ),
    Source(
        "plotly.js-basic-dist-min", "4.1.1", "package/plotly-basic.min.js", "static/vendor/plotly-basic.min.js",
        "MIT", "static/vendor/plotly-basic.LICENSE.txt",
    ),
    Source(
        "axe-core", "4.14.1", "package/axe.min.js", "tests/vendor/axe.min.js",
        "MPL-2.0", "tests/vendor/axe.LICENSE.txt",
    ),
)  # fmt: skip
PLOTLY_CSS = "static/vendor/plotly.css"
_RULES = re.compile(r'=\{("X,X div":.*?)\};for\(', re.DOTALL)
_RULE = re.compile(r"""(?:"(?P<quoted>[^"]+)"|(?P<bare>\w+)):(?P<quote>["'])(?P<body>.*?)(?P=quote)(?=,["\w]|$)""")


def fetch(source: Source, into: Path) -> tuple[bytes, bytes]:
    """Return the file and the licence text of the package. Raises CalledProcessError, KeyError."""
    command = ["npm", "pack", "--silent", f"{source.package}@{source.version}"]
    done = subprocess.run(command, cwd=into, check=True, capture_output=True, text=True)
    with tarfile.open(into / done.stdout.strip().splitlines()[-1]) as archive:
        return _member(archive, source.member), _member(archive, "package/LICENSE")


def plotly_css(script: str) -> str:
    """Return the rules that plotly would put into the page by script, as a style sheet.

    Raises ValueError when the script no longer holds them where they were.
    """
    found = _RULES.search(script)
    if found is None:
        raise ValueError("plotly's own style rules were not found in its script")
    rules = [_css_rule(rule) for rule in _RULE.finditer(found[1])]
    return "/* Extracted from plotly-basic.min.js by refresh.py. */\n" + "\n".join(rules) + "\n"


def _css_rule(rule: re.Match[str]) -> str:
    selector = (rule["quoted"] or rule["bare"]).replace("X", ".js-plotly-plot .plotly").replace("Y", ".plotly-notifier")
    return f"{selector}{{{rule['body']}}}"


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    handle = archive.extractfile(name)
    if handle is None:
        raise KeyError(name)
    return handle.read()


def entry(source: Source, file: str, content: bytes) -> dict[str, str]:
    return {
        "file": file,
        "package": source.package,
        "version": source.version,
        "licence": source.licence,
        "licence_file": source.licence_target,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def refresh() -> None:
    """Write every vendored file, its licence, and vendor.json."""
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        for source in SOURCES:
            content, licence = fetch(source, Path(folder))
            (ROOT / source.target).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / source.target).write_bytes(content)
            (ROOT / source.licence_target).write_bytes(licence)
            entries.append(entry(source, source.target, content))
            if source.package.startswith("plotly"):
                css = plotly_css(content.decode()).encode()
                (ROOT / PLOTLY_CSS).write_bytes(css)
                entries.append(entry(source, PLOTLY_CSS, css))
    (VENDOR / "vendor.json").write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    refresh()
