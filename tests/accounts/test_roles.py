from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.errors import NotAllowed
from mlopsportal.accounts.models import Membership, User
from mlopsportal.accounts.permissions import Permission, Role
from mlopsportal.accounts.roles import can, require, require_site_admin, visible_workspace, workspaces_for
from mlopsportal.audit.actions import SYSTEM
from registry.models import Workspace
from tests.accounts.people import make_site_admin, make_user, make_workspace

pytestmark = pytest.mark.django_db

# S: in a browser session only. T: with a token too. The columns are the permissions, the rows who somebody is.
MATRIX = """
               read open edit submit comment withdraw review apply override run cancel pause audit manage
stranger       .    .    .    .      .       .        .      .     .        .   .      .     .     .
viewer         T    .    .    .      .       .        .      .     .        .   .      .     .     .
author         T    T    T    T      T       T        .      .     .        .   .      .     .     .
reviewer       T    .    .    .      T       .        S      .     .        .   .      .     .     .
operator       T    .    .    .      T       .        .      S     S        S   S      S     .     .
auditor        T    .    .    .      .       .        .      .     .        .   .      .     T     .
admin          T    .    .    .      T       .        .      S     .        .   .      .     .     S
site_admin     T    .    .    .      T       .        .      S     .        .   .      .     T     S
"""


def cells() -> list[tuple[str, Permission, str]]:
    head, *rows = [line.split() for line in MATRIX.strip().splitlines()]
    return [(who, Permission(name), cell) for who, *row in rows for name, cell in zip(head, row, strict=True)]


def somebody(who: str, workspace: Workspace) -> User:
    if who == "site_admin":
        return make_site_admin()
    return make_user(who, *([Role(who)] if who in Role.values else []), workspace=workspace)


def test_the_matrix_names_every_role_and_permission() -> None:
    assert {cell[0] for cell in cells()} == {*Role.values, "stranger", "site_admin"}
    assert {cell[1] for cell in cells()} == set(Permission)


@pytest.mark.parametrize(("who", "permission", "cell"), cells())
def test_who_may_do_what(who: str, permission: Permission, cell: str) -> None:
    workspace, elsewhere = make_workspace(), make_workspace("elsewhere")
    user = somebody(who, workspace)
    session, token = actor_of_user(user), actor_of_user(user, "token")
    assert can(session, permission, workspace) is (cell in "ST")
    assert can(token, permission, workspace) is (cell == "T")
    assert can(session, permission, elsewhere) is (who == "site_admin" and cell in "ST")
    assert (workspace.pk in workspaces_for(user, permission)) is (cell in "ST")
    assert (elsewhere.pk in workspaces_for(user, permission)) is (who == "site_admin" and cell in "ST")


def test_roles_add_up() -> None:
    workspace = make_workspace()
    both = actor_of_user(make_user("both", Role.AUTHOR, Role.REVIEWER, workspace=workspace))
    assert can(both, Permission.OPEN, workspace)
    assert can(both, Permission.REVIEW, workspace)


def test_a_site_administrator_reviews_only_as_a_reviewer() -> None:
    workspace, root = make_workspace(), make_site_admin()
    assert not can(actor_of_user(root), Permission.REVIEW, workspace)
    Membership.objects.create(user=root, workspace=workspace, role=Role.REVIEWER)
    assert can(actor_of_user(root), Permission.REVIEW, workspace)


@pytest.mark.parametrize("permission", list(Permission))
def test_a_disabled_account_may_do_nothing(permission: Permission) -> None:
    workspace = make_workspace()
    for user in (make_user("gone", *Role, workspace=workspace), make_site_admin()):
        user.is_active = False
        user.save()
        assert not can(actor_of_user(user), permission, workspace)
        assert list(workspaces_for(user, permission)) == []
        assert user.audit_scope() == frozenset()


def test_neither_a_visitor_nor_the_system_has_permissions() -> None:
    workspace = make_workspace()
    assert not can(SYSTEM, Permission.READ, workspace)
    assert list(workspaces_for(AnonymousUser())) == []


def test_a_refusal_names_the_roles_and_the_admins_to_a_member() -> None:
    workspace = make_workspace()
    make_user("boss", Role.ADMIN, workspace=workspace)
    viewer = actor_of_user(make_user("viewer", Role.VIEWER, workspace=workspace))
    with pytest.raises(NotAllowed) as caught:
        require(viewer, Permission.REVIEW, workspace)
    assert (caught.value.roles, caught.value.ask, caught.value.needs_session) == ((Role.REVIEWER,), ("boss",), False)
    assert "It takes the role reviewer. Ask boss." in str(caught.value)


def test_a_refusal_names_nobody_to_a_stranger() -> None:
    workspace = make_workspace()
    make_user("boss", Role.ADMIN, workspace=workspace)
    with pytest.raises(NotAllowed, match="Ask a site administrator"):
        require(actor_of_user(make_user("stranger")), Permission.READ, workspace)


def test_a_token_of_somebody_with_the_right_is_told_to_sign_in() -> None:
    workspace = make_workspace()
    reviewer = make_user("reviewer", Role.REVIEWER, workspace=workspace)
    with pytest.raises(NotAllowed, match="sign in with a browser") as caught:
        require(actor_of_user(reviewer, "token"), Permission.REVIEW, workspace)
    assert caught.value.needs_session
    require(actor_of_user(reviewer), Permission.REVIEW, workspace)


def test_a_site_administrator_administers_in_a_session_only() -> None:
    root = make_site_admin()
    require_site_admin(actor_of_user(root))
    for actor in (actor_of_user(root, "token"), actor_of_user(make_user("other"))):
        with pytest.raises(NotAllowed):
            require_site_admin(actor)


def test_a_workspace_that_is_not_visible_is_not_there() -> None:
    workspace = make_workspace()
    member = make_user("member", Role.VIEWER, workspace=workspace)
    assert visible_workspace(member, "demo") == workspace
    for user, slug in ((make_user("stranger"), "demo"), (member, "other")):
        with pytest.raises(Http404):
            visible_workspace(user, slug)


def test_the_audit_scope_is_where_one_is_auditor() -> None:
    here, there = make_workspace(), make_workspace("there")
    auditor = make_user("auditor", Role.AUDITOR, workspace=here)
    Membership.objects.create(user=auditor, workspace=there, role=Role.VIEWER)
    assert auditor.audit_scope() == frozenset({"demo"})
    assert make_user("viewer", Role.VIEWER, workspace=here).audit_scope() == frozenset()
    assert make_site_admin().audit_scope() is None
