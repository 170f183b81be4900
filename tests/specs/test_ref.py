from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.ref import KINDS, InvalidRef, Ref, arm_id, parse_azure_reference, ref_of_arm_id

BASE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws"
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("component:train:3", Ref("component", "train", "3")),
        ("prod/schedule:weekly", Ref("schedule", "weekly", workspace="prod")),
        ("change:17@2:train.yml", Ref("change", "17@2", "train.yml")),
        ("change:17@2:pipelines/train.yml", Ref("change", "17@2", "pipelines/train.yml")),
        ("schedule:weekly@9b1e", Ref("schedule", "weekly", "@9b1e")),
        ("data:raw%20data%3A1:2", Ref("data", "raw data:1", "2")),
    ],
)
def test_a_reference_reads_and_writes_the_same_text(text: str, ref: Ref) -> None:
    assert Ref.parse(text) == ref
    assert str(ref) == text


@given(kind=st.sampled_from(KINDS), name=words, version=st.none() | words, workspace=st.none() | words)
def test_every_reference_comes_back_from_its_text(
    kind: str, name: str, version: str | None, workspace: str | None
) -> None:
    if kind == "schedule" and version == "@":
        version = None
    ref = Ref(kind, name, version, workspace)
    assert Ref.parse(str(ref)) == ref


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_invalid(text: str) -> None:
    with suppress(InvalidRef):
        ref = Ref.parse(text)
        assert Ref.parse(str(ref)) == ref


@pytest.mark.parametrize(
    "text",
    [
        "",
        "train",
        "job:x",
        "component:",
        "component:a:",
        "/component:a",
        "component:a:1:2",
        "data:%zz",
        "data:%ff",
        "data:\ud800",
        "schedule:weekly@",
    ],
)
def test_other_texts_are_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidRef) as refusal:
        Ref.parse(text)
    assert refusal.value.reason


def test_references_sort_and_change_their_parts() -> None:
    first, second = Ref("component", "a"), Ref("component", "a", "1")
    assert sorted([second, first]) == [first, second]
    assert first.at("1") == second
    assert second.in_workspace("prod").without_workspace() == second


@pytest.mark.parametrize(
    ("text", "name", "version", "label", "registry"),
    [
        ("azureml:train:3", "train", "3", None, None),
        ("azureml:train@latest", "train", None, "latest", None),
        ("azureml:cpu-cluster", "cpu-cluster", None, None, None),
        (f"{BASE}/components/train/versions/3", "train", "3", None, None),
        (f"azureml:{BASE}/components/train/versions/3", "train", "3", None, None),
        (f"{BASE.upper()}/COMPONENTS/train/VERSIONS/3", "train", "3", None, None),
        (f"{BASE}/components/train/labels/latest", "train", None, "latest", None),
        ("azureml://registries/azureml/components/train/versions/0.1", "train", "0.1", None, "azureml"),
        ("azureml://registries/azureml/components/train/labels/latest", "train", None, "latest", "azureml"),
        ("azureml://locations/westus/workspaces/1-2/data/raw/versions/1", "raw", "1", None, None),
    ],
)
def test_azure_references_in_every_form(
    text: str, name: str, version: str | None, label: str | None, registry: str | None
) -> None:
    found = parse_azure_reference(text, "component")
    assert found is not None
    assert (found.name, found.version, found.label, found.registry) == (name, version, label, registry)


@pytest.mark.parametrize(
    "text", ["./train.yml", "train:3", "azureml://datastores/x/paths/y", "https://x/y", "", "azureml:", "${{x}}"]
)
def test_paths_and_addresses_are_not_references(text: str) -> None:
    assert parse_azure_reference(text, "component") is None


def test_labels_and_registries_name_nothing_in_this_workspace() -> None:
    label = parse_azure_reference("azureml:train@latest", "component")
    assert label is not None
    assert label.ref is None
    bare = parse_azure_reference("cpu-cluster", "compute")
    assert bare is not None
    assert bare.ref == Ref("compute", "cpu-cluster")


@pytest.mark.parametrize(
    "ref", ["component:train:3", "data:raw-data:1", "schedule:weekly", "run:plucky_fig", "compute:cpu"]
)
def test_arm_ids_come_back_as_the_same_reference(ref: str) -> None:
    assert str(ref_of_arm_id(arm_id(BASE, Ref.parse(ref)))) == ref


def test_azure_has_no_triggers_and_no_changes() -> None:
    with pytest.raises(InvalidRef):
        arm_id(BASE, Ref("trigger", "new_data"))
    assert ref_of_arm_id("/subscriptions/s") is None
