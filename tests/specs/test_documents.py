from __future__ import annotations

import pytest

from mlopsportal.specs.documents import Kind, legal_component_name
from mlopsportal.specs.ref import Ref
from tests.specs.building import document, guide


def test_the_guides_files_are_what_they_are() -> None:
    assert [(item.kind, str(item.ref)) for item in guide()] == [
        (Kind.COMMAND_COMPONENT, "component:data_preparation:1"),
        (Kind.PIPELINE_JOB, "component:training_pipeline"),
        (Kind.SCHEDULE, "schedule:weekly_training"),
        (Kind.SCHEDULE, "trigger:data_driven_training"),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("type: command\nname: a\nversion: 1\n", Kind.COMMAND_COMPONENT),
        ("command: x\ncompute: azureml:c\n", Kind.OTHER_JOB),
        ("command: x\nname: a\nversion: 1\nresources: {}\n", Kind.COMMAND_COMPONENT),
        ("type: pipeline\njobs: {}\n", Kind.PIPELINE_JOB),
        ("type: pipeline\nversion: 2\njobs: {}\n", Kind.PIPELINE_COMPONENT),
        (
            "$schema: https://x/latest/pipelineComponent.schema.json\ntype: pipeline\njobs: {}\n",
            Kind.PIPELINE_COMPONENT,
        ),
        ("$schema: http://azureml/sdk-2-0/CommandComponent.json\nname: a\n", Kind.COMMAND_COMPONENT),
        ("type: parallel\nversion: 1\n", Kind.OTHER_COMPONENT),
        ("type: sweep\ncompute: c\n", Kind.OTHER_JOB),
        ("trigger: {type: cron}\n", Kind.SCHEDULE),
        ("create_job: ./a.yml\n", Kind.SCHEDULE),
        ("create_monitor: {}\n", Kind.OTHER_SCHEDULE),
        ("trigger: {branches: {include: [main]}}\nsteps: []\n", Kind.UNKNOWN),
        ("action: archive\ntarget: x\n", Kind.ACTION),
        ("type: uri_folder\npath: x\n", Kind.DATA),
        ("type: mlflow_model\npath: x\n", Kind.MODEL),
        ("name: e\nimage: python\n", Kind.ENVIRONMENT),
        ("$schema: https://azuremlschemas.azureedge.net/latest/compute.schema.json\n", Kind.OTHER),
        ("a: 1\n", Kind.UNKNOWN),
        ("- 1\n", Kind.UNKNOWN),
        ("a: [\n", Kind.UNKNOWN),
    ],
)
def test_kinds_are_told_by_structure_and_schema(text: str, kind: Kind) -> None:
    assert document(text).kind is kind


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("action: archive\ntarget: 'demo/component:train:3'\n", Ref("component", "train", "3")),
        ("action: run\ntarget: 'component:p:3'\nname: run-1\n", Ref("run", "run-1")),
        ("action: run\ntarget: 'component:p:3'\n", Ref("component", "p", "3")),
        ("action: run\ntarget: nonsense\n", None),
        ("type: command\nversion: 1.10\nname: a\n", Ref("component", "a", "1.10")),
        ("type: command\nversion: 1\n", None),
        ("type: command\nname: [a]\n", None),
        ("a: 1\n", None),
    ],
)
def test_documents_say_what_they_are_about(text: str, ref: Ref | None) -> None:
    assert document(text).ref == ref


@pytest.mark.parametrize(
    ("text", "name"),
    [("training-pipeline", "training_pipeline"), ("Data Prep", "data_prep"), ("1abc", "p_1abc"), ("ü", "pipeline")],
)
def test_any_text_makes_a_legal_name(text: str, name: str) -> None:
    assert legal_component_name(text) == name
