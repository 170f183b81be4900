"""Everything that changes accounts, memberships and tokens, each with its audit event; knows no page."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from mlopsportal.accounts.errors import NotAllowed, Refused
from mlopsportal.accounts.models import ApiToken, Membership, User
from mlopsportal.accounts.permissions import Permission, Role
from mlopsportal.accounts.roles import WorkspaceLike, require, require_site_admin, require_to_add_workspaces
from mlopsportal.audit.actions import Action, Actor
from mlopsportal.audit.log import record

TOKEN_DAYS: Final = range(1, 366)
TOKENS_PER_USER: Final = 50


def create_user(
    username: str, *, actor: Actor, password: str | None = None, email: str = "", full_name: str = ""
) -> User:
    """Make an account without any role, and return it. Without a password it can only sign in through Entra ID.

    Raises NotAllowed, and ValidationError for a name that is taken or not allowed or a password that is too weak.
    """
    _require_site_admin(actor)
    first, _, last = full_name.strip().partition(" ")
    user = User(username=username, email=email, first_name=first, last_name=last)
    user.clean_fields(exclude=["password"])
    user.validate_unique()
    if password is not None:
        _validate_password(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            record(Action.ACCOUNT_CREATED, actor=actor, target=target_of(user), after=_told(user))
    except IntegrityError as error:  # somebody took the name since it was looked at
        raise ValidationError({"username": "A user with that username already exists."}) from error
    return user


def set_password(user: User, password: str, *, actor: Actor) -> None:
    """Give an account a new password; its sessions end with the old one.

    For the owner, in a session, and for site administrators. Raises NotAllowed, ValidationError.
    """
    if not (actor.is_person_in_session and actor.user_id == user.pk):
        _require_site_admin(actor)
    _validate_password(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record(Action.PASSWORD_CHANGED, actor=actor, target=target_of(user), after=_told(user))


def set_active(user: User, active: bool, *, actor: Actor) -> User:
    """Enable an account, or disable it: its sessions and tokens are dead from the next request on.

    Raises NotAllowed, and Refused for one's own account: nobody locks themselves out by a slip.
    """
    _require_site_admin(actor)
    if actor.user_id == user.pk:
        raise Refused("You cannot disable your own account; another site administrator can.")
    action = Action.ACCOUNT_ENABLED if active else Action.ACCOUNT_DISABLED
    with transaction.atomic():
        if User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active):
            record(action, actor=actor, target=target_of(user), after=_told(user))
    user.is_active = active
    return user


def link_persons(user: User, same_as: User, *, actor: Actor) -> User:
    """Declare `user` to be the same human as `same_as`: from now on they count as one reviewer.

    Raises NotAllowed, and Refused when both are one account or both come from the identity provider.
    """
    _require_site_admin(actor)
    if user.pk == same_as.pk:
        raise Refused("That is the same account; name another one of the same person.")
    if user.person.startswith("entra:") and same_as.person != user.person:
        user, same_as = same_as, user  # the identity provider's key is the one that stays
    if user.person.startswith("entra:") and same_as.person != user.person:
        raise Refused("Both accounts come from Entra ID, which says that they are two people.")
    before = user.person
    with transaction.atomic():
        # Everybody who was one with `user` stays one with it.
        if User.objects.filter(person=before).exclude(person=same_as.person).update(person=same_as.person):
            told = {**_told(user), "same_as": same_as.username, "person": same_as.person}
            record(Action.ACCOUNT_LINKED, actor=actor, target=target_of(user), before={"person": before}, after=told)
    user.person = same_as.person
    return user


def grant(user: User, workspace: WorkspaceLike, role: Role, *, actor: Actor) -> Membership:
    """Give an account a role in a workspace; nothing happens when it has it. Raises NotAllowed, Refused."""
    _require_manager(actor, workspace)
    if not user.is_active:
        raise Refused(f"The account {user.username} is disabled; enable it before granting a role.")
    with transaction.atomic():
        membership, is_new = Membership.objects.get_or_create(user=user, workspace_id=workspace.pk, role=role)
        if is_new:
            _record_role(Action.MEMBERSHIP_GRANTED, user, workspace, role, actor=actor)
    return membership


def grant_founder(workspace: WorkspaceLike, *, actor: Actor) -> Membership:
    """Make the person who has just added a workspace its first admin. Raises NotAllowed, Refused for a later one."""
    require_to_add_workspaces(actor)
    with transaction.atomic():
        if Membership.objects.filter(workspace_id=workspace.pk).exists():
            raise Refused(f"Workspace {workspace.slug} has members already; its admins grant further roles.")
        founder = User.objects.get(ref=actor.ref)
        membership = Membership.objects.create(user=founder, workspace_id=workspace.pk, role=Role.ADMIN)
        _record_role(Action.MEMBERSHIP_GRANTED, founder, workspace, Role.ADMIN, actor=actor)
    return membership


def revoke(user: User, workspace: WorkspaceLike, role: Role, *, actor: Actor) -> None:
    """Take a role in a workspace away; nothing happens when the account does not have it. Raises NotAllowed."""
    _require_manager(actor, workspace)
    with transaction.atomic():
        gone, _ = Membership.objects.filter(user=user, workspace_id=workspace.pk, role=role).delete()
        if gone:
            _record_role(Action.MEMBERSHIP_REVOKED, user, workspace, role, actor=actor)


def create_token(user: User, name: str, days: int, *, actor: Actor) -> tuple[ApiToken, str]:
    """Make an API token of one's own, valid for `days` (1 to 365), and return it with its secret, shown this once.

    Raises NotAllowed for anybody but the owner in a browser session, Refused for a wrong name, time or number.
    """
    _require_owner(actor, user)
    name = name.strip()
    if not name or len(name) > 80:
        raise Refused("A token needs a name of at most 80 characters.")
    if days not in TOKEN_DAYS:
        raise Refused("A token is valid for 1 to 365 days.")
    with transaction.atomic():
        if ApiToken.objects.filter(user=user).count() >= TOKENS_PER_USER:
            raise Refused(f"There are {TOKENS_PER_USER} tokens already; revoke one that is not used.")
        token, secret = ApiToken.objects.create(user=user, expiry=timedelta(days=days), name=name)
        record(
            Action.TOKEN_CREATED,
            actor=actor,
            target=f"token:{token.ref}",
            after={"name": name, "expires_at": token.expiry},
            facts={"days": days},
        )
    return token, secret


def revoke_token(token: ApiToken, *, actor: Actor) -> None:
    """Delete one of one's own tokens; it is refused from the next request on. Raises NotAllowed."""
    _require_owner(actor, token.user)
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk).delete()[0]:
            told = {"name": token.name, "expires_at": token.expiry}
            record(Action.TOKEN_REVOKED, actor=actor, target=f"token:{token.ref}", before=told)


def create_demo_accounts(workspace: WorkspaceLike, password: str, *, actor: Actor) -> list[User]:
    """Make the demo's accounts: one for each role, named after it and with just that role in `workspace`.

    Idempotent; an account that exists gets the password again if it has another one.
    """
    return [_demo_account(Role(role), workspace, password, actor=actor) for role in Role.values]


def _demo_account(role: Role, workspace: WorkspaceLike, password: str, *, actor: Actor) -> User:
    user = User.objects.filter(username=role.value).first()
    if user is None:
        user = create_user(role.value, actor=actor, password=password)
    elif not user.check_password(password):
        set_password(user, password, actor=actor)
    grant(user, workspace, role, actor=actor)
    return user


def target_of(user: User) -> str:
    """Return the opaque name under which the log knows an account."""
    return f"user:{user.ref}"


def _told(user: User) -> dict[str, str]:
    return {"username": user.username}


def _record_role(action: Action, user: User, workspace: WorkspaceLike, role: Role, *, actor: Actor) -> None:
    told = {**_told(user), "role": role.value}
    gone = action is Action.MEMBERSHIP_REVOKED
    record(
        action,
        actor=actor,
        workspace=str(workspace.slug),
        target=target_of(user),
        before=told if gone else None,
        after=None if gone else told,
        facts={"role": role.value},
    )


def _validate_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error}) from error


def _require_site_admin(actor: Actor) -> None:
    if actor.kind != "system":  # the system is a command at the console: createsuperuser, up
        require_site_admin(actor)


def _require_manager(actor: Actor, workspace: WorkspaceLike) -> None:
    if actor.kind != "system":
        require(actor, Permission.MANAGE, workspace)


def _require_owner(actor: Actor, user: User) -> None:
    if actor.user_id != user.pk:
        raise NotAllowed(Permission.MANAGE, "", ask=(user.username,))
    if not actor.is_person_in_session:
        raise NotAllowed(Permission.MANAGE, "", needs_session=True)
