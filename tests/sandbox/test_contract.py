"""Every SDK call the portal relies on, and what must come back: from the sandbox, or from a real workspace.

Set MLOPSPORTAL_CONTRACT_WORKSPACE to `subscription/resource_group/workspace` to run it against Azure ML, as whoever
DefaultAzureCredential finds: `pytest -o addopts= tests/sandbox/test_contract.py`, as the usual options shut every
socket but loopback. It makes assets, runs and schedules whose names start with `contract`.
"""

from __future__ import annotations

import io
import os
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import MLClient, load_component, load_job
from azure.ai.ml.constants import ListViewType
from azure.ai.ml.entities import (
    CommandComponent,
    CronTrigger,
    Data,
    Environment,
    Job,
    JobSchedule,
    Model,
    PipelineComponent,
    RecurrencePattern,
    RecurrenceTrigger,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.doors import sdk
from tests.sandbox_server import RunningSandbox, running_sandbox

LIVE = os.environ.get("MLOPSPORTAL_CONTRACT_WORKSPACE", "")
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


@pytest.fixture(scope="module")
def contract() -> Iterator[Contract]:
    if LIVE:
        from azure.identity import DefaultAzureCredential

        ml = MLClient(DefaultAzureCredential(), *LIVE.split("/"), cloud="AzureCloud", show_progress=False)
        yield with_environment(Contract(ml, None))
        return
    with running_sandbox() as sandbox:
        yield with_environment(Contract(sdk(sandbox), sandbox))


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


# Workspace, datastores, computes


def workspaces_get(contract: Contract) -> None:
    found = contract.ml.workspaces.get(contract.ml.workspace_name)
    assert found.name == contract.ml.workspace_name
    assert found.location
    assert str(found.id).lower().endswith(f"/workspaces/{found.name}".lower())


def workspaces_list(contract: Contract) -> None:
    assert contract.ml.workspace_name in [item.name for item in contract.ml.workspaces.list()]


def datastores_list(contract: Contract) -> None:
    assert "workspaceblobstore" in [item.name for item in contract.ml.datastores.list()]


def datastores_get(contract: Contract) -> None:
    found = contract.ml.datastores.get("workspaceblobstore")
    assert (found.name, str(found.type)) == ("workspaceblobstore", "DatastoreType.AZURE_BLOB")


def datastores_get_default(contract: Contract) -> None:
    assert contract.ml.datastores.get_default().name == "workspaceblobstore"


def datastores_get_with_secrets(contract: Contract) -> None:
    assert contract.ml.datastores.get("workspaceblobstore", include_secrets=True).name == "workspaceblobstore"


def compute_list(contract: Contract) -> None:
    assert all(item.name for item in contract.ml.compute.list())


def compute_get_missing(contract: Contract) -> None:
    with pytest.raises(ResourceNotFoundError):
        contract.ml.compute.get("no-such-cluster")


# Environments, data, models


def environments_roundtrip(contract: Contract) -> None:
    name = contract.name("env")
    contract.ml.environments.create_or_update(Environment(name=name, version="1", image=IMAGE))
    contract.ml.environments.create_or_update(Environment(name=name, version="2", image=IMAGE, description="two"))
    assert contract.ml.environments.get(name, "1").image == IMAGE
    assert contract.ml.environments.get(name, label="latest").version == "2"
    assert [item.version for item in contract.ml.environments.list(name=name)] == ["2", "1"]
    assert name in [item.name for item in contract.ml.environments.list()]


def environments_archive(contract: Contract) -> None:
    name = contract.name("env")
    contract.ml.environments.create_or_update(Environment(name=name, version="1", image=IMAGE))
    check_archive(contract.ml.environments, name)


def data_roundtrip(contract: Contract) -> None:
    name = contract.name("data")
    make_data(contract, name)
    made = make_data(contract, name, "2")
    assert (made.name, made.version, made.type) == (name, "2", "uri_folder")
    assert contract.ml.data.get(name, "1").version == "1"
    assert contract.ml.data.get(name, label="latest").version == "2"
    assert [item.version for item in contract.ml.data.list(name=name)] == ["2", "1"]
    assert name in [item.name for item in contract.ml.data.list()]


def data_archive(contract: Contract) -> None:
    name = contract.name("data")
    make_data(contract, name)
    check_archive(contract.ml.data, name)


def models_roundtrip(contract: Contract) -> None:
    name = contract.name("model")
    for version in ("1", "2"):
        path = f"azureml://datastores/workspaceblobstore/paths/contract/{version}/"
        contract.ml.models.create_or_update(Model(name=name, version=version, path=path, type="custom_model"))
    assert contract.ml.models.get(name, "1").type == "custom_model"
    assert contract.ml.models.get(name, label="latest").version == "2"
    assert [item.version for item in contract.ml.models.list(name=name)] == ["2", "1"]
    assert name in [item.name for item in contract.ml.models.list()]


def models_archive(contract: Contract) -> None:
    name = contract.name("model")
    path = "azureml://datastores/workspaceblobstore/paths/contract/"
    contract.ml.models.create_or_update(Model(name=name, version="1", path=path, type="custom_model"))
    check_archive(contract.ml.models, name)


def check_archive(operations: Any, name: str) -> None:
    """Archive and restore a version, then the whole container."""
    operations.archive(name=name, version="1")
    assert archived(operations.list, ListViewType.ARCHIVED_ONLY, name=name) == ["1"]
    assert archived(operations.list, ListViewType.ACTIVE_ONLY, name=name) == []
    assert archived(operations.list, ListViewType.ALL, name=name) == ["1"]
    operations.restore(name=name, version="1")
    assert archived(operations.list, ListViewType.ACTIVE_ONLY, name=name) == ["1"]
    operations.archive(name=name)
    assert name in archived(operations.list, ListViewType.ARCHIVED_ONLY)
    assert name not in archived(operations.list, ListViewType.ACTIVE_ONLY)
    operations.restore(name=name)
    assert name in archived(operations.list, ListViewType.ACTIVE_ONLY)


# Components


def components_create(contract: Contract) -> None:
    made = make_component(contract)
    assert isinstance(made, CommandComponent)
    assert (made.version, made.type, set(made.inputs)) == ("1", "command", {"source", "rate"})
    assert made.creation_context is not None
    assert made.creation_context.created_at
    assert made.environment


def components_create_without_version(contract: Contract) -> None:
    name = contract.name("step")
    assert make_component(contract, name, None).version == "1"
    make_component(contract, name, "7")
    assert make_component(contract, name, None).version == "8"


def components_skip_if_no_change(contract: Contract) -> None:
    made = make_component(contract)
    again = load_component(io.StringIO(component_text(contract, made.name)))
    assert contract.ml.components.create_or_update(again, skip_if_no_change=True).version == "1"


def component_text(contract: Contract, name: str) -> str:
    return f"name: {name}\ntype: command\ncommand: echo\nenvironment: {contract.environment}\nversion: '1'\n".replace(
        "command: echo",
        "display_name: Step\ninputs:\n  source: {type: uri_folder}\n  rate: {type: number, default: 0.1}\n"
        "outputs:\n  result: {type: uri_folder}\n"
        "command: echo ${{inputs.source}} ${{inputs.rate}} > ${{outputs.result}}/out.txt",
    )


def components_get(contract: Contract) -> None:
    name = make_component(contract).name
    make_component(contract, name, "2")
    assert contract.ml.components.get(name, "1").version == "1"
    assert contract.ml.components.get(name).version == "2"
    assert contract.ml.components.get(name, label="latest").version == "2"


def components_list(contract: Contract) -> None:
    name = make_component(contract).name
    make_component(contract, name, "2")
    assert [item.version for item in contract.ml.components.list(name=name)] == ["2", "1"]
    listed = {item.name: item for item in contract.ml.components.list()}
    assert listed[name].latest_version == "2"


def components_archive(contract: Contract) -> None:
    check_archive(contract.ml.components, make_component(contract).name)


def components_with_code(contract: Contract) -> None:
    folder = Path(os.environ["CONTRACT_CODE"])
    (folder / "step.py").write_text("print('hello')\n")
    first = make_component(contract, code=str(folder))
    second = make_component(contract, code=str(folder))
    assert "/codes/" in str(first.code)
    assert first.code == second.code


def components_pipeline(contract: Contract) -> None:
    step = make_component(contract)
    text = f"""
        name: {contract.name("flow")}
        version: "1"
        type: pipeline
        inputs:
          source: {{type: uri_folder}}
        outputs:
          result: {{type: uri_folder}}
        jobs:
          first:
            type: command
            component: azureml:{step.name}:1
            inputs: {{source: "${{{{parent.inputs.source}}}}"}}
            outputs: {{result: "${{{{parent.outputs.result}}}}"}}
        """
    made = contract.ml.components.create_or_update(load_component(io.StringIO(textwrap.dedent(text))))
    found = contract.ml.components.get(made.name, "1")
    assert isinstance(found, PipelineComponent)
    assert list(found.jobs) == ["first"]
    assert set(found.inputs) == {"source"}


# Jobs


def jobs_create(contract: Contract) -> None:
    made = submit(contract)
    assert word(made.status) in ("NotStarted", "Preparing", "Running", "Queued")
    assert made.experiment_name == "contract"
    assert set(made.jobs) == {"first", "second"}
    contract.ml.jobs.begin_cancel(made.name).result()


def jobs_create_by_latest(contract: Contract) -> None:
    name = make_component(contract).name
    make_component(contract, name, "2")
    made = contract.ml.jobs.create_or_update(pipeline_job(contract, reference=f"azureml:{name}@latest"))
    assert made.jobs["first"].component == f"{name}:2"
    contract.ml.jobs.begin_cancel(made.name).result()


def jobs_create_with_inline_step(contract: Contract) -> None:
    text = f"""
        type: pipeline
        experiment_name: contract
        settings: {{default_compute: azureml:serverless}}
        jobs:
          only:
            type: command
            command: echo hello
            environment: {{image: {IMAGE}}}
        """
    job = load_job(io.StringIO(textwrap.dedent(text)))
    job.name = contract.name("run")
    made = contract.ml.jobs.create_or_update(job)
    assert "azureml_anonymous" in str(made.jobs["only"].component)
    contract.ml.jobs.begin_cancel(made.name).result()


def jobs_create_command(contract: Contract) -> None:
    text = f"""
        type: command
        experiment_name: contract
        command: echo hello
        environment: {contract.environment}
        compute: azureml:serverless
        """
    job = load_job(io.StringIO(textwrap.dedent(text)))
    job.name, job.compute = contract.name("run"), None
    made = contract.ml.jobs.create_or_update(job)
    assert (made.name, made.type) == (job.name, "command")
    contract.ml.jobs.begin_cancel(made.name).result()


def jobs_get(contract: Contract) -> None:
    name = submit(contract).name
    found = contract.ml.jobs.get(name)
    assert (found.name, found.display_name) == (name, "Contract")
    assert found.inputs["source"].path
    contract.ml.jobs.begin_cancel(name).result()


def jobs_list(contract: Contract) -> None:
    name = submit(contract).name
    first = next(iter(contract.ml.jobs.list()))
    assert first.name == name, "runs come newest first"
    contract.ml.jobs.begin_cancel(name).result()


def jobs_list_by_tag(contract: Contract) -> None:
    job = pipeline_job(contract)
    job.tags = {"contract": job.name}
    contract.ml.jobs.create_or_update(job)
    assert [item.name for item in contract.ml.jobs.list(tag=f"contract={job.name}")] == [job.name]
    contract.ml.jobs.begin_cancel(job.name).result()


def jobs_children(contract: Contract) -> None:
    name = submit(contract).name
    assert contract.pass_time(name) == "Completed"
    steps = {item.display_name: item for item in contract.ml.jobs.list(parent_job_name=name)}
    assert {key: word(item.status) for key, item in steps.items()} == {"first": "Completed", "second": "Completed"}
    assert contract.ml.jobs.get(steps["first"].name).display_name == "first"


def jobs_stream(contract: Contract) -> None:
    name = submit(contract).name
    contract.pass_time(name)
    contract.ml.jobs.stream(name)


def jobs_rundata(contract: Contract) -> None:
    name = submit(contract).name
    contract.pass_time(name)
    child = next(iter(contract.ml.jobs.list(parent_job_name=name)))
    found = contract.ml.jobs._runs_operations.get_run_data(child.name)  # the SDK offers no public way to it
    assert found.run_metadata.run_id == child.name
    assert found.run_metadata.outputs["result"].asset_id.startswith("azureml://")


def jobs_update(contract: Contract) -> None:
    name = submit(contract).name
    job = contract.ml.jobs.get(name)
    job.display_name, job.description, job.tags = "Renamed", "why", {"a": "b"}
    contract.ml.jobs.create_or_update(job)
    found = contract.ml.jobs.get(name)
    assert (found.display_name, found.description, found.tags["a"]) == ("Renamed", "why", "b")
    contract.ml.jobs.begin_cancel(name).result()


def jobs_archive(contract: Contract) -> None:
    name = submit(contract).name
    contract.ml.jobs.archive(name)
    assert name in [item.name for item in contract.ml.jobs.list(list_view_type=ListViewType.ARCHIVED_ONLY)]
    assert name not in [item.name for item in contract.ml.jobs.list()]
    contract.ml.jobs.restore(name)
    assert name in [item.name for item in contract.ml.jobs.list()]
    contract.ml.jobs.begin_cancel(name).result()


def jobs_cancel(contract: Contract) -> None:
    name = submit(contract).name
    contract.ml.jobs.begin_cancel(name).result()
    assert word(contract.ml.jobs.get(name).status) in ("Canceled", "CancelRequested")


def jobs_cancel_ended(contract: Contract) -> None:
    name = submit(contract).name
    contract.pass_time(name)
    with pytest.raises(HttpResponseError) as refused:
        contract.ml.jobs.begin_cancel(name)
    assert refused.value.status_code == 400


def jobs_delete(contract: Contract) -> None:
    name = submit(contract).name
    contract.pass_time(name)
    contract.ml.jobs.begin_delete(name).result()
    with pytest.raises(ResourceNotFoundError):
        contract.ml.jobs.get(name)


# Schedules


def cron(contract: Contract, name: str) -> Any:
    trigger = CronTrigger(expression="0 2 * * 1", time_zone="W. Europe Standard Time", start_time="2030-01-01T00:00:00")
    return JobSchedule(name=name, trigger=trigger, create_job=pipeline_job(contract))


def drop(contract: Contract, name: str) -> None:
    contract.ml.schedules.begin_disable(name).result()
    contract.ml.schedules.begin_delete(name).result()


def schedules_create_cron(contract: Contract) -> None:
    name = contract.name("cron")
    made = contract.ml.schedules.begin_create_or_update(cron(contract, name)).result()
    assert (made.name, made.is_enabled, made.provisioning_state) == (name, True, "Succeeded")
    found = contract.ml.schedules.get(name)
    assert (found.trigger.expression, found.trigger.time_zone) == ("0 2 * * 1", "W. Europe Standard Time")
    drop(contract, name)


def schedules_create_recurrence(contract: Contract) -> None:
    name = contract.name("weekly")
    pattern = RecurrencePattern(hours=[2], minutes=[0], week_days=["monday", "friday"])
    trigger = RecurrenceTrigger(frequency="week", interval=2, schedule=pattern, start_time="2030-01-01T00:00:00")
    schedule = JobSchedule(name=name, trigger=trigger, create_job=pipeline_job(contract))
    contract.ml.schedules.begin_create_or_update(schedule).result()
    found = contract.ml.schedules.get(name)
    assert (found.trigger.frequency, found.trigger.interval) == ("week", 2)
    assert [day.lower() for day in found.trigger.schedule.week_days] == ["monday", "friday"]
    drop(contract, name)


def schedules_views(contract: Contract) -> None:
    name = contract.name("paused")
    contract.ml.schedules.begin_create_or_update(cron(contract, name)).result()
    contract.ml.schedules.begin_disable(name).result()
    listed = {
        view: name in [item.name for item in contract.ml.schedules.list(list_view_type=view)]
        for view in ("EnabledOnly", "DisabledOnly", "All")
    }
    assert listed == {"EnabledOnly": False, "DisabledOnly": True, "All": True}
    contract.ml.schedules.begin_enable(name).result()
    assert name in [item.name for item in contract.ml.schedules.list()]
    drop(contract, name)


def schedules_trigger(contract: Contract) -> None:
    name = contract.name("now")
    contract.ml.schedules.begin_create_or_update(cron(contract, name)).result()
    job_name = contract.ml.schedules.trigger(name).job_name
    assert job_name
    assert contract.ml.jobs.get(job_name).name == job_name
    started = contract.ml.jobs.list(schedule_defined=True, scheduled_job_name=name)
    assert [item.name for item in started] == [job_name]
    contract.ml.jobs.begin_cancel(job_name).result()
    drop(contract, name)


def schedules_delete(contract: Contract) -> None:
    name = contract.name("gone")
    contract.ml.schedules.begin_create_or_update(cron(contract, name)).result()
    drop(contract, name)
    with pytest.raises(ResourceNotFoundError):
        contract.ml.schedules.get(name)


# What is not there


def missing_things(contract: Contract) -> None:
    name = contract.name("missing")
    ml = contract.ml
    for versioned in (ml.components, ml.data, ml.models, ml.environments):
        with pytest.raises(ResourceNotFoundError):
            versioned.get(name, "1")
    for flat in (ml.jobs, ml.schedules, ml.datastores):
        with pytest.raises(ResourceNotFoundError):
            flat.get(name)


def unknown_component_is_refused(contract: Contract) -> None:
    with pytest.raises(HttpResponseError) as refused:
        contract.ml.jobs.create_or_update(pipeline_job(contract, reference=f"azureml:{contract.name('none')}:1"))
    assert refused.value.status_code in range(400, 500)
    assert refused.value.error is not None
    assert refused.value.error.code == "UserError"


def bad_cron_is_refused(contract: Contract) -> None:
    schedule = cron(contract, contract.name("bad"))
    schedule.trigger.expression = "banana"
    with pytest.raises(HttpResponseError) as refused:
        contract.ml.schedules.begin_create_or_update(schedule)
    assert refused.value.status_code in range(400, 500)


CALLS = (
    workspaces_get,
    workspaces_list,
    datastores_list,
    datastores_get,
    datastores_get_default,
    datastores_get_with_secrets,
    compute_list,
    compute_get_missing,
    environments_roundtrip,
    environments_archive,
    data_roundtrip,
    data_archive,
    models_roundtrip,
    models_archive,
    components_create,
    components_create_without_version,
    components_skip_if_no_change,
    components_get,
    components_list,
    components_archive,
    components_with_code,
    components_pipeline,
    jobs_create,
    jobs_create_by_latest,
    jobs_create_with_inline_step,
    jobs_create_command,
    jobs_get,
    jobs_list,
    jobs_list_by_tag,
    jobs_children,
    jobs_stream,
    jobs_rundata,
    jobs_update,
    jobs_archive,
    jobs_cancel,
    jobs_cancel_ended,
    jobs_delete,
    schedules_create_cron,
    schedules_create_recurrence,
    schedules_views,
    schedules_trigger,
    schedules_delete,
    missing_things,
    unknown_component_is_refused,
    bad_cron_is_refused,
)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call.__name__))
def test_the_workspace_answers(
    call: Callable[[Contract], None], contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The SDK looks for a git repository around the working directory, and for the code beside it.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTRACT_CODE", str(tmp_path))
    call(contract)
