"""The levels of a workspace: its own over the defaults."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from mlopsportal.specs.practices import DEFAULTS
from registry.models import PracticeLevel, Workspace
from registry.practices import levels_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.create(slug="demo", subscription_id="s", resource_group="rg", name="demo")


def test_a_new_workspace_has_the_defaults(workspace: Workspace) -> None:
    assert levels_of(workspace) == DEFAULTS
    assert [*levels_of(workspace)] == [*DEFAULTS]


def test_its_own_levels_stand_over_the_defaults_and_forgotten_codes_are_left_out(workspace: Workspace) -> None:
    PracticeLevel.objects.create(workspace=workspace, code="owned", level="hard")
    PracticeLevel.objects.create(workspace=workspace, code="no-such-practice", level="hard")
    other = Workspace.objects.create(slug="other", subscription_id="s", resource_group="rg", name="other")
    assert levels_of(workspace) == {**DEFAULTS, "owned": "hard"}
    assert levels_of(other) == DEFAULTS


def test_a_practice_has_one_known_level_in_a_workspace(workspace: Workspace) -> None:
    PracticeLevel.objects.create(workspace=workspace, code="owned", level="hard")
    with pytest.raises(IntegrityError), transaction.atomic():
        PracticeLevel.objects.create(workspace=workspace, code="owned", level="soft")
    with pytest.raises(IntegrityError), transaction.atomic():
        PracticeLevel.objects.create(workspace=workspace, code="described", level="loud")
