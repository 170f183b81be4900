"""No file of this machine gets into what is compiled."""

from __future__ import annotations

import pytest

from mlopsportal import azureml
from tests.azureml.places import (
    STEP,
    component,
    run,
    schedule,
)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (component(code="./src"), "code"),
        (component(code="/etc"), "code"),
        (component(environment="file:/etc/passwd"), "environment"),
        (component(environment={"image": "x", "conda_file": "/etc/passwd"}), "environment.conda_file"),
        (component(additional_includes=["../x"]), "additional_includes[0]"),
        (run(jobs={"a": {**STEP, "component": "/etc/passwd"}}), "jobs.a.component"),
        (run(jobs={"a": {**STEP, "component": "file:../x.yml"}}), "jobs.a.component"),
        (run(jobs={"tags": {**STEP, "component": "file:x"}}), "jobs.tags.component"),
        (run(jobs={"command": {**STEP, "component": "file:x"}}), "jobs.command.component"),
        (run(jobs={"a": "file:/etc/passwd"}), "jobs.a"),
        (
            run(jobs={"a": {**STEP, "inputs": {"tags": {"type": "uri_folder", "path": "/etc"}}}}),
            "jobs.a.inputs.tags.path",
        ),
        (run(inputs={"x": {"type": "uri_file", "path": "/etc/passwd"}}), "inputs.x.path"),
        (run(settings={"default_compute": "/etc/passwd"}), "settings.default_compute"),
        (schedule(create_job={"type": "pipeline", "job": "./job.yml"}), "create_job.job"),
        (schedule(create_job="file:/etc/passwd"), "create_job"),
    ],
)
def test_no_file_of_this_machine_is_opened(
    portal: azureml.Connection, document: azureml.CompileInput, path: str
) -> None:
    with pytest.raises(azureml.CompileError) as caught:
        portal.compile([document])
    assert caught.value.path == path


def test_free_text_may_speak_of_files(portal: azureml.Connection) -> None:
    document = component(
        command="cat /etc/passwd",
        description="/etc/passwd",
        tags={"path": "/etc", "environment": "prod"},
        inputs={"folder": {"type": "string", "default": "/etc"}},
    )
    assert len(portal.compile([document, run(jobs={"a": {**STEP, "inputs": {"folder": "/etc"}}})])) == 2
