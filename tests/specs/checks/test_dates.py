from __future__ import annotations

import pytest

from tests.specs.building import advice, errors

COMPONENT = "type: command\nname: c\nenvironment: azureml:e:1\ncommand: run\n"
JOB = (
    "type: pipeline\nsettings: {default_compute: azureml:c}\n%s\n"
    "jobs:\n  a: {type: command, component: 'azureml:c:1', %s}\n"
)
SCHEDULE = "name: s\ntrigger: {type: recurrence, frequency: day, interval: 1%s}\ncreate_job: azureml:j:1\n%s"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (COMPONENT + "tags: {d: 2024-01-31}\n", "tags.d"),
        (COMPONENT + "tags: {d: 2024-01-31 10:00:00}\n", "tags.d"),
        (COMPONENT + "properties: {d: 2024-01-31}\n", "properties.d"),
        (COMPONENT + "description: 2024-01-31\n", "description"),
        (COMPONENT + "inputs: {x: {type: string, default: 2024-01-31}}\n", "inputs.x.default"),
        (COMPONENT + "inputs: {x: {type: string, enum: [2024-01-31]}}\n", "inputs.x.enum[0]"),
        (JOB % ("inputs: {x: 2024-01-31}", ""), "inputs.x"),
        (JOB % ("", "inputs: {x: 2024-01-31T10:00:00Z}"), "jobs.a.inputs.x"),
        (JOB % ("", "outputs: {x: {name: n, version: 2024-01-31}}"), "jobs.a.outputs.x.version"),
        (SCHEDULE % (", start_time: 2024-01-31T10:00:00", ""), "trigger.start_time"),
        (SCHEDULE % ("", "description: 2024-01-31\n"), "description"),
    ],
)
def test_a_date_without_quotes_is_told_where_azure_ai_ml_refuses_it(text: str, path: str) -> None:
    found = errors(text)["yaml-date"]
    assert found.path == path
    assert found.line is not None
    assert "in quotes" in found.fix
    quoted = text.replace(found.fix.split('"')[1], f'"{found.fix.split(chr(34))[1]}"')
    assert "yaml-date" not in errors(quoted)


@pytest.mark.parametrize(
    "text",
    [
        COMPONENT + "version: 2024-01-31\n",
        COMPONENT + "tags: {d: 2024-1-31}\n",
        JOB % ("", "tags: {d: 2024-01-31}"),
        JOB % ("", "description: 2024-01-31"),
        JOB % ("", "environment_variables: {D: 2024-01-31}"),
        SCHEDULE % ("", "tags: {d: 2024-01-31}\n"),
    ],
)
def test_a_date_that_azure_ai_ml_makes_a_text_of_is_let_be(text: str) -> None:
    assert "yaml-date" not in errors(text)


@pytest.mark.parametrize("version", ["1.10", "01", "true", "1_0"])
def test_a_version_that_others_read_in_another_way_is_pointed_at(version: str) -> None:
    found = advice(f"{COMPONENT}version: {version}\n")["version-unquoted"]
    assert (found.path, found.line, found.fix) == ("version", 5, f'Write `version: "{version}"`, in quotes.')
    assert "version-unquoted" not in advice(f"{COMPONENT}version: '{version}'\n")


@pytest.mark.parametrize("version", ["1", "1.0", "1.5", "1.0.2", "v1"])
def test_a_version_that_everybody_reads_alike_is_let_be(version: str) -> None:
    assert "version-unquoted" not in advice(f"{COMPONENT}version: {version}\n")


def test_an_empty_property_of_a_component_is_refused_and_a_number_is_not() -> None:
    assert errors(COMPONENT + "properties: {d: }\n")["value-type"].path == "properties.d"
    assert errors(COMPONENT + "properties: {d: 1}\n") == {}


@pytest.mark.parametrize("run", ["experiment_name: e", "compute: azureml:c", "inputs: {x: 1}"])
def test_a_pipeline_that_says_how_it_is_run_is_a_job_whatever_its_version(run: str) -> None:
    found = errors(JOB.replace("settings", "version: 3\nsettings") % (run, ""))["job-version"]
    assert (found.path, found.line) == ("version", 2)


@pytest.mark.parametrize(
    ("services", "path"),
    [
        ("[a]", "services"),
        ("", "services"),
        ("{s: a}", "services.s"),
        ("{s: {job_service_type: ssh}}", "services.s.job_service_type"),
        ("{s: {type: custom, port: abc}}", "services.s.port"),
    ],
)
def test_services_that_azure_ai_ml_refuses_are_told_in_jobs_and_steps(services: str, path: str) -> None:
    job = errors(JOB % (f"services: {services}", ""))
    step = errors((JOB % ("", "")).replace("'azureml:c:1', ", f"'azureml:c:1', services: {services or '~'}"))
    assert [problem.path for problem in job.values()] == [path]
    assert [problem.path for problem in step.values()] == [f"jobs.a.{path}"]


@pytest.mark.parametrize(
    "services", ["{s: {type: ssh, ssh_public_keys: k}}", "{s: {}}", "{s: {type: custom, port: 1}}"]
)
def test_services_that_azure_ai_ml_takes_are_let_be(services: str) -> None:
    assert errors(JOB % (f"services: {services}", "")) == {}


def test_a_date_that_never_leaves_a_component_is_let_be() -> None:
    assert "yaml-date" not in errors(COMPONENT + "resources: {properties: {d: 2024-01-31}}\n")
