"""The table of moves, and the one function that makes them."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlopsportal.accounts.models import User
from mlopsportal.audit.actions import SYSTEM
from mlopsportal.audit.models import Event
from mlopsportal.changes.errors import WrongState
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.moving import move
from mlopsportal.changes.states import CLAIMABLE, MOVES, NEXT, RESUMABLE, REVISABLE, TERMINAL, State
from registry.models import Workspace

LEAVING_ALLOWED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def make_change(state: State = State.DRAFT) -> ChangeRequest:
    workspace, _ = Workspace.objects.get_or_create(slug="w", subscription_id="0", resource_group="r", name="w")
    author, _ = User.objects.get_or_create(username="ann")
    now = timezone.now()
    return ChangeRequest.objects.create(
        workspace=workspace, title="t", author=author, state=state, created_at=now, updated_at=now
    )


def test_every_state_has_its_moves_and_its_words() -> None:
    assert set(MOVES) == set(NEXT) == set(State)
    assert all(MOVES[state] == frozenset() for state in TERMINAL)


def test_every_open_state_leads_to_an_end() -> None:
    for start in set(State) - TERMINAL:
        reached, frontier = {start}, {start}
        while frontier:
            frontier = set().union(*(MOVES[state] for state in frontier)) - reached
            reached |= frontier
        assert State.APPLIED in reached
        assert State.WITHDRAWN in reached


def test_every_state_but_the_first_is_reached() -> None:
    assert set().union(*MOVES.values()) == set(State) - {State.DRAFT}


def test_what_a_verb_needs_the_table_allows() -> None:
    assert all(State.PLANNING in MOVES[state] for state in REVISABLE - {State.DRAFT, State.PLANNING})
    assert all(State.QUEUED in MOVES[state] for state in RESUMABLE)
    assert all(State.APPLYING in MOVES[state] for state in CLAIMABLE - {State.APPLYING})


@pytest.mark.django_db
@pytest.mark.parametrize("origin", list(State))
def test_only_the_moves_of_the_table_can_be_made(origin: State) -> None:
    for to in State:
        change = make_change(origin)
        if to in MOVES[origin]:
            with transaction.atomic():
                move(change, to, actor=SYSTEM)
            assert ChangeRequest.objects.get(pk=change.pk).state == to
            assert (change.closed_at is not None) == (to in TERMINAL)
            assert Event.objects.filter(change=change.pk).count() == 1
        else:
            with pytest.raises(WrongState) as refused:
                move(change, to, actor=SYSTEM)
            assert refused.value.state == origin
            assert Event.objects.filter(change=change.pk).count() == 0


@pytest.mark.django_db
def test_a_move_from_a_state_that_somebody_else_has_left_is_refused() -> None:
    change = make_change(State.APPROVED)
    ChangeRequest.objects.filter(pk=change.pk).update(state=State.WITHDRAWN)
    with pytest.raises(WrongState) as refused:
        move(change, State.QUEUED, actor=SYSTEM)
    assert refused.value.state == State.WITHDRAWN


@pytest.mark.django_db
@LEAVING_ALLOWED
@given(st.lists(st.sampled_from(list(State)), max_size=12))
def test_whatever_is_tried_a_terminal_state_is_never_left(wishes: list[State]) -> None:
    change, seen = make_change(), [State.DRAFT]
    for wish in wishes:
        try:
            move(change, wish, actor=SYSTEM)
        except WrongState:
            continue
        seen.append(wish)
    ends = [index for index, state in enumerate(seen) if state in TERMINAL]
    assert ends in ([], [len(seen) - 1])
    assert Event.objects.filter(change=change.pk).count() == len(seen) - 1


@pytest.mark.django_db
def test_a_move_and_its_event_roll_back_together() -> None:
    change = make_change()
    with transaction.atomic():
        move(change, State.WITHDRAWN, actor=SYSTEM)
        transaction.set_rollback(True)
    assert ChangeRequest.objects.get(pk=change.pk).state == State.DRAFT
    assert not Event.objects.filter(change=change.pk).exists()
