"""What the registry refuses, one class a reason; knows no tables."""

from __future__ import annotations

from collections.abc import Mapping

from mlopsportal.specs.practices import Level


class WorkspaceExists(Exception):
    """A workspace of that slug, or at that place, is mirrored already."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"Workspace {slug} is mirrored already")
        self.slug = slug


class LevelsChanged(Exception):
    """Somebody else has set levels that were to be set, since these were opened; `now` are theirs, by code."""

    def __init__(self, now: Mapping[str, Level]) -> None:
        told = ", ".join(f"{code} is {level}" for code, level in now.items())
        super().__init__(f"Since you opened them, levels were changed: {told} now")
        self.now = now


class AlreadyAnswered(Exception):
    """A finding that is closed, or that a newer sync has found anew since it was looked at."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"The finding on {ref} is not as it was: look again")
        self.ref = ref


class LeaseLost(Exception):
    """Another worker took this sync over, or it was ended: whoever holds the older fence must stop."""

    def __init__(self, sync_id: int) -> None:
        super().__init__(f"Sync {sync_id} is no longer this worker's")
        self.sync_id = sync_id


class SyncUnderWay(Exception):
    """A sync of the workspace runs in another process."""

    def __init__(self, slug: str, sync_id: int) -> None:
        super().__init__(f"Sync {sync_id} of workspace {slug} is under way")
        self.slug = slug
        self.sync_id = sync_id


class Unreadable(Exception):
    """An object of the workspace has not the shape that Azure ML gives its kind."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason
