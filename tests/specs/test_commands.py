from __future__ import annotations

import json
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.specs.building import GUIDE, GUIDE_FILES


def output(command: str, *arguments: str, exits: int = 0) -> str:
    stdout = StringIO()
    leaving = pytest.raises(SystemExit) if exits else nullcontext()
    with leaving as caught:
        call_command(command, *arguments, stdout=stdout)
    assert (caught.value.code if caught else 0) == exits
    return stdout.getvalue()


def test_the_guides_files_are_judged_as_they_stand() -> None:
    paths = [str(GUIDE / name) for name in GUIDE_FILES]
    entries = json.loads(output("check_documents", "--json", *paths, exits=1))
    assert [(Path(entry["file"]).name, entry["ok"]) for entry in entries] == [
        (name, name == "data-prep-component.yml") for name in GUIDE_FILES
    ]
    problem = entries[1]["problems"][0]
    assert set(problem) == {"code", "path", "line", "column", "severity", "message", "fix"}
    assert set(entries[0]) == {"file", "kind", "ok", "problems"}


def test_a_right_file_exits_with_zero() -> None:
    assert "data-prep-component.yml: command component, ok" in output(
        "check_documents", str(GUIDE / "data-prep-component.yml")
    )


def test_people_see_place_code_and_fix() -> None:
    shown = output("check_documents", str(GUIDE / "training-pipeline.yml"), exits=1)
    assert "19:7 error binding-old-jobs jobs.train_job.inputs.training_data" in shown
    assert "${{parent.jobs.data_prep_job.outputs.prepared_data}}" in shown


def test_a_folder_is_walked_and_references_are_followed_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yml").write_text("broken: [")
    (tmp_path / "c.yml").write_text("type: command\nname: c\nversion: 1\ncommand: x\nenvironment: azureml:e:1\n")
    pipeline = tmp_path / "pipelines" / "p.yml"
    pipeline.write_text("type: pipeline\ncompute: azureml:c\njobs: {a: {type: command, component: ../c.yml}}\n")
    assert json.loads(output("check_documents", "--json", str(pipeline)))[0]["ok"] is True
    entries = json.loads(output("check_documents", "--json", str(tmp_path)))
    assert [Path(entry["file"]).name for entry in entries] == ["c.yml", "p.yml"]


def test_files_that_are_not_there_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("check_documents", str(tmp_path / "nope.yml"))
    with pytest.raises(CommandError, match="no YAML files"):
        call_command("check_documents", str(tmp_path))


def test_a_file_that_cannot_be_read_is_an_entry_like_others(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"a: \xff")
    (tmp_path / "b.yml").write_bytes(b"x" * 2_000_000)
    entries = json.loads(output("check_documents", "--json", str(tmp_path), exits=1))
    assert [entry["problems"][0]["code"] for entry in entries] == ["yaml-not-text", "yaml-too-large"]


def test_two_versions_are_compared(tmp_path: Path) -> None:
    left, right = tmp_path / "a.yml", tmp_path / "b.yml"
    left.write_text("type: command\nname: c\ninputs: {n: {type: number}}\n")
    right.write_text("type: command\nname: c\ninputs: {n: {type: integer}}\n")
    shown: dict[str, Any] = json.loads(output("compare_documents", str(left), str(right), "--json"))
    assert shown["verdict"] == "breaking"
    assert set(shown["reasons"][0]) == {"rule", "path", "message"}
    assert set(shown["changes"][0]) == {"path", "kind", "before", "after"}
    assert "verdict: breaking" in output("compare_documents", str(left), str(right))
    right.write_text("a: [")
    with pytest.raises(CommandError, match=r"b\.yml, line"):
        call_command("compare_documents", str(left), str(right))


def test_the_guides_schedule_is_forecast() -> None:
    shown = json.loads(
        output(
            "forecast",
            str(GUIDE / "pipeline-schedule.yml"),
            "--after",
            "2026-12-31T00:00:00Z",
            "--count",
            "2",
            "--json",
        )
    )
    assert shown["fires"] == ["2026-12-31T02:00:00Z", "2027-01-07T02:00:00Z"]
    assert [found["code"] for found in shown["warnings"]] == ["schedule-time-zone-place", "schedule-no-start-time"]


def test_the_guides_data_trigger_has_no_fires() -> None:
    shown = json.loads(output("forecast", str(GUIDE / "data-driven-schedule.yml"), "--json"))
    assert shown["fires"] == []
    assert [found["code"] for found in shown["warnings"]] == ["trigger-data"]


def test_forecasts_of_what_is_no_schedule_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no trigger"):
        call_command("forecast", str(GUIDE / "data-prep-component.yml"))
    wrong = tmp_path / "s.yml"
    wrong.write_text("name: s\ntrigger: {type: cron, expression: banana}\n")
    with pytest.raises(CommandError, match=r"trigger\.expression \(schedule-cron\)"):
        call_command("forecast", str(wrong))
    with pytest.raises(CommandError, match="not a time"):
        call_command("forecast", str(GUIDE / "pipeline-schedule.yml"), "--after", "soon")
    for count in ("0", "²", "0000000011", "1" + "0" * 5000):
        with pytest.raises(CommandError, match="not a number from 1"):
            call_command("forecast", str(GUIDE / "pipeline-schedule.yml"), "--count", count)
