"""The demo workspace: what INTERFACES promises of it, and that the SDK reads all of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlopsportal.sandbox.arm import Place
from mlopsportal.sandbox.clock import Clock
from mlopsportal.sandbox.seed import plant
from mlopsportal.sandbox.store import Store
from mlopsportal.sandbox.world import World
from tests.sandbox.doors import Raw, sdk
from tests.sandbox_server import running_sandbox


@pytest.fixture(scope="module")
def demo() -> Iterator[Raw]:
    with running_sandbox("demo") as sandbox:
        raw = Raw(sandbox)
        yield raw
        raw.close()


@pytest.fixture(scope="module")
def all_runs(demo: Raw) -> list[dict[str, Any]]:
    return demo.all("jobs?listViewType=All")


def test_the_guide_finds_what_it_refers_to(demo: Raw) -> None:
    for path in (
        "environments/data-prep-env/versions/1",
        "data/raw-data/versions/1",
        "data/test-data/versions/1",
        "datastores/workspaceblobstore",
        "computes/serverless",
        "computes/cpu-cluster",
    ):
        assert demo("GET", path).status == 200, path
    for name, inputs, outputs in (
        ("model_training", {"training_data"}, {"model_output"}),
        ("model_evaluation", {"model", "test_data"}, {"evaluation_results"}),
    ):
        spec = demo("GET", f"components/{name}/versions/1").body["properties"]["componentSpec"]
        assert (set(spec["inputs"]), set(spec["outputs"])) == (inputs, outputs)
        assert {port["type"] for port in (*spec["inputs"].values(), *spec["outputs"].values())} == {"uri_folder"}


def test_the_guide_s_own_objects_are_missing(demo: Raw) -> None:
    for path in ("components/data_preparation", "components/training_pipeline", "schedules/weekly_training"):
        assert demo("GET", path).status == 404
    assert demo("GET", "schedules/data_driven_training").status == 404


def specs_of(demo: Raw, name: str) -> list[dict[str, Any]]:
    """The componentSpecs of all versions, archived ones included, newest first."""
    found = demo.all(f"components/{name}/versions?listViewType=All")
    return [version["properties"]["componentSpec"] for version in found]


def test_there_is_as_much_as_in_a_team_s_workspace(demo: Raw) -> None:
    names = {item["name"] for item in demo.all("components?listViewType=All")} - {"azureml_anonymous"}
    specs = {name: specs_of(demo, name) for name in names}
    pipelines = {name: found for name, found in specs.items() if found[0]["type"] == "pipeline"}
    assert len(specs) - len(pipelines) >= 25
    assert len(pipelines) == 6
    assert all(1 <= len(found) <= 6 for found in specs.values())
    assert all(3 <= len(found[0]["jobs"]) <= 15 for found in pipelines.values())
    nested = [name for name, found in pipelines.items() if "pipeline" in [n["type"] for n in found[0]["jobs"].values()]]
    assert len(nested) == 1
    counts = {kind: len(demo.all(f"{kind}?listViewType=All")) for kind in ("data", "models", "environments")}
    assert counts["data"] == 10
    assert counts["models"] >= 8
    assert counts["environments"] >= 12


def test_schedules_are_of_all_sorts(demo: Raw) -> None:
    found = [item["properties"] for item in demo.all("schedules?listViewType=All")]
    assert len(found) == 8
    assert {item["trigger"]["triggerType"] for item in found} == {"Cron", "Recurrence"}
    assert len({item["trigger"]["timeZone"] for item in found}) == 2
    assert Counter(item["isEnabled"] for item in found) == {True: 6, False: 2}


def test_three_hundred_runs_of_sixty_days(all_runs: list[dict[str, Any]]) -> None:
    assert len(all_runs) == 300
    states = Counter(run["properties"]["status"] for run in all_runs)
    assert 2 <= states["Running"] <= 6, "two by hand, and what the schedules began in the last two hours"
    assert states["Failed"] >= 10
    assert set(states) == {"Running", "Failed", "Completed"}


def test_two_runs_are_of_unregistered_graphs(all_runs: list[dict[str, Any]]) -> None:
    strange = [run["name"] for run in all_runs if run["properties"]["experimentName"] == "try-out"]
    assert strange == ["sampling-try-out-2", "sampling-try-out-1"]


def test_some_steps_were_used_again(demo: Raw, all_runs: list[dict[str, Any]]) -> None:
    weekly = demo.all("jobs?scheduled=true&scheduleId=demand-forecast-weekly")
    assert len(weekly) >= 8
    reused = 0
    for run in all_runs[:60]:
        for main in demo.history("GET", f"runs/{run['name']}/children").body["value"]:
            inner = demo.history("GET", f"runs/{main['runId']}/children").body["value"]
            reused += sum("azureml.isreused" in step["properties"] for step in inner)
    assert reused > 10


def test_models_know_the_runs_that_made_them(demo: Raw) -> None:
    found = demo.all("models/churn-classifier/versions")
    assert len(found) >= 2
    for model in found:
        assert demo.history("GET", f"runs/{model['properties']['jobName']}").body["displayName"] == "calibrate"


def test_the_sdk_reads_all_of_it(demo: Raw) -> None:
    ml = sdk(demo.sandbox)
    assert all(job is not None for job in ml.jobs.list())
    assert len(list(ml.schedules.list(list_view_type="All"))) == 8
    for item in ml.components.list():
        assert all(version.name == item.name for version in ml.components.list(name=item.name))


class Stopped(Clock):
    def __init__(self, at: float = 1_790_000_000.0) -> None:
        super().__init__()
        self.at = at

    def now(self) -> float:
        return self.at


def test_the_schedules_fired_last_night_too(tmp_path: Path) -> None:
    monday = datetime(2026, 11, 23, 6, tzinfo=UTC)
    store = Store(tmp_path / "state.sqlite3")
    plant(World(store, Stopped(monday.timestamp()), Place("http://127.0.0.1:1")), "demo")
    names = {name for (name,) in store.execute("SELECT name FROM run")}
    store.close()
    assert len(names) >= 300
    assert {
        "churn-scoring-daily-20261123T040000Z",
        "churn-training-weekly-20261123T010000Z",
        "demand-features-nightly-20261123T013000Z",
        "fraud-scoring-12h-20261123T001500Z",
    } <= names
    assert not any("20261123T121500Z" in name for name in names)


def test_the_same_moment_gives_the_same_workspace(tmp_path: Path) -> None:
    contents = []
    for number in range(2):
        store = Store(tmp_path / f"{number}.sqlite3")
        plant(World(store, Stopped(), Place("http://127.0.0.1:1")), "demo")
        reads = ("SELECT * FROM resource", "SELECT * FROM run", "SELECT * FROM fire")
        contents.append([store.execute(sql) for sql in reads])
        store.close()
    assert contents[0] == contents[1]


def test_a_page_of_a_hundred_runs_is_quick(demo: Raw) -> None:
    demo("GET", "jobs")
    begun = time.perf_counter()
    for _ in range(5):
        assert len(demo("GET", "jobs").body["value"]) == 100
    assert (time.perf_counter() - begun) / 5 < 0.1, "about 10 ms on an idle machine"
