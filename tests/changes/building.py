"""What the tests of changes are built of: a stocked sandbox, its workspace, its people, and the verbs in short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.actions import SYSTEM, Actor
from mlopsportal.audit.models import Event
from mlopsportal.changes import tasks, workflow
from mlopsportal.changes.models import Attempt, ChangeRequest, Plan
from mlopsportal.changes.states import State
from registry.models import Cloud, Workspace
from registry.sync import sync_workspace
from tests.queue.draining import drain
from tests.sandbox.doors import Raw, component, data, environment
from tests.sandbox_server import RunningSandbox, running_sandbox

GUIDE = Path(__file__).parents[1] / "guide"
GUIDE_FILES = ("data-prep-component.yml", "training-pipeline.yml", "pipeline-schedule.yml", "data-driven-schedule.yml")
FOLDER = {"type": "uri_folder"}
PREP = (GUIDE / "data-prep-component.yml").read_text()
PREP_PATH = "/components/data_preparation/versions/1"


def guide_documents() -> list[tuple[str, str]]:
    return [(name, (GUIDE / name).read_text()) for name in GUIDE_FILES]


@contextmanager
def stocked_sandbox() -> Iterator[RunningSandbox]:
    """A sandbox that holds what the guide's files refer to."""
    with running_sandbox() as sandbox:
        stock(sandbox)
        yield sandbox


def stock(sandbox: RunningSandbox) -> None:
    raw, base = Raw(sandbox), sandbox.base
    bodies = {
        "environments/env/versions/1": environment(),
        "environments/data-prep-env/versions/1": environment(),
        "data/raw-data/versions/1": data(),
        "data/test-data/versions/1": data(),
        "components/model_training/versions/1": component(
            base, inputs={"training_data": FOLDER}, outputs={"model_output": FOLDER}
        ),
        "components/model_evaluation/versions/1": component(
            base, inputs={"model": FOLDER, "test_data": FOLDER}, outputs={"evaluation_results": FOLDER}
        ),
    }
    for path, body in bodies.items():
        answer = raw("PUT", path, body)
        assert answer.status == 201, answer.body
    raw.close()


@dataclass
class Team:
    """A workspace on the sandbox with one account of each role, by the role's name."""

    workspace: Workspace
    users: dict[str, User] = field(default_factory=dict)

    def __getitem__(self, name: str) -> User:
        return self.users[name]

    def actor(self, name: str) -> Actor:
        return actor_of_user(User.objects.get(username=name))

    def token(self, name: str) -> Actor:
        return actor_of_user(User.objects.get(username=name), kind="token")

    def add(self, name: str, *roles: Role, person: str | None = None) -> User:
        user = User.objects.create_user(name, password="correct horse battery")
        if person is not None:
            user.person = person
            user.save()
        for role in roles:
            Membership.objects.create(user=user, workspace=self.workspace, role=role)
        self.users[name] = user
        return user


def make_team(sandbox: RunningSandbox, *, slug: str = "demo", synced: bool = True) -> Team:
    workspace = Workspace.objects.create(
        slug=slug,
        cloud=Cloud.SANDBOX,
        endpoint=sandbox.url,
        subscription_id=sandbox.subscription_id,
        resource_group=sandbox.resource_group,
        name=sandbox.workspace,
    )
    if synced:
        sync_workspace(workspace, actor=SYSTEM, reason="test")
        workspace.refresh_from_db()
    team = Team(workspace)
    for role in Role:
        team.add(role.value, role)
    return team


def fresh(change: ChangeRequest) -> ChangeRequest:
    return ChangeRequest.objects.select_related("workspace", "plan", "author").get(pk=change.pk)


def plan_of(change: ChangeRequest) -> Plan:
    """The change's current plan, made or not."""
    assert change.plan is not None
    return change.plan


def opened(
    team: Team, documents: Sequence[tuple[str, str]] = (("prep.yml", PREP),), *, by: str = "author", submit: bool = True
) -> ChangeRequest:
    """Open a change, have it planned, and return it as it is then."""
    change = workflow.open_change(team.workspace, documents, actor=team.actor(by), title="A change", submit=submit)
    drain()
    return fresh(change)


def approved(team: Team, change: ChangeRequest, *, by: str = "reviewer") -> ChangeRequest:
    change = fresh(change)
    workflow.review(change, verdict="approve", plan_digest=change.plan_digest, actor=team.actor(by))
    return fresh(change)


def queued(team: Team, change: ChangeRequest, *, by: str = "operator") -> ChangeRequest:
    return fresh(workflow.request_apply(change, actor=team.actor(by)))


def applied(team: Team, documents: Sequence[tuple[str, str]] = (("prep.yml", PREP),)) -> ChangeRequest:
    """Take documents through the whole ring; return the change wherever it ended."""
    change = queued(team, approved(team, opened(team, documents)))
    drain()
    return fresh(change)


def guided(team: Team) -> None:
    """Apply the guide's files, which most actions need something of."""
    assert applied(team, guide_documents()).state == State.APPLIED


def events_of(change: ChangeRequest) -> list[str]:
    return list(Event.objects.filter(change=change.pk).order_by("pk").values_list("action", flat=True))


def mark_of(sandbox: RunningSandbox) -> int:
    return int(sandbox.journal()[-1]["id"])


def go_on(change: ChangeRequest) -> ChangeRequest:
    """Let the time that a parked change waits for pass, and let the sweep find it."""
    ChangeRequest.objects.filter(pk=change.pk).update(retry_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    drain()
    return fresh(change)


def outcomes(change: ChangeRequest) -> list[str]:
    attempts = Attempt.objects.filter(step__plan__revision__change=change).order_by("pk")
    return list(attempts.values_list("outcome", flat=True))


def assert_bracketed(change: ChangeRequest) -> None:
    """Every attempt has one begin and one end, in the rows and in the log."""
    attempts = Attempt.objects.filter(step__plan__revision__change=change)
    assert not attempts.filter(ended_at=None).exists()
    events = [action for action in events_of(change) if action.startswith("step.")]
    assert events == ["step.begin", "step.end"] * attempts.count()


def in_queue(team: Team, documents: Any = (("prep.yml", PREP),)) -> ChangeRequest:
    return queued(team, approved(team, opened(team, documents)))


def drained(change: ChangeRequest) -> ChangeRequest:
    drain()
    return fresh(change)


def schedule_text(name: str = "nightly", *, hour: int = 2, pipeline: str = "azureml:training_pipeline:1") -> str:
    return f"""
name: {name}
display_name: Nightly
trigger:
  type: recurrence
  frequency: day
  interval: 1
  start_time: "2030-01-07T02:00:00"
  time_zone: UTC
  schedule:
    hours: [{hour}]
    minutes: [0]
create_job: {pipeline}
"""


def component_text(name: str = "prepare", version: str | None = "1", command: str = "python prepare.py") -> str:
    line = f'version: "{version}"\n' if version is not None else ""
    return f"""
name: {name}
{line}type: command
display_name: Prepare
inputs:
  raw_data: {{type: uri_folder}}
outputs:
  clean_data: {{type: uri_folder}}
command: {command} ${{{{inputs.raw_data}}}} ${{{{outputs.clean_data}}}}
environment: azureml:data-prep-env:1
"""
