"""What a change refuses, one class per reason, as data; the sentence for people is made from it."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied


class ChangeError(Exception):
    """Base of what a change refuses because of where it stands."""


class WrongState(ChangeError):
    """The change is in `state`, from which `wanted` (a state, or a verb) cannot be reached. Carries the state: 409."""

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"The change is {state.replace('_', ' ')}: {wanted.replace('_', ' ')} is not possible now.")
        self.state = state
        self.wanted = wanted


class StaleReview(ChangeError):
    """A review of another plan than the current one: 409. `current` is the digest to look at, "" without one."""

    def __init__(self, reviewed: str, current: str, state: str) -> None:
        super().__init__(
            "The plan changed since it was looked at. Look at the current plan, and decide about that one."
        )
        self.reviewed = reviewed
        self.current = current
        self.state = state


class NotSubmittable(ChangeError):
    """The documents have problems, `{path: [problem as JSON]}`: 422."""

    def __init__(self, problems: dict[str, list[dict[str, object]]], state: str) -> None:
        count = sum(len(found) for found in problems.values())
        super().__init__(f"The documents have {count} problem{'' if count == 1 else 's'}; send a new revision without.")
        self.problems = problems
        self.state = state


class InvalidDocuments(ChangeError):
    """The request itself is malformed: no documents, two of one path, a path that leaves the bundle: 400."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CannotCompensate(ChangeError):
    """Steps that no action document takes back: `refs`. They need a hand-written change."""

    def __init__(self, refs: Sequence[str], state: str) -> None:
        super().__init__(f"No document takes back {', '.join(refs)}: open a change that says what should be there.")
        self.refs = tuple(refs)
        self.state = state


class NotEligible(PermissionDenied):
    """A person who holds the role but may not do this to this change; `reason` says why not: 403."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LostClaim(Exception):
    """Another worker holds the change now; whoever sees this stops at once and writes nothing."""

    def __init__(self, change: int, fence: int) -> None:
        super().__init__(f"change {change}: claim {fence} is not the current one")
        self.change = change
        self.fence = fence
