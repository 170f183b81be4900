"""The verdict of a comparison across two workspaces: each side is judged by what its own mirror knows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mlopsportal.comparison.headline import headline_of
from mlopsportal.comparison.result import compared
from mlopsportal.specs.ref import Ref
from registry.models import Workspace
from registry.sync import refresh
from tests.registry.building import make_user, make_workspace

PIPELINE = {
    "type": "pipeline",
    "jobs": {"train": {"type": "command", "component": "component:train:1", "inputs": {"rate": "0.1"}}},
}
TRAIN = {"type": "command", "command": "python train.py", "inputs": {"rate": {"type": "number"}}}
HUNGRY = {**TRAIN, "inputs": {**TRAIN["inputs"], "epochs": {"type": "integer"}}}  # type: ignore[dict-item]
SIDES = {"left": "one/component:training:1", "right": "two/component:training:1"}


def put(workspace: Workspace, name: str, definition: dict[str, Any], version: str = "1") -> None:
    """Let a workspace have a version with just this definition."""
    properties = {"componentSpec": definition, "isAnonymous": False, "isArchived": False, "tags": {}}
    address = f"{workspace.target().base}/components/{name}/versions/{version}"
    moment = {"createdAt": "2026-01-01T00:00:00Z", "lastModifiedAt": "2026-01-01T00:00:00Z"}
    found = {"id": address, "name": version, "properties": properties, "systemData": moment}
    refresh(workspace, Ref("component", name, version), found)


@pytest.fixture
def reader(db: None) -> Client:
    """Somebody who may read two workspaces, both with the same pipeline text."""
    one, two = (make_workspace(slug=slug) for slug in ("one", "two"))
    for workspace in (one, two):
        put(workspace, "training", PIPELINE)
    found = Client()
    found.force_login(make_user("reader", one, two))
    return found


def workspaces() -> tuple[Workspace, Workspace]:
    return Workspace.objects.get(slug="one"), Workspace.objects.get(slug="two")


def told(reader: Client) -> tuple[str, str, list[str]]:
    """The word of the page, the verdict of its REST twin, and the rules of its reasons."""
    page = reader.get(reverse("compare"), SIDES)
    body = reader.get("/api/v1/compare/", SIDES).json()
    return page.context["page"].headline.word, body["verdict"], [reason["rule"] for reason in body["reasons"]]


def test_what_no_longer_fits_in_the_other_workspace_is_breaking_though_the_text_is_the_same(reader: Client) -> None:
    one, two = workspaces()
    put(one, "train", TRAIN)
    put(two, "train", HUNGRY)
    assert told(reader) == ("Breaking", "breaking", ["step-input-missing"])
    page = reader.get(reverse("compare"), SIDES).content.decode()
    assert "execute the same" not in page
    assert "version 1 in one must change before using version 1 in two" in page


def test_what_did_not_fit_before_is_no_reason_when_it_fits_in_the_other_workspace(reader: Client) -> None:
    one, two = workspaces()
    put(one, "train", HUNGRY)
    put(two, "train", TRAIN)
    assert told(reader) == ("No difference", "patch", [])


def test_what_the_other_workspace_does_not_know_cannot_be_told(reader: Client) -> None:
    put(workspaces()[0], "train", TRAIN)
    assert told(reader) == ("Cannot be decided", "unknown", ["step-unknown"])


def test_what_neither_workspace_knows_cannot_be_told_either(reader: Client) -> None:
    assert told(reader) == ("Cannot be decided", "unknown", ["step-unknown"])


def test_the_same_text_in_two_workspaces_is_not_said_to_execute_the_same(reader: Client) -> None:
    for workspace in workspaces():
        put(workspace, "train", TRAIN)
    assert told(reader) == ("No difference", "patch", [])
    found = compared(SIDES["left"], SIDES["right"], make_user("other", *workspaces()))
    assert "execute the same" not in headline_of(found, make_user("third", *workspaces())).follows
