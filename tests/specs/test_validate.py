from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mlopsportal.specs.documents import Document, read
from mlopsportal.specs.problems import Severity
from mlopsportal.specs.validate import check, judge
from tests.specs.building import GUIDE_FILES, advice, demo, document, errors, guide

COMPONENT = """
    type: command
    name: train
    version: 1
    command: python train.py
    environment: azureml:train-env:1
"""


def test_the_guides_component_is_right_as_it_stands() -> None:
    assert check(guide())["data-prep-component.yml"] == []


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("training-pipeline.yml", {"binding-old-jobs", "compute-missing"}),
        ("pipeline-schedule.yml", {"schedule-time-zone-place", "schedule-job-form"}),
        ("data-driven-schedule.yml", {"schedule-job-form"}),
    ],
)
def test_the_guides_other_files_say_what_is_wrong_and_how_to_fix_it(path: str, codes: set[str]) -> None:
    found = [problem for problem in check(guide())[path] if problem.severity is Severity.ERROR]
    assert {problem.code for problem in found} == codes
    assert all(problem.fix and problem.line and problem.column for problem in found)


def test_the_guides_old_binding_is_found_at_its_line_with_the_new_form() -> None:
    problems = check(guide())["training-pipeline.yml"]
    first = next(problem for problem in problems if problem.code == "binding-old-jobs")
    assert (first.path, first.line) == ("jobs.train_job.inputs.training_data", 19)
    assert "${{parent.jobs.data_prep_job.outputs.prepared_data}}" in first.fix


def test_the_guides_files_repaired_have_no_error_left() -> None:
    judged = judge(guide(), mirror=demo())
    assert {path: item.ok for path, item in judged.items()} == dict.fromkeys(GUIDE_FILES, True)
    assert sum(len(item.repairs) for item in judged.values()) == 9


def test_without_its_component_the_guides_pipeline_refers_to_nothing() -> None:
    others = [item for item in guide() if item.path != "data-prep-component.yml"]
    problems = judge(others, mirror=demo())["training-pipeline.yml"].problems
    (unknown,) = [problem for problem in problems if problem.is_error]
    assert (unknown.code, unknown.path) == ("reference-unknown", "jobs.data_prep_job.component")


def test_two_documents_of_one_name_are_refused() -> None:
    found = check([document(COMPONENT, "a.yml"), document(COMPONENT, "b.yml")])
    assert [problem.code for problem in found["b.yml"]] == ["document-duplicate"]
    assert found["a.yml"] == []


def test_files_that_only_lie_in_one_tree_may_make_the_same_thing() -> None:
    text = "type: command\nname: c\nversion: 1\ncommand: echo\nenvironment: azureml:e:1\n"
    found = check([read("x/a.yml", text), read("y/a.yml", text)], as_one=False)
    assert found == {"x/a.yml": [], "y/a.yml": []}


def test_a_name_means_the_component_of_the_same_folder() -> None:
    def component(port: str) -> str:
        inputs = f"inputs: {{{port}: {{type: string}}}}\n"
        return f"type: command\nname: c\nversion: 1\n{inputs}command: echo\nenvironment: azureml:e:1\n"

    step = "type: pipeline\njobs: {s: {component: 'azureml:c:1', compute: azureml:cpu, inputs: {b: x}}}\n"
    tree = [read("x/c.yml", component("a")), read("y/c.yml", component("b")), read("y/p.yml", step)]
    found = check([*tree, read("x/p.yml", step), read("z/p.yml", step)], as_one=False)
    refused = {path for path, problems in found.items() if any(problem.is_error for problem in problems)}
    assert refused == {"x/p.yml"}  # in z nobody can tell which of the two is meant


def test_documents_that_need_each_other_are_refused() -> None:
    def pipeline(name: str, other: str) -> Document:
        text = f"type: pipeline\nname: {name}\nversion: 1\njobs:\n  x: {{type: pipeline, component: ./{other}.yml}}\n"
        return document(text, f"{name}.yml")

    found = check([pipeline("a", "b"), pipeline("b", "a")])
    assert "document-cycle" in {problem.code for problems in found.values() for problem in problems}


@pytest.mark.parametrize(
    "text",
    [
        "name: x\ntype: uri_folder\npath: azureml://datastores/a/paths/b\n",
        "name: x\ntype: custom_model\npath: azureml://datastores/a/paths/b\n",
        "name: x\nversion: 1\nimage: python:3.11\n",
        "name: x\ntype: spark\nversion: 1\nentry: {file: a.py}\n",
        "name: x\ntrigger: {type: cron}\ncreate_monitor: {}\n",
    ],
)
def test_kinds_that_changes_do_not_manage_say_so(text: str) -> None:
    assert "kind-not-managed" in advice(text)
    assert "kind-not-managed" in errors(text, mirror=demo())


@pytest.mark.parametrize("text", ["steps:\n- script: make\n", "a: 1\n", "name: x\n"])
def test_other_files_are_no_documents(text: str) -> None:
    assert "kind-unknown" in errors(text)


def test_problems_come_in_the_order_of_their_lines() -> None:
    problems = check(guide())["training-pipeline.yml"]
    assert [problem.line for problem in problems] == sorted(problem.line or 0 for problem in problems)


def test_a_file_beside_with_problems_counts_for_the_one_that_takes_it_in() -> None:
    pipeline = document("type: pipeline\ncompute: azureml:c\njobs: {a: {type: command, component: ./c.yml}}", "p.yml")
    broken = document("type: command\nname: c\ncommand: x\n", "c.yml")
    found = check([pipeline], beside={"c.yml": broken})["p.yml"]
    assert [problem.code for problem in found] == ["file-problems"]
    assert "no environment" in found[0].message


def test_a_secret_is_pointed_at_and_never_shown() -> None:
    secret = "AccountKey=" + "Zm9vYmFyYmF6cXV4" * 3
    found = advice(f"{COMPONENT}    description: {secret}\n")["secret-value"]
    assert found.path == "description"
    assert secret not in found.message + found.fix


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "file:/etc/passwd", "~/x", "C:\\\\x", "\\\\\\\\host\\\\x", "file:%2fetc"]
)
def test_absolute_paths_are_refused(path: str) -> None:
    assert "path-outside" in errors(f'{COMPONENT}    code: "{path}"\n')


def test_paths_out_of_the_bundle_are_refused_in_a_change() -> None:
    assert "path-outside" in errors(f"{COMPONENT}    code: ../src\n", mirror=demo())
    assert "path-outside" in errors(f"{COMPONENT}    code: a/../../src\n", mirror=demo())


def test_code_folders_are_advice_offline_and_an_error_in_a_change() -> None:
    text = f"{COMPONENT}    code: ./src\n"
    assert "code-upload" in advice(text)
    assert "code-upload" in errors(text, mirror=demo())


def test_a_schedule_that_has_ended_is_an_error_and_one_that_began_is_advice() -> None:
    text = """
        name: s
        trigger: {type: cron, expression: "0 6 * * *", start_time: "2020-01-01T00:00:00", END}
        create_job: azureml:p:1
    """
    now = datetime(2026, 11, 23, tzinfo=UTC)
    ended = document(text.replace("END", 'end_time: "2021-01-01T00:00:00"'))
    running = document(text.replace(", END", ""))
    assert "schedule-ended" in {problem.code for problem in check([ended], now=now)["a.yml"]}
    assert {problem.code for problem in check([running], now=now)["a.yml"]} == {"schedule-start-past"}


def test_what_is_known_not_to_be_there_is_missing() -> None:
    text = f"{COMPONENT}    code: ./src\n    additional_includes: [../shared.zip]\n"
    one = document(text, "c/a.yml")
    there = {"c/src", "shared/"}
    assert check([one], exists=there.__contains__)["c/a.yml"] == check([one])["c/a.yml"]
    missing = [problem.path for problem in check([one], exists={"c/src"}.__contains__)["c/a.yml"] if problem.is_error]
    assert missing == ["additional_includes[0]"]


@pytest.mark.parametrize(("written", "meant"), [("comand", "command"), ("Pipline", "pipeline")])
def test_a_mistyped_type_is_told_with_what_was_meant(written: str, meant: str) -> None:
    [problem] = errors(f"name: c\ntype: {written}\nenvironment: azureml:e:1\n").values()
    assert (problem.code, problem.path, problem.line) == ("kind-unknown", "type", 2)
    assert problem.fix == f"Did you mean `type: {meant}`?"
