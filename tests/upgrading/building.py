"""A small workspace in which a component has users: a pipeline, a pipeline around it, and a schedule."""

from __future__ import annotations

from mlopsportal.changes.states import State
from registry.models import Version
from tests.changes.building import Team, approved, fresh, opened, queued
from tests.queue.draining import drain


def component(version: str, *, inputs: str = "", outputs: str = "model: {type: uri_folder}") -> tuple[str, str]:
    """A version of `train`, which takes data and a rate."""
    text = f"""
name: train
version: "{version}"
type: command
display_name: Train
description: Trains
inputs:
  data: {{type: uri_folder}}
  rate: {{type: number, default: 0.1}}
{inputs}
outputs:
  {outputs}
command: python train.py --data ${{{{inputs.data}}}}
environment: azureml:data-prep-env:1
"""
    return f"train-{version}.yml", text


def pipeline(name: str, component_name: str, node: str) -> tuple[str, str]:
    text = f"""
name: {name}
version: "1"
type: pipeline
display_name: {name}
description: A pipeline
inputs:
  data: {{type: uri_folder}}
outputs:
  model: {{type: uri_folder}}
jobs:
  {node}:
    type: {"command" if component_name == "train" else "pipeline"}
    component: azureml:{component_name}:1
    inputs:
      data: ${{{{parent.inputs.data}}}}
    outputs:
      model: ${{{{parent.outputs.model}}}}
"""
    return f"{name}.yml", text


def inline(name: str) -> tuple[str, str]:
    """A pipeline with a component written out inside it, which alone names the environment."""
    text = f"""
name: {name}
version: "1"
type: pipeline
description: A pipeline with parts of its own
inputs:
  data: {{type: uri_folder}}
jobs:
  clean:
    type: command
    component:
      type: command
      inputs:
        data: {{type: uri_folder}}
      outputs:
        clean: {{type: uri_folder}}
      command: python clean.py ${{{{inputs.data}}}} ${{{{outputs.clean}}}}
      environment: azureml:data-prep-env:1
    inputs:
      data: ${{{{parent.inputs.data}}}}
  fit:
    type: command
    component: azureml:train:1
    inputs:
      data: ${{{{parent.jobs.clean.outputs.clean}}}}
"""
    return f"{name}.yml", text


SCHEDULE = (
    "weekly.yml",
    """
name: weekly
trigger:
  type: recurrence
  frequency: week
  interval: 1
  start_time: "2030-01-07T02:00:00"
  time_zone: UTC
  schedule: {hours: [2], minutes: [0], week_days: [monday]}
create_job:
  type: pipeline
  job: azureml:retraining:1
  inputs:
    data: {type: uri_folder, path: azureml:raw-data:1}
""",
)


def stocked(team: Team, *newer: tuple[str, str]) -> None:
    """Publish `train` 1 with its users, then newer versions of it."""
    users = (
        component("1"),
        pipeline("training", "train", "fit"),
        pipeline("retraining", "training", "inner"),
        SCHEDULE,
    )
    for documents in (users, *[(document,) for document in newer]):
        opened_one = opened(team, documents)
        assert opened_one.state == State.IN_REVIEW, [row.problems for row in opened_one.revision.documents.all()]
        change = queued(team, approved(team, opened_one))
        drain()
        assert fresh(change).state == State.APPLIED, fresh(change).reason


def version_of(team: Team, name: str, version: str) -> Version:
    rows = Version.objects.select_related("definition", "part")
    return rows.get(workspace=team.workspace, kind="component", name=name, version=version)
