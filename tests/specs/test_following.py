"""Offline comparison of pipelines: what they take in by relative path is type-checked like what is written inline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlopsportal.specs.documents import of_value
from mlopsportal.specs.following import followed
from tests.specs.test_commands import output

PREP = {
    "type": "command",
    "name": "prep",
    "version": "1",
    "command": "prep",
    "environment": "azureml:e:1",
    "inputs": {"raw": {"type": "uri_folder"}, "n": {"type": "integer", "default": 1, "max": 9}},
    "outputs": {"out": {"type": "uri_folder"}},
}


def step(component: Any, **inputs: Any) -> dict[str, Any]:
    return {"type": "command", "component": component, "inputs": {"raw": "${{parent.inputs.raw}}"} | inputs}


def pipeline(**jobs: Any) -> dict[str, Any]:
    return {
        "type": "pipeline",
        "name": "p",
        "version": "1",
        "inputs": {"raw": {"type": "uri_folder"}, "rate": {"type": "number", "default": 0.1}},
        "jobs": jobs,
    }


def written(folder: Path, files: dict[str, Any]) -> None:
    for name, value in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else yaml.safe_dump(value))


def compared(folder: Path, left: Any, right: Any, **files: Any) -> dict[str, Any]:
    written(folder, {"left.yml": left, "right.yml": right, **files})
    found = json.loads(output("compare_documents", str(folder / "left.yml"), str(folder / "right.yml"), "--json"))
    assert isinstance(found, dict)
    return found


def rules(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(reason["rule"], reason["path"]) for reason in found["reasons"]]


@pytest.mark.parametrize("component", ["./prep.yml", "prep.yml", "file:./prep.yml", "file:prep.yml", PREP])
def test_an_edge_to_a_file_is_checked_as_one_to_an_inline_component(tmp_path: Path, component: Any) -> None:
    old = pipeline(a=step(component, n=3))
    files = {"prep.yml": PREP}
    assert compared(tmp_path, old, pipeline(a=step(component, n=4)), **files)["verdict"] == "patch"
    found = compared(tmp_path, old, pipeline(a=step(component, n=12)), **files)
    assert (found["verdict"], rules(found)) == ("breaking", [("step-value-refused", "jobs.a.inputs.n")])
    found = compared(tmp_path, old, pipeline(a=step(component, m=1)), **files)
    assert (found["verdict"], rules(found)) == ("breaking", [("step-input-unknown", "jobs.a.inputs.m")])
    found = compared(tmp_path, old, pipeline(a={"type": "command", "component": component}), **files)
    assert (found["verdict"], rules(found)) == ("breaking", [("step-input-missing", "jobs.a.inputs.raw")])


def test_each_side_reads_the_files_of_its_own_folder(tmp_path: Path) -> None:
    one = pipeline(a=step("../parts/prep.yml", n=3))
    narrowed = PREP | {"inputs": PREP["inputs"] | {"seed": {"type": "integer"}}}  # type: ignore[operator] # plain dicts
    written(tmp_path, {"old/p/p.yml": one, "old/parts/prep.yml": PREP})
    written(tmp_path, {"new/p/p.yml": one, "new/parts/prep.yml": narrowed})
    paths = [str(tmp_path / side / "p" / "p.yml") for side in ("old", "new")]
    found = json.loads(output("compare_documents", *paths, "--json"))
    assert (found["verdict"], rules(found)) == ("breaking", [("step-input-missing", "jobs.a.inputs.seed")])
    assert json.loads(output("compare_documents", paths[0], paths[0], "--json"))["verdict"] == "patch"


def test_edges_inside_nested_pipelines_are_checked_inline_and_in_files(tmp_path: Path) -> None:
    inner = pipeline(b=step("./prep.yml", n=3))
    broken = pipeline(b=step("./prep.yml", n="many"))
    outer = {"type": "pipeline", "inputs": {"raw": "${{parent.inputs.raw}}"}}
    files = {"parts/good.yml": inner, "parts/bad.yml": broken, "parts/prep.yml": PREP}
    old = pipeline(a=outer | {"component": "./parts/good.yml"})
    found = compared(tmp_path, old, pipeline(a=outer | {"component": "./parts/bad.yml"}), **files)
    path = "jobs.a.component.jobs.b.inputs.n"
    assert (found["verdict"], rules(found)) == ("breaking", [("step-value-type", path)])
    inline = pipeline(b=step("./parts/prep.yml", n="many"))
    found = compared(tmp_path, old, pipeline(a=outer | {"component": inline}), **files)
    assert (found["verdict"], rules(found)) == ("breaking", [("step-value-type", path)])


def test_files_that_take_each_other_in_come_to_an_end(tmp_path: Path) -> None:
    nested = {"type": "pipeline", "component": "./right.yml", "inputs": {"raw": "${{parent.inputs.raw}}"}}
    assert compared(tmp_path, pipeline(a=step(PREP)), pipeline(a=nested))["verdict"] == "patch"


@pytest.mark.parametrize("component", ["./gone.yml", "./broken.yml", "./" + "a" * 5000 + ".yml", "./folder.yml"])
def test_a_file_that_cannot_be_read_is_a_component_nobody_knows(tmp_path: Path, component: str) -> None:
    (tmp_path / "folder.yml").mkdir()
    old, files = pipeline(a=step(component, n=3)), {"broken.yml": "a: ["}
    changed = pipeline(a=step(component, n=4) | {"compute": "azureml:gpu"})
    assert compared(tmp_path, old, changed, **files)["verdict"] == "patch"
    found = compared(tmp_path, pipeline(a=step(PREP)), changed, **files)
    assert (found["verdict"], rules(found)) == ("unknown", [("step-unknown", "jobs.a.component")])


def test_the_same_pipeline_in_two_steps_is_written_out_once() -> None:
    nested = {"type": "pipeline", "component": "./inner.yml"}
    inner = of_value("inner.yml", pipeline(x=step(PREP)))
    found = followed(of_value("p.yml", pipeline(a=nested, b=nested)), {"inner.yml": inner})
    assert [isinstance(found.value["jobs"][name]["component"], dict) for name in "ab"] == [True, False]
    assert list(found.interfaces) == ["./inner.yml"]
