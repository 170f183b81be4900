"""Two mirror-image workspaces with everything a page can show, each thing marked with whose it is.

Built through the whole ring, over two real sandboxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.test import Client
from django.utils import timezone

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import Role
from mlopsportal.accounts.workflow import create_token
from mlopsportal.audit.actions import SYSTEM
from mlopsportal.audit.models import Event
from mlopsportal.changes import workflow
from mlopsportal.changes.models import ChangeRequest
from registry.models import Cloud, Finding, FindingKind, Run, Workspace
from registry.sync import sync_workspace
from registry.workflow import request_logs, request_steps
from scheduling.models import ScheduleState
from tests.queue.draining import drain
from tests.sandbox.doors import Raw, data, environment
from tests.sandbox_server import RunningSandbox, running_sandbox

MINE, THEIRS = "zebra", "quagga"
Documents = list[tuple[str, str]]


@dataclass
class Side:
    """One of the two workspaces, the people of it, and one object of each kind by what an address calls it."""

    mark: str
    workspace: Workspace
    users: dict[str, User] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)

    def browser(self, role: str) -> Client:
        return browser_of(self.users[role])


@dataclass
class World:
    """Both workspaces, a site administrator, somebody with no role at all, and a token of this side's author."""

    mine: Side
    theirs: Side
    root: User
    outsider: User
    secret: str

    def principals(self) -> dict[str, Client]:
        """A client for each kind of caller, by its name in the table of expectations."""
        clients = {"anonymous": Client(), "outsider": browser_of(self.outsider), "site_admin": browser_of(self.root)}
        clients |= {role.value: self.mine.browser(role.value) for role in Role}
        return {**clients, "token": Client(headers={"authorization": f"Bearer {self.secret}"})}


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


# Stock of a sandbox


@contextmanager
def marked_sandbox(mark: str) -> Iterator[RunningSandbox]:
    """A sandbox of its own subscription that holds what the documents of this side refer to."""
    with running_sandbox(time_scale=3600) as sandbox:
        raw = Raw(sandbox)
        for kind, body in (("environments", environment(f"{mark}.invalid/image:1")), ("data", data(f"{mark}/in"))):
            body["properties"] |= {"description": f"{mark} {kind}", "tags": {f"{mark}-tag": f"{mark}-value"}}
            answer = raw("PUT", f"{kind}/{mark}_{kind}/versions/1", body)
            assert answer.status == 201, answer.body
        model = {"modelType": "custom_model", "modelUri": f"azureml://datastores/workspaceblobstore/paths/{mark}/m"}
        common = {"description": f"{mark} model", "tags": {f"{mark}-tag": "x"}, "isAnonymous": False}
        answer = raw("PUT", f"models/{mark}_model/versions/1", {"properties": {**model, **common, "isArchived": False}})
        assert answer.status == 201, answer.body
        raw.close()
        yield sandbox


def documents_of(mark: str, version: int = 1) -> Documents:
    """A component, a pipeline of it and a schedule, of one version."""
    component = f"""
name: {mark}_prep
version: "{version}"
type: command
display_name: {mark} Prepare
description: {mark} prepares
tags: {{{mark}-tag: {mark}-value}}
inputs:
  raw: {{type: uri_folder, description: {mark} raw}}
outputs:
  clean: {{type: uri_folder}}
command: python {mark}.py ${{{{inputs.raw}}}} ${{{{outputs.clean}}}}
environment: azureml:{mark}_environments:1
"""
    pipeline = f"""
name: {mark}_pipe
version: "{version}"
type: pipeline
display_name: {mark} Pipe
description: {mark} pipe
inputs:
  raw: {{type: uri_folder}}
outputs:
  out: {{type: uri_folder}}
jobs:
  {mark}_node:
    type: command
    component: azureml:{mark}_prep:{version}
    inputs: {{raw: "${{{{parent.inputs.raw}}}}"}}
    outputs: {{clean: "${{{{parent.outputs.out}}}}"}}
"""
    schedule = f"""
name: {mark}_weekly
display_name: {mark} Weekly
description: {mark} weekly
trigger: {{type: cron, expression: "{version} 6 * * 1", time_zone: UTC, start_time: "2030-01-07T06:00:00"}}
create_job:
  type: pipeline
  job: azureml:{mark}_pipe:{version}
  inputs: {{raw: {{type: uri_folder, path: "azureml:{mark}_data:1"}}}}
"""
    return [(f"{mark}-prep.yml", component), (f"{mark}-pipe.yml", pipeline), (f"{mark}-weekly.yml", schedule)]


def run_of(mark: str) -> str:
    return f"""
action: run
target: "component:{mark}_pipe:1"
display_name: {mark} run
experiment_name: {mark}-exp
inputs: {{raw: {{type: uri_folder, path: "azureml:{mark}_data:1"}}}}
"""


# The ring


def build_side(mark: str, sandbox: RunningSandbox) -> Side:
    """Let everything happen in one workspace that leaves something to show."""
    side = Side(mark, make_workspace(mark, sandbox))
    for role in Role:
        side.users[role.value] = User.objects.create_user(f"{mark}-{role.value}", password="correct horse battery")
        Membership.objects.create(user=side.users[role.value], workspace=side.workspace, role=role)
    sync_workspace(side.workspace, actor=SYSTEM, reason="test")
    ring(side, documents_of(mark))
    ring(side, [("run.yml", run_of(mark))])
    sandbox.advance(7200)
    sync_workspace(side.workspace, actor=SYSTEM, reason=mark)
    read_steps_and_logs(side)
    leave_open_changes(side)
    name_objects(side)
    return side


def make_workspace(mark: str, sandbox: RunningSandbox) -> Workspace:
    return Workspace.objects.create(
        slug=mark,
        cloud=Cloud.SANDBOX,
        endpoint=sandbox.url,
        subscription_id=sandbox.subscription_id,
        resource_group=sandbox.resource_group,
        name=sandbox.workspace,
        display_name=f"{mark} workspace",
        connection_message=f"{mark} connected",
    )


def actor(side: Side, role: str) -> Any:
    return actor_of_user(side.users[role])


def opened(side: Side, documents: Documents, *, submit: bool = True) -> ChangeRequest:
    mark = side.mark
    change = workflow.open_change(
        side.workspace,
        documents,
        actor=actor(side, "author"),
        title=f"{mark} title",
        description=f"{mark} description",
        submit=submit,
    )
    drain()
    return fresh(change)


def fresh(change: ChangeRequest) -> ChangeRequest:
    return ChangeRequest.objects.select_related("workspace", "plan", "author").get(pk=change.pk)


def approved(side: Side, change: ChangeRequest) -> ChangeRequest:
    given = {"plan_digest": change.plan_digest, "comment": f"{side.mark} fine"}
    workflow.review(change, verdict="approve", actor=actor(side, "reviewer"), **given)
    return fresh(change)


def ring(side: Side, documents: Documents) -> ChangeRequest:
    change = opened(side, documents)
    assert change.state == "in_review", (change.state, change.reason, change.plan and change.plan.problems)
    change = workflow.request_apply(approved(side, change), actor=actor(side, "operator"))
    drain()
    change = fresh(change)
    assert change.state == "applied", (change.state, change.reason)
    return change


def read_steps_and_logs(side: Side) -> None:
    run = Run.objects.get(workspace=side.workspace, experiment=f"{side.mark}-exp")
    request_steps(run)
    drain("sync")
    request_logs(run, run.steps.all()[0].run_id_azure)
    drain("sync")


def leave_open_changes(side: Side) -> None:
    """One change in each state that has buttons of its own, and what else a list can show."""
    mark = side.mark
    opened(side, [(f"{mark}-bad.yml", f"{mark}: [")], submit=False)
    side.named["draft"] = opened(side, documents_of(mark, 4)[:1], submit=False)
    side.named["in_review"] = opened(side, documents_of(mark, 2)[:1])
    side.named["approved"] = approved(side, opened(side, documents_of(mark, 3)[:1]))
    workflow.comment(side.named["in_review"], text=f"{mark} comment", actor=actor(side, "author"))
    now = timezone.now()
    Finding.objects.create(
        workspace=side.workspace,
        kind=FindingKind.CONTENT_CHANGED,
        ref=f"component:{mark}_prep:1",
        detail={"mark": mark},
        found_at=now,
        last_seen_at=now,
    )


def name_objects(side: Side) -> None:
    """Remember one object of each kind, for the addresses that name it."""
    workspace, named = side.workspace, side.named
    run = Run.objects.filter(workspace=workspace).exclude(steps=None)[0]
    token, secret = create_token(side.users["author"], f"{side.mark} build", 30, actor=actor(side, "author"))
    named |= {
        "finding": Finding.objects.filter(workspace=workspace)[0].pk,
        "run": run.job_name,
        "step": run.steps.all()[0].run_id_azure,
        "event": Event.objects.filter(workspace=side.mark).order_by("-pk")[0].pk,
        "state": ScheduleState.objects.filter(workspace=workspace)[0].digest,
        "token": str(token.ref),
        "secret": secret,
        "membership": Membership.objects.get(user=side.users["viewer"], workspace=workspace).pk,
        "user": str(side.users["viewer"].ref),
    }


def world(sandboxes: dict[str, RunningSandbox]) -> World:
    mine, theirs = (build_side(mark, sandboxes[mark]) for mark in (MINE, THEIRS))
    root = User.objects.create_superuser("root", password="correct horse battery")
    outsider = User.objects.create_user("outsider", password="correct horse battery")
    return World(mine, theirs, root, outsider, mine.named["secret"])


def tables() -> list[str]:
    """Every table of our own apps."""
    ours = ("registry", "scheduling", "changes", "accounts", "audit", "queue")
    models = [model for label in ours for model in apps.get_app_config(label).get_models(include_auto_created=True)]
    return sorted({model._meta.db_table for model in models if model._meta.managed})
