"""Everything people do to a change, in one place to import from; each verb lives in the module of its noun."""

from __future__ import annotations

from mlopsportal.changes.moving import move
from mlopsportal.changes.proposing import edit, open_change, replan, revise, submit
from mlopsportal.changes.reviewing import comment, review
from mlopsportal.changes.starting import compensate, override, request_apply, resume, withdraw

__all__ = [
    "comment",
    "compensate",
    "edit",
    "move",
    "open_change",
    "override",
    "replan",
    "request_apply",
    "resume",
    "review",
    "revise",
    "submit",
    "withdraw",
]
