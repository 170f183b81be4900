from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopsportal.specs.ref import KINDS, Ref
from mlopsportal.ui.addresses import as_ref, compare_address, lineage_address, ref_address, section_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("component:train", "/w/demo/components/train/"),
        ("component:train:3", "/w/demo/components/train/versions/3/"),
        ("data:raw:1", "/w/demo/data/raw/versions/1/"),
        ("model:churn:2", "/w/demo/models/churn/versions/2/"),
        ("environment:sk-learn:12", "/w/demo/environments/sk-learn/versions/12/"),
        ("run:frank_engine", "/w/demo/runs/frank_engine/"),
        ("schedule:weekly", "/w/demo/schedules/weekly/"),
        ("schedule:weekly@51ad", "/w/demo/schedules/weekly/"),
        ("prod/component:train:3", "/w/prod/components/train/versions/3/"),
        ("change:17", "/changes/17/"),
        ("change:17@2:train.yml", "/changes/17/"),
        ("compute:cpu", ""),
        ("component:..", ""),
        ("component:a%2Fb%20c:1", "/w/demo/components/a%2Fb%20c/versions/1/"),
    ],
)
def test_each_ref_has_the_page_the_interfaces_name(text: str, address: str) -> None:
    assert ref_address(Ref.parse(text), "demo") == address


def test_a_pipeline_is_a_component_under_its_own_pages() -> None:
    assert ref_address(Ref("component", "t", "1"), "demo", pipeline=True) == "/w/demo/pipelines/t/versions/1/"
    assert ref_address(Ref("data", "t", "1"), "demo", pipeline=True) == "/w/demo/data/t/versions/1/"


def test_without_a_workspace_there_is_no_page() -> None:
    assert ref_address(Ref("component", "train")) == ""


def test_other_pages() -> None:
    assert section_address("runs", "demo") == "/w/demo/runs/"
    assert section_address("", "demo") == "/w/demo/"
    assert (
        compare_address("component:a:1", "component:a:2") == "/compare/?left=component%3Aa%3A1&right=component%3Aa%3A2"
    )
    assert lineage_address("run:x", "demo") == "/w/demo/lineage/?ref=run%3Ax"


def test_a_text_that_names_nothing_is_no_ref() -> None:
    assert as_ref("no ref") is None


@given(st.sampled_from(KINDS), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1))
def test_no_name_leaves_its_place_in_the_address(kind: str, name: str) -> None:
    address = ref_address(Ref(kind, name), "demo")
    assert address.isascii()
    assert address == "" or address.count("/") in {3, 5}
    assert not set(address) & set("?#\"'<>\\ ")
