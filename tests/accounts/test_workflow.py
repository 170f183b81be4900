from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils.timezone import now

from mlopsportal.accounts import workflow
from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.errors import NotAllowed, Refused
from mlopsportal.accounts.models import ApiToken, Membership, User
from mlopsportal.accounts.permissions import Role
from mlopsportal.audit.actions import SYSTEM, Action, Actor
from mlopsportal.audit.models import Event
from tests.accounts.people import PASSWORD, make_site_admin, make_user, make_workspace

pytestmark = pytest.mark.django_db


def root() -> Actor:
    return actor_of_user(make_site_admin())


def actions() -> list[str]:
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def last_event() -> Event:
    return Event.objects.select_related("detail").latest("id")


def test_an_account_is_made_without_roles_and_recorded() -> None:
    user = workflow.create_user("alice", actor=root(), password=PASSWORD, full_name="Alice Liddell")
    assert user.check_password(PASSWORD)
    assert (user.first_name, user.last_name) == ("Alice", "Liddell")
    assert not user.memberships.exists()
    assert last_event().action == Action.ACCOUNT_CREATED
    assert last_event().target == f"user:{user.ref}"
    assert PASSWORD not in str(last_event().detail.after)


@pytest.mark.parametrize(
    ("name", "password"), [("alice", PASSWORD), ("", PASSWORD), ("a b", PASSWORD), ("bob", "short")]
)
def test_a_wrong_account_is_refused_and_leaves_nothing(name: str, password: str) -> None:
    make_user("alice")
    actor = root()
    with pytest.raises(ValidationError):
        workflow.create_user(name, actor=actor, password=password)
    assert User.objects.count() == 2


def test_only_site_administrators_make_accounts() -> None:
    workspace = make_workspace()
    admin = make_user("admin", Role.ADMIN, workspace=workspace)
    with pytest.raises(NotAllowed):
        workflow.create_user("alice", actor=actor_of_user(admin), password=PASSWORD)


def test_a_role_is_granted_and_revoked_once_with_one_event_each() -> None:
    workspace, user = make_workspace(), make_user("alice")
    admin = actor_of_user(make_user("admin", Role.ADMIN, workspace=workspace))
    for _ in range(2):
        workflow.grant(user, workspace, Role.AUTHOR, actor=admin)
    assert user.memberships.get().role == Role.AUTHOR
    for _ in range(2):
        workflow.revoke(user, workspace, Role.AUTHOR, actor=admin)
    assert not user.memberships.exists()
    assert actions() == [Action.MEMBERSHIP_GRANTED, Action.MEMBERSHIP_REVOKED]
    assert (last_event().workspace, last_event().detail.before) == ("demo", {"username": "alice", "role": "author"})


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_other_roles_do_not_manage_members(role: Role) -> None:
    workspace = make_workspace()
    actor = actor_of_user(make_user("x", role, workspace=workspace))
    for act in (workflow.grant, workflow.revoke):
        with pytest.raises(NotAllowed):
            act(make_user(f"y{act.__name__}"), workspace, Role.ADMIN, actor=actor)


def test_an_admin_manages_neither_elsewhere_nor_by_token() -> None:
    workspace, elsewhere = make_workspace(), make_workspace("elsewhere")
    admin, user = make_user("admin", Role.ADMIN, workspace=workspace), make_user("alice")
    with pytest.raises(NotAllowed):
        workflow.grant(user, elsewhere, Role.VIEWER, actor=actor_of_user(admin))
    with pytest.raises(NotAllowed):
        workflow.grant(user, workspace, Role.VIEWER, actor=actor_of_user(admin, "token"))


def test_a_disabled_account_gets_no_role() -> None:
    user, actor = make_user("alice"), root()
    workflow.set_active(user, False, actor=actor)
    with pytest.raises(Refused, match="disabled"):
        workflow.grant(user, make_workspace(), Role.VIEWER, actor=actor)


def test_disabling_and_enabling_is_recorded_once() -> None:
    user, actor = make_user("alice"), root()
    for active in (False, False, True):
        workflow.set_active(user, active, actor=actor)
    assert User.objects.get(pk=user.pk).is_active
    assert actions()[1:] == [Action.ACCOUNT_DISABLED, Action.ACCOUNT_ENABLED]


def test_nobody_disables_themselves() -> None:
    admin = make_site_admin()
    with pytest.raises(Refused):
        workflow.set_active(admin, False, actor=actor_of_user(admin))


def test_linked_accounts_are_one_person() -> None:
    actor, alice, second, third = root(), make_user("alice"), make_user("alice2"), make_user("alice3")
    workflow.link_persons(second, alice, actor=actor)
    workflow.link_persons(alice, third, actor=actor)
    assert len(set(User.objects.exclude(username="root").values_list("person", flat=True))) == 1
    assert actions()[1:] == [Action.ACCOUNT_LINKED] * 2
    assert '"same_as": "alice3"' in json.dumps(last_event().detail.after)


def test_the_identity_providers_key_is_the_one_that_stays() -> None:
    actor, local, entra = root(), make_user("alice"), make_user("alice@example.org")
    User.objects.filter(pk=entra.pk).update(person="entra:t:o")
    entra.refresh_from_db()
    workflow.link_persons(entra, local, actor=actor)
    assert set(User.objects.exclude(username="root").values_list("person", flat=True)) == {"entra:t:o"}


def test_two_people_of_the_identity_provider_are_never_one() -> None:
    actor, one, two = root(), make_user("one"), make_user("two")
    for user in (one, two):
        user.person = f"entra:t:{user.username}"
        user.save()
    with pytest.raises(Refused, match="two people"):
        workflow.link_persons(one, two, actor=actor)
    with pytest.raises(Refused, match="same account"):
        workflow.link_persons(one, one, actor=actor)


def test_only_site_administrators_link() -> None:
    workspace = make_workspace()
    admin = actor_of_user(make_user("admin", Role.ADMIN, workspace=workspace))
    with pytest.raises(NotAllowed):
        workflow.link_persons(make_user("a"), make_user("b"), actor=admin)


def test_a_token_is_made_for_oneself_and_kept_as_a_digest() -> None:
    user = make_user("alice")
    token, secret = workflow.create_token(user, " build ", 30, actor=actor_of_user(user))
    assert secret.startswith("mlops_")
    assert token.name == "build"
    assert timedelta(days=29) < token.expiry - now() <= timedelta(days=30)
    assert secret not in str(ApiToken.objects.values().get())
    assert last_event().action == Action.TOKEN_CREATED
    assert secret not in str(last_event().detail.after)


@pytest.mark.parametrize(("name", "days"), [("", 30), ("  ", 30), ("x" * 81, 30), ("x", 0), ("x", 366), ("x", -1)])
def test_a_wrong_token_is_refused(name: str, days: int) -> None:
    user = make_user("alice")
    with pytest.raises(Refused):
        workflow.create_token(user, name, days, actor=actor_of_user(user))


def test_nobody_makes_a_token_for_another_nor_with_a_token() -> None:
    alice, admin = make_user("alice"), make_site_admin()
    for actor in (actor_of_user(admin), actor_of_user(alice, "token"), SYSTEM):
        with pytest.raises(NotAllowed):
            workflow.create_token(alice, "x", 30, actor=actor)
    assert not ApiToken.objects.exists()


def test_only_the_owner_revokes_a_token() -> None:
    alice, bob = make_user("alice"), make_user("bob")
    token, _ = workflow.create_token(alice, "x", 30, actor=actor_of_user(alice))
    with pytest.raises(NotAllowed):
        workflow.revoke_token(token, actor=actor_of_user(bob))
    workflow.revoke_token(token, actor=actor_of_user(alice))
    workflow.revoke_token(token, actor=actor_of_user(alice))
    assert actions() == [Action.TOKEN_CREATED, Action.TOKEN_REVOKED]


def test_there_is_an_end_to_the_number_of_tokens() -> None:
    user = make_user("alice")
    for number in range(workflow.TOKENS_PER_USER):
        ApiToken.objects.create(user=user, name=str(number), expiry=timedelta(days=1))
    with pytest.raises(Refused, match="revoke one"):
        workflow.create_token(user, "one more", 30, actor=actor_of_user(user))


def test_the_demo_has_one_account_for_each_role_with_just_that_role() -> None:
    workspace = make_workspace()
    for _ in range(2):
        users = workflow.create_demo_accounts(workspace, PASSWORD, actor=SYSTEM)
    assert [user.username for user in users] == ["viewer", "author", "reviewer", "operator", "auditor", "admin"]
    assert {(m.user.username, m.role) for m in Membership.objects.select_related("user")} == {
        (role, role) for role in Role.values
    }
    assert not User.objects.filter(is_superuser=True).exists()
    assert len(actions()) == 12


def test_a_new_demo_password_is_taken_over() -> None:
    workspace = make_workspace()
    workflow.create_demo_accounts(workspace, PASSWORD, actor=SYSTEM)
    workflow.create_demo_accounts(workspace, "another long password", actor=SYSTEM)
    assert User.objects.get(username="author").check_password("another long password")


def test_the_first_administrator_is_made_by_a_command_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", username="root", email="root@example.org", interactive=False, verbosity=0)
    admin = User.objects.get()
    assert admin.check_password(PASSWORD)
    assert admin.audit_scope() is None
    assert (last_event().action, last_event().actor_ref) == (Action.ACCOUNT_CREATED, "system")
