"""The words of the audit log: every audited verb with its sentence, and who did it; knows no tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal

ActorKind = Literal["session", "token", "system"]


class Action(StrEnum):
    """Every verb the log knows: `<noun>.<what happened to it>`. Never rename one: leaves hold it for good."""

    CHANGE_OPENED = "change.opened"
    CHANGE_REVISED = "change.revised"
    CHANGE_EDITED = "change.edited"
    CHANGE_REPLANNED = "change.replanned"
    CHANGE_PLANNED = "change.planned"
    CHANGE_PLAN_FAILED = "change.plan_failed"
    CHANGE_SUBMITTED = "change.submitted"
    CHANGE_APPROVED = "change.approved"
    CHANGE_CHANGES_REQUESTED = "change.changes_requested"
    CHANGE_REJECTED = "change.rejected"
    CHANGE_COMMENTED = "change.commented"
    CHANGE_APPROVALS_VOIDED = "change.approvals_voided"
    CHANGE_OVERRIDDEN = "change.overridden"
    CHANGE_WITHDRAWN = "change.withdrawn"
    CHANGE_QUEUED = "change.queued"
    CHANGE_WAITING = "change.waiting"
    CHANGE_GATE_PASSED = "change.gate_passed"
    CHANGE_GATE_REFUSED = "change.gate_refused"
    CHANGE_APPLYING = "change.applying"
    CHANGE_APPLIED = "change.applied"
    CHANGE_PARTIALLY_APPLIED = "change.partially_applied"
    CHANGE_FAILED = "change.failed"
    CHANGE_UNKNOWN = "change.unknown"
    CHANGE_RESUMED = "change.resumed"
    CHANGE_RESOLVED = "change.resolved"
    CHANGE_STALE = "change.stale"
    CHANGE_NO_CHANGE = "change.no_change"
    CHANGE_SUPERSEDED = "change.superseded"
    CHANGE_EXPIRED = "change.expired"
    STEP_BEGIN = "step.begin"
    STEP_END = "step.end"

    WORKSPACE_ADDED = "workspace.added"
    WORKSPACE_CHANGED = "workspace.changed"
    WORKSPACE_CHECKED = "workspace.checked"
    PRACTICES_CHANGED = "practices.changed"
    SYNC_REQUESTED = "sync.requested"
    SYNC_FINISHED = "sync.finished"
    SYNC_FAILED = "sync.failed"
    FINDING_OPENED = "finding.opened"
    FINDING_RESOLVED = "finding.resolved"
    FINDING_CONFIRMED = "finding.confirmed"
    FINDING_DISMISSED = "finding.dismissed"
    TRIGGER_CREATED = "trigger.created"
    TRIGGER_CHANGED = "trigger.changed"
    TRIGGER_REMOVED = "trigger.removed"

    SIGN_IN_SUCCEEDED = "sign_in.succeeded"
    SIGN_IN_FAILED = "sign_in.failed"
    SIGN_OUT = "sign_out"
    ACCESS_REFUSED = "access.refused"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_LINKED = "account.linked"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105  a verb, no password
    MEMBERSHIP_GRANTED = "membership.granted"
    MEMBERSHIP_REVOKED = "membership.revoked"
    TOKEN_CREATED = "token.created"  # noqa: S105  a verb, no token
    TOKEN_REVOKED = "token.revoked"  # noqa: S105  a verb, no token
    AUDIT_EXPORTED = "audit.exported"

    @property
    def sentence(self) -> str:
        """What happened, with {actor}, {target}, {change}, {workspace} and the names of facts to fill in."""
        return SENTENCES[self]


SENTENCES: Final[dict[Action, str]] = {
    Action.CHANGE_OPENED: "{actor} opened change {change}",
    Action.CHANGE_REVISED: "{actor} sent a new revision of change {change}",
    Action.CHANGE_EDITED: "{actor} edited the title or description of change {change}",
    Action.CHANGE_REPLANNED: "{actor} asked for a new plan of change {change}",
    Action.CHANGE_PLANNED: "{actor} made a plan of change {change}",
    Action.CHANGE_PLAN_FAILED: "The plan of change {change} failed",
    Action.CHANGE_SUBMITTED: "{actor} submitted change {change} for review",
    Action.CHANGE_APPROVED: "{actor} approved the plan of change {change}",
    Action.CHANGE_CHANGES_REQUESTED: "{actor} asked for changes to change {change}",
    Action.CHANGE_REJECTED: "{actor} rejected change {change}",
    Action.CHANGE_COMMENTED: "{actor} commented on change {change}",
    Action.CHANGE_APPROVALS_VOIDED: "The approvals of change {change} were voided by a new plan",
    Action.CHANGE_OVERRIDDEN: "{actor} overrode a soft check of change {change}",
    Action.CHANGE_WITHDRAWN: "{actor} withdrew change {change}",
    Action.CHANGE_QUEUED: "{actor} started the apply of change {change}",
    Action.CHANGE_WAITING: "Change {change} waits before it is applied",
    Action.CHANGE_GATE_PASSED: "The gate let change {change} through",
    Action.CHANGE_GATE_REFUSED: "The gate refused change {change}",
    Action.CHANGE_APPLYING: "{actor} began to apply change {change}",
    Action.CHANGE_APPLIED: "{actor} applied change {change}",
    Action.CHANGE_PARTIALLY_APPLIED: "Change {change} was applied in part",
    Action.CHANGE_FAILED: "The apply of change {change} failed",
    Action.CHANGE_UNKNOWN: "It is unknown whether change {change} arrived",
    Action.CHANGE_RESUMED: "{actor} resumed the apply of change {change}",
    Action.CHANGE_RESOLVED: "{actor} resolved the open outcome of change {change}",
    Action.CHANGE_STALE: "Change {change} became stale: {target} changed since the plan",
    Action.CHANGE_NO_CHANGE: "Change {change} ended: there was nothing to change",
    Action.CHANGE_SUPERSEDED: "Change {change} was superseded",
    Action.CHANGE_EXPIRED: "Change {change} expired",
    Action.STEP_BEGIN: "{actor} began to write {target}",
    Action.STEP_END: "{actor} finished writing {target}",
    Action.WORKSPACE_ADDED: "{actor} added workspace {workspace}",
    Action.WORKSPACE_CHANGED: "{actor} changed the settings of workspace {workspace}",
    Action.WORKSPACE_CHECKED: "{actor} tested the connection of workspace {workspace}",
    Action.PRACTICES_CHANGED: "{actor} changed how strictly workspace {workspace} takes {codes}",
    Action.SYNC_REQUESTED: "{actor} asked for a sync of workspace {workspace}",
    Action.SYNC_FINISHED: "{actor} finished a sync of workspace {workspace}",
    Action.SYNC_FAILED: "A sync of workspace {workspace} failed",
    Action.FINDING_OPENED: "{actor} opened a finding on {target}",
    Action.FINDING_RESOLVED: "{actor} resolved a finding on {target}",
    Action.FINDING_CONFIRMED: "{actor} confirmed that what vanished of {target} is gone",
    Action.FINDING_DISMISSED: "{actor} dismissed a finding on {target}",
    Action.TRIGGER_CREATED: "{actor} created {target}",
    Action.TRIGGER_CHANGED: "{actor} changed {target}",
    Action.TRIGGER_REMOVED: "{actor} removed {target}",
    Action.SIGN_IN_SUCCEEDED: "{actor} signed in",
    Action.SIGN_IN_FAILED: "A sign-in as {actor} failed",
    Action.SIGN_OUT: "{actor} signed out",
    Action.ACCESS_REFUSED: "{actor} was refused access",
    Action.ACCOUNT_CREATED: "{actor} created {target}",
    Action.ACCOUNT_LINKED: "{actor} declared {target} to be the same person as another account",
    Action.ACCOUNT_DISABLED: "{actor} disabled {target}",
    Action.ACCOUNT_ENABLED: "{actor} enabled {target}",
    Action.PASSWORD_CHANGED: "{actor} changed the password of {target}",
    Action.MEMBERSHIP_GRANTED: "{actor} gave {target} the role {role} in workspace {workspace}",
    Action.MEMBERSHIP_REVOKED: "{actor} took the role {role} in workspace {workspace} from {target}",
    Action.TOKEN_CREATED: "{actor} created {target}",
    Action.TOKEN_REVOKED: "{actor} revoked {target}",
    Action.AUDIT_EXPORTED: "{actor} exported the audit log",
}


class _Words(dict[str, Any]):
    """The words of one event; a fact it does not have is three dots."""

    def __missing__(self, name: str) -> str:
        return "…"


def sentence_of(
    action: str,
    *,
    actor: str,
    target: str,
    change: int | None,
    workspace: str,
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """Return the filled sentence; a verb this version does not know is shown as it stands."""
    try:
        sentence = Action(action).sentence
    except ValueError:
        return f"{actor}: {action} {target}".rstrip()
    told = {"actor": actor, "target": target, "change": "…" if change is None else change, "workspace": workspace}
    return sentence.format_map(_Words({**facts, **told}))


@dataclass(frozen=True)
class Actor:
    """Who does something, as the log and the rules see them.

    `ref` is opaque (it outlives the erasure of a name), `person` is the human behind the account.
    `user_id` is None for the system and for a visitor who is not signed in. `memo` is None, or a place
    where what was looked up about this actor may be kept for the length of one request.
    """

    kind: ActorKind
    user_id: int | None
    ref: str
    name: str
    person: str
    request_id: str = ""
    ip: str = ""
    memo: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def is_person_in_session(self) -> bool:
        """True for a human in a browser session: what reviewing, applying and overriding take."""
        return self.kind == "session" and self.user_id is not None


SYSTEM: Final = Actor(kind="system", user_id=None, ref="system", name="mlopsportal", person="system")
