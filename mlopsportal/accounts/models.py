"""Who may do what: users, the person behind each account, and memberships; knows no rule of the process."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models, transaction
from django.utils.timezone import now
from knox.models import AbstractAuthToken

from mlopsportal.accounts.permissions import Permission, Role, roles_with
from mlopsportal.audit.actions import SYSTEM, Action
from mlopsportal.audit.log import record

__all__ = ["ApiToken", "Membership", "Role", "User", "new_person_key"]


def new_person_key() -> str:
    return f"local:{uuid.uuid4()}"


class AccountManager(UserManager["User"]):
    """Makes accounts; the first administrator, made by the command `createsuperuser`, is in the log as well."""

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra_fields: Any
    ) -> User:
        with transaction.atomic():
            user = super().create_superuser(username, email, password, **extra_fields)
            record(
                Action.ACCOUNT_CREATED,
                actor=SYSTEM,
                target=f"user:{user.ref}",
                after={"username": user.username},
                facts={"site_admin": True},
            )
        return user


class User(AbstractUser):  # type: ignore[django-manager-missing]  # knox's manager of tokens has no types
    """An account. Two accounts with the same `person` are one reviewer.

    `person` is the identity provider's key (`entra:<tenant>:<object id>`) or a key of our own; an
    administrator may give two accounts of one human the same one. `ref` is the opaque name under
    which the audit log knows the account, so that a user name can be erased and the log still verifies.
    """

    person = models.CharField(max_length=200, default=new_person_key, db_index=True)
    ref = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    objects: ClassVar[AccountManager] = AccountManager()

    def __str__(self) -> str:
        return self.username

    def audit_scope(self) -> frozenset[str] | None:
        """Return the slugs of the workspaces whose audit log this account may read.

        None means everything, site-wide events too: a site administrator. Empty means nothing.
        """
        if not self.is_active:
            return frozenset()
        if self.is_superuser:
            return None
        auditing = self.memberships.filter(role__in=roles_with(Permission.AUDIT))
        return frozenset(auditing.values_list("workspace__slug", flat=True))


class Membership(models.Model):
    """One role of one user in one workspace; roles add up."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey("registry.Workspace", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "workspace", "role"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]
        indexes = [models.Index(fields=["workspace", "role"], name="membership_by_role")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} in {self.workspace}"


class ApiToken(AbstractAuthToken):  # type: ignore[misc]  # knox comes without types
    """A token of the REST door, kept only as a digest. `ref` is the opaque name under which the audit log knows it."""

    name = models.CharField(max_length=80)
    ref = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["user", "-created"], name="token_by_user")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expiry is not None and self.expiry <= now()
