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
MORE_INPUT = ("outputs:\n", "  early_stopping:\n    type: integer\n    default: 50\noutputs:\n")
NEW_STEP = ("train_churn_model:6", "train_churn_model:7")


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
    documents = [
        {"path": "train.yml", "content": next_of(author, "components", "train_churn_model").replace(*MORE_INPUT)},
        {"path": "pipeline.yml", "content": next_of(author, "pipelines", "churn_training").replace(*NEW_STEP)},
        {"path": "weekly.yml", "content": schedule_of(author).replace("churn_training:6", "churn_training:7")},
    ]
    title, why = (
        "Stop training early",
        "Boosting overfits after some 300 rounds: stop when the test loss stops falling.",
    )
    body = {"workspace": "demo", "title": title, "description": why, "documents": documents, "submit": True}
    number = int(author.sends("changes/", body)["number"])
    author.waits_for(number, "in_review")
    return number


def next_of(author: Person, section: str, name: str) -> str:
    """Return the YAML of version 6 as version 7."""
    text: str = author.asks(f"workspaces/demo/{section}/{name}/versions/6/")["yaml"]
    return text.replace("version: '6'", "version: '7'").replace('version: "6"', "version: '7'")


def schedule_of(author: Person) -> str:
    return (
        author.goes("/changes/new/?ws=demo&ref=schedule:churn-training-weekly")
        .locator("[name=doc-0-content]")
        .input_value()
    )


if __name__ == "__main__":
    raise SystemExit(main())
