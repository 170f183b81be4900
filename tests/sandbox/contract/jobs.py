"""Runs: started, followed, changed, cancelled, deleted."""

from __future__ import annotations

import io
import textwrap

import pytest
from azure.ai.ml import load_job
from azure.ai.ml.constants import ListViewType
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.contract.subject import (
    IMAGE,
    Contract,
    make_component,
    pipeline_job,
    submit,
    word,
)


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


CALLS = (
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
)
