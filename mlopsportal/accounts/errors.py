"""What accounts refuses: a permission somebody lacks, and an account or role request that cannot be met."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import PermissionDenied

from mlopsportal.accounts.permissions import Permission, Role

_DEEDS: Final[dict[Permission, str]] = {
    Permission.READ: "read",
    Permission.OPEN: "open changes",
    Permission.EDIT: "edit changes",
    Permission.SUBMIT: "submit changes",
    Permission.COMMENT: "comment",
    Permission.WITHDRAW: "withdraw changes",
    Permission.REVIEW: "review changes",
    Permission.APPLY: "apply changes",
    Permission.OVERRIDE: "override checks",
    Permission.RUN: "start runs",
    Permission.CANCEL: "cancel runs",
    Permission.PAUSE: "pause schedules",
    Permission.AUDIT: "read the audit log",
    Permission.MANAGE: "manage accounts and members",
}


class NotAllowed(PermissionDenied):
    """Somebody lacks a permission: says which, in which workspace, which roles hold it and who grants them.

    `needs_session` is True when the person has the right but came with a token.
    """

    def __init__(
        self,
        permission: Permission,
        workspace: str,
        roles: tuple[Role, ...] = (),
        ask: tuple[str, ...] = (),
        *,
        needs_session: bool = False,
    ) -> None:
        self.permission = permission
        self.workspace = workspace
        self.roles = roles
        self.ask = ask
        self.needs_session = needs_session
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        where = f" in workspace {self.workspace}" if self.workspace else ""
        if self.needs_session:
            return f"A token may not {_DEEDS[self.permission]}{where}: sign in with a browser to do it."
        roles = " or ".join(self.roles)
        who = ", ".join(self.ask) or "a site administrator"
        needed = f"It takes the role {roles}. " if roles else ""
        return f"You may not {_DEEDS[self.permission]}{where}. {needed}Ask {who}."


class Refused(Exception):
    """A wish about accounts that cannot be met as it stands; the message says why and what to do instead."""
