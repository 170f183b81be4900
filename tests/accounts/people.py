"""People, their workspaces and their browsers, for tests."""

from __future__ import annotations

from django.test import Client

from mlopsportal.accounts.actors import actor_of_user
from mlopsportal.accounts.models import ApiToken, Membership, User
from mlopsportal.accounts.permissions import Role
from mlopsportal.accounts.workflow import create_token
from registry.models import Workspace

PASSWORD = "correct horse battery"


def make_workspace(slug: str = "demo") -> Workspace:
    return Workspace.objects.create(slug=slug, subscription_id="0000", resource_group="rg", name=slug)


def make_user(name: str, *roles: Role, workspace: Workspace | None = None) -> User:
    """Make an account with these roles in one workspace."""
    user = User.objects.create_user(name, password=PASSWORD)
    if workspace is None:
        return user
    for role in roles:
        Membership.objects.create(user=user, workspace=workspace, role=role)
    return user


def make_site_admin(name: str = "root") -> User:
    return User.objects.create_superuser(name, password=PASSWORD)


def browser_of(user: User) -> Client:
    """Return a browser in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def token_of(user: User, name: str = "nightly build") -> tuple[ApiToken, str]:
    return create_token(user, name, 30, actor=actor_of_user(user))


def bearer(secret: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"authorization": f"Bearer {secret}"}
