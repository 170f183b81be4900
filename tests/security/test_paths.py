"""Paths that lead out of a bundle, in every field of a document that can hold a path: no file of ours is ever read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlopsportal.changes import workflow
from tests.queue.draining import drain
from tests.sandbox_server import RunningSandbox
from tests.security.world import MINE, World, actor

CANARY = "canary-of-a-file-that-nobody-named-8Xw7Vu6Ts5"
SPELLINGS = (
    *("{}", "file:{}", "file://{}", "file:///{}", "/{}", "//{}", "./{}", "././/{}", "../{}", "../../../..{}"),
    *("..\\..\\{}", "\\{}", "C:{}", "\\\\?\\{}", "~{}", "~root/..{}", "%2e%2e{}", "..%2f..%2f..{}", "%2F{}"),
    *("{}#x", "{}?x", "x#../../..{}", "x?../..{}", "{}%00.yml", "x/../../../..{}", "code/../..{}", "..;{}"),
    *("azureml:{}", "azureml:../..{}:1", "azureml://datastores/../..{}", "https://127.0.0.1/../..{}", "git+file://{}"),
    *(
        "$HOME/..{}",
        "${{HOME}}{}",
        "/proc/self/root{}",
        "/dev/../{}",
        "\uff0e\uff0e/{}",
        "\u2025/{}",
        " {}",
        "{} ",
        "\t{}",
    ),
)
FIELDS = ("code", "conda_file", "build", "component", "create_job", "job", "path", "include")


def documents(field: str, path: str) -> list[tuple[str, str]]:
    """A document that is right but for one path."""
    quoted = "'" + path.replace("'", "''") + "'"
    command = (
        'name: probe\nversion: "1"\ntype: command\ncommand: python x.py\n'
        f"inputs: {{raw: {{type: uri_folder}}}}\nenvironment: azureml:{MINE}_environments:1\n"
    )
    pipeline = "name: probe_pipe\nversion: '1'\ntype: pipeline\n"
    trigger = "name: probe_s\ntrigger: {type: cron, expression: '0 6 * * 1', time_zone: UTC}\n"
    image = "environment: {name: e, image: x.invalid/y, conda_file: PATH}\n"
    texts = {
        "code": f"{command}code: {quoted}\n",
        "conda_file": command.replace(f"environment: azureml:{MINE}_environments:1\n", image.replace("PATH", quoted)),
        "build": command.replace(
            f"environment: azureml:{MINE}_environments:1\n", f"environment: {{name: e, build: {{path: {quoted}}}}}\n"
        ),
        "component": f"{pipeline}jobs: {{a: {{type: command, component: {quoted}}}}}\n",
        "create_job": f"{trigger}create_job: {quoted}\n",
        "job": f"{trigger}job: {{type: pipeline, path: {quoted}}}\n",
        "path": f"name: probe_d\nversion: '1'\ntype: uri_file\npath: {quoted}\n",
        "include": f"{command}additional_includes: [{quoted}]\n",
    }
    return [("probe.yml", texts[field])]


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that any of these paths would lead to, were one of them followed; it reads as YAML too."""
    file = tmp_path / "canary.yml"
    file.write_text(f"name: {CANARY}\ntype: command\ncommand: {CANARY}\n")
    return file


@pytest.mark.any_database
@pytest.mark.parametrize("field", FIELDS)
def test_no_path_of_a_document_leads_to_a_file_of_ours(
    world: World, sandboxes: dict[str, RunningSandbox], canary: Path, field: str
) -> None:
    mark = sandboxes[MINE].journal()[-1]["id"]
    for number, spelling in enumerate(SPELLINGS):
        found = planned(world, documents(field, spelling.format(canary)), f"{field} {number}")
        assert CANARY not in repr(found), spelling
    assert CANARY not in repr(sandboxes[MINE].journal(mark))
    assert sandboxes[MINE].writes(mark) == []


def planned(world: World, given: list[tuple[str, str]], title: str) -> list[Any]:
    """Open a change and have it planned; return everything that is kept about it."""
    side = world.mine
    change = workflow.open_change(side.workspace, given, actor=actor(side, "author"), title=title)
    drain()
    change.refresh_from_db()
    plan = change.plan
    steps = [] if plan is None else list(plan.steps.values("payload", "before", "after", "changes", "notes", "error"))
    problems = list(change.revision.documents.values("problems", "repairs", "ref"))
    return [steps, problems, None if plan is None else (plan.problems, plan.error, plan.checks)]
