"""One small sandbox for each test: a workspace with an environment, data, and three steps that fit together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.doors import Raw, component, data, environment, node
from tests.sandbox_server import RunningSandbox, running_sandbox

pytest.register_assert_rewrite("tests.sandbox.contract")  # what is asserted there fails with the values, as in a test
FOLDER = {"type": "uri_folder"}


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        stock(running)
        yield running


@pytest.fixture
def raw(sandbox: RunningSandbox) -> Iterator[Raw]:
    door = Raw(sandbox)
    yield door
    door.close()


def stock(sandbox: RunningSandbox) -> None:
    """`prep` (raw -> clean), `train` (data, rate=0.1 -> model), `judge` (model -> report), over `env` and `raw`."""
    raw, base = Raw(sandbox), sandbox.base
    bodies = {
        "environments/env/versions/1": environment(),
        "data/raw/versions/1": data(),
        "components/prep/versions/1": component(base, inputs={"raw": FOLDER}, outputs={"clean": FOLDER}),
        "components/train/versions/1": component(
            base,
            inputs={"data": FOLDER, "rate": {"type": "number", "default": "0.1"}},
            outputs={"model": {"type": "custom_model"}},
        ),
        "components/judge/versions/1": component(
            base, inputs={"model": {"type": "custom_model"}}, outputs={"report": FOLDER}
        ),
    }
    for path, body in bodies.items():
        answer = raw("PUT", path, body)
        assert answer.status == 201, answer.body
    raw.close()


@pytest.fixture
def chain(sandbox: RunningSandbox) -> dict[str, object]:
    """The graph prep -> train -> judge, reading the pipeline input `raw`."""
    base = sandbox.base
    return {
        "prep": node(base, "prep", inputs={"raw": "${{parent.inputs.raw}}"}),
        "train": node(base, "train", inputs={"data": "${{parent.jobs.prep.outputs.clean}}"}),
        "judge": node(base, "judge", inputs={"model": "${{parent.jobs.train.outputs.model}}"}),
    }


@pytest.fixture
def raw_input(sandbox: RunningSandbox) -> dict[str, object]:
    uri = f"{sandbox.base}/data/raw/versions/1"
    return {"raw": {"jobInputType": "uri_folder", "mode": "ReadOnlyMount", "uri": uri}}
