"""The table of roles and permissions, as data; knows no users and no requests."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from django.db import models


class Role(models.TextChoices):
    """What somebody is in one workspace; roles add up."""

    VIEWER = "viewer", "Viewer"
    AUTHOR = "author", "Author"
    REVIEWER = "reviewer", "Reviewer"
    OPERATOR = "operator", "Operator"
    AUDITOR = "auditor", "Auditor"
    ADMIN = "admin", "Admin"


class Permission(StrEnum):
    """What can be allowed in one workspace."""

    READ = "read"
    OPEN = "open"
    EDIT = "edit"
    SUBMIT = "submit"
    COMMENT = "comment"
    WITHDRAW = "withdraw"
    REVIEW = "review"
    APPLY = "apply"
    OVERRIDE = "override"
    RUN = "run"
    CANCEL = "cancel"
    PAUSE = "pause"
    AUDIT = "audit"
    MANAGE = "manage"


_P = Permission

ROLE_PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.VIEWER: frozenset({_P.READ}),
    Role.AUTHOR: frozenset({_P.READ, _P.OPEN, _P.EDIT, _P.SUBMIT, _P.COMMENT, _P.WITHDRAW}),
    Role.REVIEWER: frozenset({_P.READ, _P.COMMENT, _P.REVIEW}),
    Role.OPERATOR: frozenset({_P.READ, _P.COMMENT, _P.APPLY, _P.OVERRIDE, _P.RUN, _P.CANCEL, _P.PAUSE}),
    Role.AUDITOR: frozenset({_P.READ, _P.AUDIT}),
    # An admin manages and may apply, but approves only when also a reviewer.
    Role.ADMIN: frozenset({_P.READ, _P.COMMENT, _P.APPLY, _P.MANAGE}),
}
SITE_ADMIN_PERMISSIONS: Final = ROLE_PERMISSIONS[Role.ADMIN] | {Permission.AUDIT}
"""A site administrator (superuser) is admin of every workspace and reads the whole audit log, site-wide events too."""
TOKEN_PERMISSIONS: Final = frozenset({_P.READ, _P.AUDIT, _P.OPEN, _P.EDIT, _P.SUBMIT, _P.COMMENT, _P.WITHDRAW})
"""What a token may do for its owner: read and propose. Reviewing, applying, overriding take a person in a session."""


def roles_with(permission: Permission) -> frozenset[Role]:
    """Return the roles that hold `permission`."""
    return frozenset(role for role, permissions in ROLE_PERMISSIONS.items() if permission in permissions)
