"""What the forms of new changes say of the way to Azure: who has to agree to these values of this person; decides
nothing, the plan does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlopsportal.accounts.roles import Permission, can
from mlopsportal.audit.actions import Actor
from mlopsportal.changes import bundling
from mlopsportal.changes.building_actions import RUN_EXTRAS
from mlopsportal.changes.policy import STANDING_ACTIONS
from mlopsportal.specs import documents
from registry.models import Workspace

_EXTRAS: Final = {
    "inputs": "inputs",
    "compute": "the compute",
    "experiment_name": "the experiment",
    "force_rerun": "that every step runs anew",
}


@dataclass(frozen=True)
class Sending:
    """`words` is what will happen; `more` is what would be different otherwise; `is_free`: nobody is asked."""

    words: str
    more: str = ""
    is_free: bool = False


REVIEWED: Final = Sending("Nothing is sent before somebody else has approved exactly what would be sent.")


def sending_of(
    workspace: Workspace,
    actor: Actor,
    action: str,
    pairs: Sequence[bundling.Pair] = (),
    open_inputs: Sequence[str] = (),
) -> Sending:
    """Say what will happen to the `(path, text)` documents of this action, as far as they are written.

    `open_inputs` are the inputs of a pipeline to run that have no default.
    """
    permission = STANDING_ACTIONS.get(action)
    if permission is None:
        return REVIEWED
    if not can(actor, Permission(permission), workspace):
        return Sending(
            "A reviewer has to approve this first, then an operator applies it.",
            "Without a review it takes the role operator" + (" and the defaults." if action == "run" else "."),
        )
    if action != "run":
        return _free("Nobody else is asked: this falls under the standing policy of operators.", workspace)
    if open_inputs:
        has = f"the version has no default for {_listed(open_inputs)}"
        return Sending(f"A reviewer has to approve this run first: {has}, so you set what it works on.")
    if changed := _changed(pairs):
        return Sending(
            f"A reviewer has to approve this run first: you set {_listed(changed)}.",
            "With the version's defaults nobody else would be asked.",
        )
    free = _free("Nobody else is asked as long as the run keeps the version's defaults.", workspace)
    return Sending(free.words, f"{free.more} A changed value takes a reviewer's approval first.", is_free=True)


def _free(words: str, workspace: Workspace) -> Sending:
    if workspace.auto_apply:
        return Sending(words, "It is sent as soon as its plan is made.", is_free=True)
    return Sending(
        words, "The plan shows exactly what would be sent; it is sent when you press Apply there.", is_free=True
    )


def _changed(pairs: Sequence[bundling.Pair]) -> list[str]:
    """Return in words what the documents set beyond the defaults of their version."""
    found = {key for path, text in pairs for key in RUN_EXTRAS & (documents.read(path, text).value or {}).keys()}
    return [_EXTRAS[key] for key in _EXTRAS if key in found]


def _listed(names: Sequence[str]) -> str:
    """Return `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
