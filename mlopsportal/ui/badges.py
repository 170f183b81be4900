"""One badge (word, sign, tone) for every state the portal shows; knows words, not rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Badge:
    """How a state is shown.

    `tone` is a CSS class (good, warn, bad, info, plain); `sign` says the same without colour.
    """

    word: str
    sign: str
    tone: str


def _good(word: str, sign: str = "✓") -> Badge:
    return Badge(word, sign, "good")


def _warn(word: str, sign: str = "!") -> Badge:
    return Badge(word, sign, "warn")


def _bad(word: str, sign: str = "✗") -> Badge:
    return Badge(word, sign, "bad")


def _info(word: str, sign: str = "▸") -> Badge:
    return Badge(word, sign, "info")


def _plain(word: str, sign: str = "○") -> Badge:
    return Badge(word, sign, "plain")


CHANGE = {
    "draft": _plain("Draft", "✎"),
    "planning": _info("Planning"),
    "in_review": _warn("In review", "◔"),
    "approved": _good("Approved"),
    "queued": _info("Queued", "…"),
    "applying": _info("Applying"),
    "applied": _good("Applied"),
    "changes_requested": _warn("Changes requested", "↺"),
    "waiting_for_window": _warn("Waiting for its window", "…"),
    "waiting_for_lock": _warn("Waiting for another change", "…"),
    "plan_failed": _bad("Plan failed"),
    "stale": _warn("Stale"),
    "failed": _bad("Failed"),
    "partially_applied": _bad("Partially applied", "◑"),
    "unknown": _warn("Outcome unknown", "?"),
    "no_change": _plain("No change", "="),
    "rejected": _bad("Rejected"),
    "withdrawn": _plain("Withdrawn", "–"),
    "superseded": _plain("Superseded", "–"),
    "expired": _plain("Expired", "–"),
}
RUN = {
    "not_started": _plain("Not started"),
    "starting": _info("Starting", "…"),
    "provisioning": _info("Provisioning", "…"),
    "preparing": _info("Preparing", "…"),
    "running": _info("Running"),
    "finalizing": _info("Finalizing"),
    "cancel_requested": _warn("Cancel requested", "–"),
    "completed": _good("Completed"),
    "canceled": _plain("Cancelled", "–"),
    "cancelled": _plain("Cancelled", "–"),
    "not_responding": _warn("Not responding"),
    "paused": _warn("Paused", "‖"),
    "reused": _good("Reused", "↻"),
    "bypassed": _plain("Bypassed", "–"),
}
STEP = {
    "pending": _plain("Pending"),
    "sending": _info("Sending"),
    "verified": _good("Verified"),
    "unknown": _warn("Outcome unknown", "?"),
}
SCHEDULE = {
    "enabled": _good("Enabled"),
    "disabled": _plain("Disabled", "‖"),
    "enabling": _info("Enabling", "…"),
    "disabling": _info("Disabling", "…"),
    "not_firing": _warn("Stored, does not fire yet"),
    "ended": _plain("Ended", "–"),
}
VERSION = {
    "active": _good("Active"),
    "latest": _info("Latest", "★"),
    "archived": _plain("Archived", "–"),
    "deleted": _plain("Deleted", "−"),
    "missing": _warn("Missing", "?"),
    "registered": _good("Registered"),
    "unregistered": _warn("Unregistered"),
    "unknown": _plain("Unknown", "?"),
}
CHECK = {
    "passed": _good("Passed"),
    "error": _bad("Error"),
    "advice": _warn("Advice"),
    "advisory": _warn("Advisory"),
    "soft": _warn("Soft"),
    "hard": _bad("Hard"),
    "overridden": _warn("Overridden", "↷"),
    "not_run": _plain("Not run"),
}
SYNC = {
    "running": _info("Syncing"),
    "done": _good("Done"),
    "paused": _warn("Slowed by Azure", "‖"),
    "in_sync": _good("In sync"),
    "drifted": _warn("Drifted", "≠"),
    "never": _plain("Never synced"),
    "wanted": _info("Being fetched", "…"),
    "ready": _good("Fetched"),
    "making": _info("Being made", "…"),
    "made": _good("Made"),
    "open": _warn("Open"),
    "closed": _plain("Closed", "–"),
    "resolved": _good("Resolved"),
    "revoked": _plain("Revoked", "–"),
    "content_changed": _bad("Content of an existing version changed", "≠"),
    "unregistered_definition": _warn("Ran an unregistered definition"),
    "missing": _warn("No longer in the workspace", "?"),
    "outside_change": _warn("Changed outside the portal", "≠"),
    "unreadable": _bad("Could not be read"),
}
CONNECTION = {
    "unknown": _plain("Not tested", "?"),
    "testing": _info("Testing", "…"),
    "good": _good("Connected"),
    "failed": _bad("Failed"),
    "development": _plain("Development", "·"),
    "staging": _info("Staging", "·"),
    "production": _warn("Production", "●"),
}
VERDICT = {
    "patch": _good("Patch"),
    "minor": _info("Minor", "+"),
    "breaking": _warn("Breaking"),
    "unknown": _plain("Cannot be decided", "?"),
    "approve": _good("Approved"),
    "request_changes": _warn("Changes requested", "↺"),
    "reject": _bad("Rejected"),
    "comment": _plain("Comment", "“"),
}
DIFFERENCE = {
    "added": _good("Added", "+"),
    "changed": _warn("Changed", "~"),
    "removed": _bad("Removed", "−"),
    "moved": _info("Moved", "↕"),
    "broken": _bad("Does not fit"),
    "unchanged": _plain("Unchanged", "="),
    "create": _good("New", "+"),
    "new": _good("New", "+"),
    "update": _warn("Changed", "~"),
    "delete": _bad("Delete", "−"),
    "archive": _warn("Archive", "–"),
    "restore": _good("Restore", "↺"),
    "enable": _good("Enable"),
    "disable": _warn("Disable", "‖"),
    "run": _info("Run"),
    "cancel": _warn("Cancel", "–"),
    "store": _good("Store in the portal", "+"),
}
# A word that two groups share is looked up in this order; a caller that knows better names the group.
GROUPS: dict[str, dict[str, Badge]] = {
    "change": CHANGE,
    "run": RUN,
    "step": STEP,
    "schedule": SCHEDULE,
    "version": VERSION,
    "check": CHECK,
    "sync": SYNC,
    "connection": CONNECTION,
    "verdict": VERDICT,
    "difference": DIFFERENCE,
}


def normalized(state: object) -> str:
    """Return the key of a state: `CancelRequested` and an enum's `cancel-requested` become `cancel_requested`."""
    value = getattr(state, "value", state)
    return _CAMEL.sub("_", str(value)).strip().lower().replace(" ", "_").replace("-", "_")


def badge_of(state: object, group: str = "") -> Badge:
    """Return the badge of a state. A state nobody listed is shown with its own word, plainly.

    Raises KeyError when `group` is no group.
    """
    key = normalized(state)
    groups = [GROUPS[group], *GROUPS.values()] if group else list(GROUPS.values())
    for known in groups:
        if key in known:
            return known[key]
    word = str(getattr(state, "value", state)).strip()
    return _plain(word.replace("_", " ").capitalize() if word.islower() else word or "Not known", "·")
