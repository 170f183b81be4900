"""The sandbox as a process of its own: one line of JSON, then silence; killed, it comes back as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from mlopsportal.sandbox.arm import Place
from tests.sandbox.doors import data, mint


def start(folder: Path, port: int) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "mlopsportal.sandbox",
        "--port",
        str(port),
        "--data",
        str(folder),
        "--seed",
        "empty",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def test_a_killed_sandbox_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    process, told = start(tmp_path, 0)
    assert set(told) == {"url", "subscription_id", "resource_group", "workspace"}
    assert told["workspace"] == "demo"
    place = Place(told["url"], told["subscription_id"], told["resource_group"], told["workspace"])
    address = f"{place.url}{place.base}/data/kept/versions/1"
    headers = {"Authorization": f"Bearer {mint(place.url)}"}
    assert requests.put(address, json=data(), headers=headers, timeout=10).status_code == 201
    process.kill()
    rest, errors = process.communicate(timeout=10)
    assert (rest, errors) == ("", "")

    port = int(place.url.rpartition(":")[2])
    process, again = start(tmp_path, port)
    assert again == told
    assert requests.get(address, headers=headers, timeout=10).status_code == 200
    assert len(requests.get(f"{place.url}/sandbox/journal", timeout=10).json()["entries"]) == 2
    process.terminate()
    process.communicate(timeout=10)
