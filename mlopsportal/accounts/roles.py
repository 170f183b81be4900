"""Who may do what: the one function `can`, and which workspaces somebody may see; knows no rule of the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from mlopsportal.accounts.errors import NotAllowed
from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import (
    ROLE_PERMISSIONS,
    SITE_ADMIN_PERMISSIONS,
    TOKEN_PERMISSIONS,
    Permission,
    Role,
    roles_with,
)
from mlopsportal.audit.actions import Actor

__all__ = [
    "Grants",
    "Permission",
    "Role",
    "can",
    "grants_of",
    "may_add_workspaces",
    "require",
    "require_site_admin",
    "require_to_add_workspaces",
    "visible_workspace",
    "workspaces_for",
]

_MEMO = "grants"
_NAMES_TO_ASK = 3


class WorkspaceLike(Protocol):
    """What is asked of a workspace here: its key and its slug (the model lives above this app)."""

    pk: Any
    slug: Any


@dataclass(frozen=True)
class Grants:
    """Everything one account may do: its roles by workspace key, and whether it administers the site."""

    site_admin: bool = False
    roles: Mapping[int, frozenset[Role]] = field(default_factory=dict)

    def permissions(self, workspace_id: int) -> frozenset[Permission]:
        granted = SITE_ADMIN_PERMISSIONS if self.site_admin else frozenset[Permission]()
        return granted.union(*(ROLE_PERMISSIONS[role] for role in self.roles.get(workspace_id, ())))


def grants_of(actor: Actor) -> Grants:
    """Return what the account behind `actor` may do now: one query, none again while the actor's memo lives.

    A disabled account, the system and a visitor have no grants: the system is not asked, it acts under an approval.
    """
    if actor.user_id is None:
        return Grants()
    if actor.memo is None:
        return _look_up(actor.user_id)
    if _MEMO not in actor.memo:
        actor.memo[_MEMO] = _look_up(actor.user_id)
    grants: Grants = actor.memo[_MEMO]
    return grants


def _look_up(user_id: int) -> Grants:
    rows = User.objects.filter(pk=user_id, is_active=True).values_list(
        "is_superuser", "memberships__workspace_id", "memberships__role"
    )
    site_admin, roles = False, dict[int, frozenset[Role]]()
    for is_superuser, workspace_id, role in rows:
        site_admin = is_superuser
        if workspace_id is not None:
            roles[workspace_id] = roles.get(workspace_id, frozenset()) | {Role(role)}
    return Grants(site_admin, roles)


def can(actor: Actor, permission: Permission, workspace: WorkspaceLike) -> bool:
    """Say whether `actor` holds `permission` in `workspace` by any of its roles; a token only where tokens may."""
    if actor.kind == "token" and permission not in TOKEN_PERMISSIONS:
        return False
    return permission in grants_of(actor).permissions(workspace.pk)


def require(actor: Actor, permission: Permission, workspace: WorkspaceLike) -> None:
    """Raise NotAllowed, which says whom to ask, unless `actor` holds `permission` in `workspace`."""
    if can(actor, permission, workspace):
        return
    granted = grants_of(actor).permissions(workspace.pk)
    if permission in granted:
        raise NotAllowed(permission, str(workspace.slug), needs_session=True)
    # Who administers a workspace is told only to those who can see it.
    ask = _admins(workspace) if Permission.READ in granted else ()
    raise NotAllowed(permission, str(workspace.slug), tuple(sorted(roles_with(permission))), ask)


def _admins(workspace: WorkspaceLike) -> tuple[str, ...]:
    admins = Membership.objects.filter(workspace_id=workspace.pk, role=Role.ADMIN, user__is_active=True)
    return tuple(admins.order_by("user__username").values_list("user__username", flat=True)[:_NAMES_TO_ASK])


def require_site_admin(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` is a site administrator in a browser session."""
    if not grants_of(actor).site_admin:
        raise NotAllowed(Permission.MANAGE, "")
    if not actor.is_person_in_session:
        raise NotAllowed(Permission.MANAGE, "", needs_session=True)


def may_add_workspaces(actor: Actor) -> bool:
    """Say whether `actor` may add workspaces: a site administrator or an admin of any workspace, in a session."""
    grants = grants_of(actor)
    administers = grants.site_admin or any(Role.ADMIN in roles for roles in grants.roles.values())
    return administers and actor.is_person_in_session


def require_to_add_workspaces(actor: Actor) -> None:
    """Raise NotAllowed unless `actor` may add workspaces."""
    if not may_add_workspaces(actor):
        raise NotAllowed(Permission.MANAGE, "", (Role.ADMIN,), needs_session=actor.kind == "token")


def workspaces_for(user: User | AnonymousUser, permission: Permission = Permission.READ) -> QuerySet[Any, Any]:
    """Return the keys of the workspaces in which `user` holds `permission`, for use as a subquery: `pk__in=...`."""
    memberships = Membership.objects.values_list("workspace_id", flat=True)
    if not isinstance(user, User) or not user.is_active:
        return memberships.none()
    if user.is_superuser and permission in SITE_ADMIN_PERMISSIONS:
        return _workspaces().values_list("pk", flat=True)
    return memberships.filter(user=user, role__in=roles_with(permission))


def visible_workspace(user: User, slug: str) -> WorkspaceLike:
    """Return the workspace of that slug. Raises Http404 when there is none, or none that `user` may see."""
    found: WorkspaceLike = get_object_or_404(_workspaces(), slug=slug, pk__in=workspaces_for(user))
    return found


def _workspaces() -> QuerySet[Any, Any]:
    """All workspaces, by the relation: their model lives above this app."""
    model: Any = Membership._meta.get_field("workspace").related_model
    every: QuerySet[Any, Any] = model._default_manager.all()
    return every
