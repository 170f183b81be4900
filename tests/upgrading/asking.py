"""Asking who would be moved, on the page and beside it, and taking the change that comes of it to its end."""

from __future__ import annotations

from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import State
from mlopsportal.upgrading import Upgrade, upgrade_of
from registry.fitting import Fit
from tests.changes.building import Team, approved, fresh, queued
from tests.queue.draining import drain
from tests.registry.building import sync
from tests.sandbox.doors import Raw
from tests.sandbox_server import RunningSandbox
from tests.upgrading.building import version_of

NEEDED = "  epochs: {type: integer}"


def upgrade(team: Team) -> Upgrade:
    return upgrade_of(
        team.workspace, version_of(team, "train", "1"), version_of(team, "train", "2"), now=timezone.now()
    )


def fits(found: Upgrade) -> dict[str, Fit]:
    return {str(item.ref): item.fit for item in found.candidates} | {
        str(item.ref): item.fit for item in found.schedules
    }


def page(team: Team, **query: str) -> str:
    return reverse("upgrade", args=[team.workspace.slug], query=query)


def author(team: Team) -> Client:
    client = Client()
    client.force_login(team["author"])
    return client


def taken_to_applied(team: Team, change: ChangeRequest) -> None:
    drain()
    change = fresh(change)
    assert change.state == State.IN_REVIEW, (change.reason, change.plan and (change.plan.error, change.plan.problems))
    queued(team, approved(team, change))
    drain()
    assert fresh(change).state == State.APPLIED, fresh(change).reason


def beside(shown: str, ref: str) -> str:
    """Return what stands against a ticked row, beside it."""
    text = shown.partition(f'id="fault-{ref}"')[2].partition("<li>")[2].partition("</li>")[0]
    return unescape(text)


def told(answer: Any) -> list[str]:
    """Return what the alert says, each with a link to a place that is there."""
    shown = answer.content.decode()
    alert = shown.partition('role="alert"')[2].partition("</div>")[0]
    links = [part.partition("</a>")[0].partition('">') for part in alert.split('<a href="#')[1:]]
    assert all(f'id="{place}"' in shown for place, _, _ in links)
    return [unescape(text) for _, _, text in links]


def scheduled(sandbox: RunningSandbox) -> dict[str, Any]:
    """The job of the schedule as the workspace itself has it."""
    job: dict[str, Any] = Raw(sandbox)("GET", "schedules/weekly").body["properties"]["action"]["jobDefinition"]
    return job


def many_users(team: Team, sandbox: RunningSandbox, count: int, *, steps: int = 1) -> None:
    """Publish as many pipelines of as many steps, one of which runs `train` 1, behind the portal's back."""
    raw = Raw(sandbox)
    step = {
        "type": "command",
        "componentId": f"{sandbox.base}/components/train/versions/1",
        "inputs": {"data": "${{parent.inputs.data}}"},
    }
    beside = {
        "type": "command",
        "componentId": f"{sandbox.base}/components/model_training/versions/1",
        "inputs": {"training_data": "${{parent.inputs.data}}"},
    }
    for number in range(count):
        spec = {
            "name": f"user_{number:03d}",
            "version": "1",
            "type": "pipeline",
            "inputs": {"data": {"type": "uri_folder"}},
            "jobs": {"fit": step, **{f"beside_{index}": beside for index in range(1, steps)}},
        }
        answer = raw("PUT", f"components/user_{number:03d}/versions/1", {"properties": {"componentSpec": spec}})
        assert answer.status in (200, 201), answer.body
    raw.close()
    sync(team.workspace)
