"""What a reference names as one side of a comparison, and what is no number in it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.permissions import Role
from mlopsportal.changes import workflow
from tests.registry.building import make_user, make_workspace

PREPARE = "$schema: x\ntype: command\nname: prepare\nversion: '9'\ncommand: echo\nenvironment: azureml:env:1\n"
MANY_ZEROS = "0" * 5000  # more digits than Python reads as a number


@pytest.mark.parametrize(
    "name",
    [
        "{number}@²",
        "{number}@\u0661",
        "²@1",
        "{number}@1000000",
        "{number}@" + MANY_ZEROS + "1",
        MANY_ZEROS + "{number}@1",
    ],
)
def test_a_change_whose_number_is_none_names_nothing(db: None, name: str) -> None:
    workspace = make_workspace()
    writer = make_user("writer", workspace, role=Role.AUTHOR)
    change = workflow.open_change(workspace, [("a.yml", PREPARE)], actor=actor_of_user(writer), title="A draft")
    client = Client()
    client.force_login(writer)
    sound = f"change:{change.pk}@1:a.yml"
    assert client.get(reverse("compare"), {"left": sound, "right": sound}).status_code == 200
    wrong = f"change:{name.format(number=change.pk)}:a.yml"
    for left, right in ((wrong, ""), (wrong, sound), (sound, wrong)):
        page = client.get(reverse("compare"), {"left": left, "right": right})
        assert page.status_code == 404
        assert "names nothing that the mirror knows" in page.content.decode()
    assert client.get("/api/v1/compare/", {"left": wrong, "right": sound}).status_code == 404


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("action: delete\ntarget: trigger:nightly\n", "A component cannot become a data trigger"),
        ("action: delete\ntarget: compute:small\n", "A component cannot become a document about compute"),
        ("hello: world\n", ""),
        ("- 1\n", ""),
    ],
)
def test_a_draft_of_any_kind_can_stand_beside_any_other(db: None, text: str, told: str) -> None:
    workspace = make_workspace()
    writer = make_user("writer", workspace, role=Role.AUTHOR)
    documents = [("a.yml", PREPARE), ("b.yml", text)]
    change = workflow.open_change(workspace, documents, actor=actor_of_user(writer), title="A draft")
    client = Client()
    client.force_login(writer)
    left, right = (f"change:{change.pk}@1:{path}" for path, _ in documents)
    page = client.get(reverse("compare"), {"left": left, "right": right})
    assert page.status_code == 200
    assert told in page.content.decode()
    assert client.get("/api/v1/compare/", {"left": right, "right": left}).status_code == 200
