from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from mlopsportal import azureml
from tests.azureml.places import connected, plant, put_version, target_of
from tests.sandbox_server import RunningSandbox, running_sandbox

MODULES = """
import sys, time
started = time.perf_counter()
from mlopsportal import azureml
seconds = time.perf_counter() - started
loaded = [name for name in sys.modules if name.partition('.')[0] in ('azure', 'requests', 'django')]
"""


def run_python(code: str, argument: str = "") -> str:
    return subprocess.run(
        [sys.executable, "-c", code, argument], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_importing_the_room_loads_nothing_of_azure() -> None:
    assert run_python(MODULES + "sys.stdout.write(repr(loaded))") == "[]"


@pytest.mark.slow
def test_reading_and_sending_never_load_the_sdk(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    plant(sandbox)
    question = {"target": asdict(target_of(sandbox)), "request": put_version(connection).as_json()}
    code = """
import json, sys
from mlopsportal import azureml
asked = json.loads(sys.argv[1])
connection = azureml.connect(azureml.Target(**asked["target"]))
connection.check()
assert list(connection.reader.pages("component"))
connection.send(azureml.Request.from_json(asked["request"]))
sys.stdout.write(str("azure.ai.ml" in sys.modules))
"""
    assert run_python(code, json.dumps(question)) == "False"
    assert sandbox.writes()[-1]["body_sha256"] == put_version(connection).sha256


def test_check_tells_what_the_workspace_is(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    found = connection.check()
    assert found.arm_id == connection.base
    assert found.region == "westeurope"
    assert found.display_name
    assert found.readable == dict.fromkeys(("component", "data", "model", "environment", "run", "schedule"), True)


def test_check_names_the_listings_that_are_forbidden(sandbox: RunningSandbox, connection: azureml.Connection) -> None:
    sandbox.fault(method="GET", path="/schedules", status=403)
    readable = connection.check().readable
    assert [kind for kind, is_readable in readable.items() if not is_readable] == ["schedule"]


@pytest.mark.parametrize(
    ("grant", "writable"),
    [
        ({"actions": ["*"], "notActions": []}, True),
        ({"actions": ["Microsoft.MachineLearningServices/workspaces/*"], "notActions": []}, True),
        ({"actions": ["Microsoft.MachineLearningServices/workspaces/*/write"]}, True),
        ({"actions": ["*/read"], "notActions": []}, False),
        ({"actions": ["*"], "notActions": ["Microsoft.MachineLearningServices/workspaces/components/*/write"]}, False),
        ({"actions": "*"}, False),
    ],
)
def test_check_tells_whether_the_identity_may_write(
    sandbox: RunningSandbox, connection: azureml.Connection, grant: dict[str, object], writable: bool
) -> None:
    sandbox.fault(path="/permissions", status=200, body=json.dumps({"value": [grant]}))
    assert connection.check().writable is writable


@pytest.mark.parametrize("status", [403, 404])
def test_check_knows_nothing_of_writing_where_the_cloud_does_not_tell(
    sandbox: RunningSandbox, connection: azureml.Connection, status: int
) -> None:
    sandbox.fault(path="/permissions", status=status)
    assert connection.check().writable is None


def test_check_of_a_workspace_that_is_not_there_is_not_found(sandbox: RunningSandbox) -> None:
    with connected(sandbox, workspace="elsewhere") as connection, pytest.raises(azureml.NotFound):
        connection.check()


def test_check_of_a_sandbox_that_is_gone_is_unreachable() -> None:
    with running_sandbox() as sandbox:
        target = target_of(sandbox)
    with pytest.raises(azureml.Unreachable, match="no connection"):
        azureml.connect(target).check()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"endpoint": "http://example.com:80"}, "127.0.0.1"),
        ({"endpoint": "https://127.0.0.1:1"}, "127.0.0.1"),
        ({"endpoint": "http://127.0.0.1:1/path"}, "127.0.0.1"),
        ({"endpoint": "http://127.0.0.1:1@example.com"}, "127.0.0.1"),
        ({"endpoint": "http://127.0.0.1:none"}, "127.0.0.1"),
        ({"endpoint": ""}, "127.0.0.1"),
        ({"cloud": "azure"}, "only a sandbox has an endpoint"),
        ({"cloud": "mars"}, "none of"),
        ({"workspace": "a/../b"}, "workspace"),
        ({"subscription_id": ""}, "subscription_id"),
    ],
)
def test_a_target_that_cannot_be_addressed_is_refused(change: dict[str, str], said: str) -> None:
    target = azureml.Target("6c7f4a52", "rg", "ws", "sandbox", "http://127.0.0.1:1")
    with pytest.raises(azureml.NotConfigured, match=said):
        azureml.connect(azureml.Target(**{**asdict(target), **change}))


@pytest.mark.parametrize("cloud", ["azure", "azure-china", "azure-us-government"])
def test_connecting_to_azure_needs_no_network(cloud: str) -> None:
    connection = azureml.connect(azureml.Target("6c7f4a52", "rg", "ws", cloud))
    assert connection.cloud.endpoint.startswith("https://management.")
    connection.close()
