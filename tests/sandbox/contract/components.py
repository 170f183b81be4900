"""Components: made, versioned, listed, archived, with code, as pipelines."""

from __future__ import annotations

import io
import os
import textwrap
from pathlib import Path

from azure.ai.ml import load_component
from azure.ai.ml.entities import (
    CommandComponent,
    PipelineComponent,
)

from tests.sandbox.contract.assets import check_archive
from tests.sandbox.contract.subject import (
    Contract,
    make_component,
)


def components_create(contract: Contract) -> None:
    made = make_component(contract)
    assert isinstance(made, CommandComponent)
    assert (made.version, made.type, set(made.inputs)) == ("1", "command", {"source", "rate"})
    assert made.creation_context is not None
    assert made.creation_context.created_at
    assert made.environment


def components_create_without_version(contract: Contract) -> None:
    name = contract.name("step")
    assert make_component(contract, name, None).version == "1"
    make_component(contract, name, "7")
    assert make_component(contract, name, None).version == "8"


def components_skip_if_no_change(contract: Contract) -> None:
    made = make_component(contract)
    again = load_component(io.StringIO(component_text(contract, made.name)))
    assert contract.ml.components.create_or_update(again, skip_if_no_change=True).version == "1"


def component_text(contract: Contract, name: str) -> str:
    return f"name: {name}\ntype: command\ncommand: echo\nenvironment: {contract.environment}\nversion: '1'\n".replace(
        "command: echo",
        "display_name: Step\ninputs:\n  source: {type: uri_folder}\n  rate: {type: number, default: 0.1}\n"
        "outputs:\n  result: {type: uri_folder}\n"
        "command: echo ${{inputs.source}} ${{inputs.rate}} > ${{outputs.result}}/out.txt",
    )


def components_get(contract: Contract) -> None:
    name = make_component(contract).name
    make_component(contract, name, "2")
    assert contract.ml.components.get(name, "1").version == "1"
    assert contract.ml.components.get(name).version == "2"
    assert contract.ml.components.get(name, label="latest").version == "2"


def components_list(contract: Contract) -> None:
    name = make_component(contract).name
    make_component(contract, name, "2")
    assert [item.version for item in contract.ml.components.list(name=name)] == ["2", "1"]
    listed = {item.name: item for item in contract.ml.components.list()}
    assert listed[name].latest_version == "2"


def components_archive(contract: Contract) -> None:
    check_archive(contract.ml.components, make_component(contract).name)


def components_with_code(contract: Contract) -> None:
    folder = Path(os.environ["CONTRACT_CODE"])
    (folder / "step.py").write_text("print('hello')\n")
    first = make_component(contract, code=str(folder))
    second = make_component(contract, code=str(folder))
    assert "/codes/" in str(first.code)
    assert first.code == second.code


def components_pipeline(contract: Contract) -> None:
    step = make_component(contract)
    text = f"""
        name: {contract.name("flow")}
        version: "1"
        type: pipeline
        inputs:
          source: {{type: uri_folder}}
        outputs:
          result: {{type: uri_folder}}
        jobs:
          first:
            type: command
            component: azureml:{step.name}:1
            inputs: {{source: "${{{{parent.inputs.source}}}}"}}
            outputs: {{result: "${{{{parent.outputs.result}}}}"}}
        """
    made = contract.ml.components.create_or_update(load_component(io.StringIO(textwrap.dedent(text))))
    found = contract.ml.components.get(made.name, "1")
    assert isinstance(found, PipelineComponent)
    assert list(found.jobs) == ["first"]
    assert set(found.inputs) == {"source"}


CALLS = (
    components_create,
    components_create_without_version,
    components_skip_if_no_change,
    components_get,
    components_list,
    components_archive,
    components_with_code,
    components_pipeline,
)
