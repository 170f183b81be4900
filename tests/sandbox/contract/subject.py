"""The workspace under test, and what the calls make in it."""

from __future__ import annotations

import io
import textwrap
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure.ai.ml import load_component, load_job
from azure.ai.ml.entities import (
    Data,
    Environment,
    Job,
)

from tests.sandbox_server import RunningSandbox

IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"

ENDED = ("Completed", "Failed", "Canceled")


@dataclass
class Contract:
    """The workspace under test; `sandbox` is None for a real one.

    The SDK declares every field as perhaps missing; that they are there is what is asserted, so `ml` is untyped.
    """

    ml: Any
    sandbox: RunningSandbox | None
    environment: str = ""

    def name(self, what: str) -> str:
        return f"contract_{what}_{uuid.uuid4().hex[:8]}"

    def pass_time(self, job: str) -> str:
        """Let a run come to its end; return its last status."""
        if self.sandbox:
            self.sandbox.advance(7200)
        deadline = time.monotonic() + (0 if self.sandbox else 3600)
        while (status := word(self.ml.jobs.get(job).status)) not in ENDED and time.monotonic() < deadline:
            time.sleep(15)
        return status


def word(status: Any) -> str:
    """Azure's word for a status, which the SDK gives as text or as a member of an enumeration."""
    return str(getattr(status, "value", status))


def with_environment(contract: Contract) -> Contract:
    made = contract.ml.environments.create_or_update(Environment(name=contract.name("env"), version="1", image=IMAGE))
    contract.environment = f"azureml:{made.name}:{made.version}"
    return contract


def make_component(contract: Contract, name: str = "", version: str | None = "1", code: str = "") -> Any:
    text = f"""
        name: {name or contract.name("step")}
        type: command
        display_name: Step
        inputs:
          source: {{type: uri_folder}}
          rate: {{type: number, default: 0.1}}
        outputs:
          result: {{type: uri_folder}}
        command: echo ${{{{inputs.source}}}} ${{{{inputs.rate}}}} > ${{{{outputs.result}}}}/out.txt
        environment: {contract.environment}
        """
    text = textwrap.dedent(text) + (f'version: "{version}"\n' if version else "") + (f"code: {code}\n" if code else "")
    return contract.ml.components.create_or_update(load_component(io.StringIO(text)))


def make_data(contract: Contract, name: str = "", version: str = "1") -> Any:
    path = "azureml://datastores/workspaceblobstore/paths/contract/"
    asset = Data(name=name or contract.name("data"), version=version, type="uri_folder", path=path)
    return contract.ml.data.create_or_update(asset)


def pipeline_job(contract: Contract, *, reference: str = "") -> Job:
    source = make_data(contract)
    reference = reference or f"azureml:{make_component(contract).name}:1"
    text = f"""
        type: pipeline
        display_name: Contract
        experiment_name: contract
        settings: {{default_compute: azureml:serverless}}
        inputs:
          source: {{type: uri_folder, path: "azureml:{source.name}:{source.version}"}}
        jobs:
          first:
            type: command
            component: {reference}
            inputs: {{source: "${{{{parent.inputs.source}}}}", rate: 0.2}}
          second:
            type: command
            component: {reference}
            inputs: {{source: "${{{{parent.jobs.first.outputs.result}}}}"}}
        """
    job = load_job(io.StringIO(textwrap.dedent(text)))
    job.name = contract.name("run")
    return job


def submit(contract: Contract) -> Any:
    return contract.ml.jobs.create_or_update(pipeline_job(contract))


def archived(call: Callable[..., Any], view: Any, **named: Any) -> list[str]:
    """Names in a list view; of one asset's versions when `name` is given."""
    key = "version" if "name" in named else "name"
    return [str(getattr(item, key)) for item in call(list_view_type=view, **named)]
