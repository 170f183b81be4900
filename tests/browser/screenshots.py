"""Make the README's picture: a change in review on a fresh portal. Run as `python -m tests.browser.screenshots`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from mlopsportal.management.startup import ROOT
from tests.browser.people import Person, person, signed_in_state
from tests.browser.portal import Portal, running_portal

PICTURE = ROOT / "static" / "img" / "change.png"
LARGEST_BYTES = 300_000
GUIDE = Path(__file__).resolve().parents[1] / "guide"
FILES = ("data-prep-component.yml", "training-pipeline.yml", "pipeline-schedule.yml")


def main() -> int:
    """Write the picture; return 1 when it has become too large for a README."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, running_portal(Path(folder)) as portal, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        take(browser, portal)
        browser.close()
    size = PICTURE.stat().st_size
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {size} bytes\n")
    return int(size > LARGEST_BYTES)


def take(browser: Browser, portal: Portal) -> None:
    """Let the author open the change, and take the picture as the reviewer sees it."""
    with person(browser, portal, "author", signed_in_state(browser, portal, "author")) as author:
        number = opened(author)
    with person(browser, portal, "reviewer", signed_in_state(browser, portal, "reviewer")) as reviewer:
        page = reviewer.goes(f"/changes/{number}/")
        expect(page.get_by_role("button", name="Approve this plan")).to_be_visible()
        page.screenshot(path=PICTURE)


def opened(author: Person) -> int:
    """Open a change of a component, the pipeline that uses it and its schedule; return its number, planned."""
    author.goes("/")
    documents = [{"path": name, "content": (GUIDE / name).read_text()} for name in FILES]
    documents[2]["content"] = documents[2]["content"].replace(
        "interval: 1", 'interval: 1\n  start_time: "2030-01-07T02:00:00"'
    )
    title, why = "Train the model every week", "Prepares the raw data, trains, and evaluates on the held-out test data."
    body = {"workspace": "demo", "title": title, "description": why, "documents": documents, "submit": True}
    number = int(author.sends("changes/", body)["number"])
    author.waits_for(number, "in_review")
    return number


if __name__ == "__main__":
    raise SystemExit(main())
