"""What sign-in does here: no open sign-up, one person per Entra identity, each step audited; knows no page."""

from __future__ import annotations

from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from mlopsportal.accounts.actors import actor_of, visitor
from mlopsportal.accounts.addresses import client_ip
from mlopsportal.accounts.models import User
from mlopsportal.accounts.workflow import set_password, target_of
from mlopsportal.audit.actions import Action
from mlopsportal.audit.log import record


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth comes without types
    """Local accounts: made by an administrator, signed in and out under audit."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Accept a place of this very site only, whatever else ALLOWED_HOSTS or trusted origins name."""
        request: HttpRequest = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or "local"

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Tell of a changed password; of signing in and out the page one lands on tells."""
        if message_template == "account/messages/password_changed.txt":
            messages.add_message(request, level, "Your password is changed. Your other sessions have ended.")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_change_password")

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send nothing: the audit log tells."""

    def login(self, request: HttpRequest, user: User) -> None:
        with transaction.atomic():
            super().login(request, user)
            method = "entra" if "openid_connect" in _view_name(request) else "password"
            record(Action.SIGN_IN_SUCCEEDED, actor=actor_of(request), target=target_of(user), facts={"method": method})

    def logout(self, request: HttpRequest) -> None:
        with transaction.atomic():
            if isinstance(request.user, User):
                record(Action.SIGN_OUT, actor=actor_of(request), target=target_of(request.user))
            super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record the attempt. What was typed is kept only if it names an account: it may have been a password."""
        typed = str(credentials.get("username", ""))[:150]
        user = User.objects.filter(username=typed).first()
        with transaction.atomic():
            record(
                Action.SIGN_IN_FAILED,
                actor=visitor(request, user.username if user else "an unknown account"),
                target=target_of(user) if user else "",
                facts={"method": "password"},
            )

    def set_password(self, user: User, password: str) -> None:
        set_password(user, password, actor=actor_of(context.request))


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth comes without types
    """Entra ID: the first sign-in makes an account without any role, under the tenant's key of that human."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(settings.ENTRA_TENANT_ID)

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Tie the identity to its person before anybody is signed in.

        An identity without tenant and object id, of another tenant, or whose account another identity holds
        is refused: who cannot be told apart cannot review.
        """
        if sociallogin.state.get("process", "login") != "login":
            self._refuse(request)
        person = person_of_claims(sociallogin.account.extra_data)
        if not person:
            self._refuse(request)
        if not get_adapter().is_safe_url(sociallogin.state.get("next")):
            sociallogin.state.pop("next", None)
        if sociallogin.is_existing:
            return
        # Mail addresses of the tenant neither find nor block an account here.
        sociallogin.email_addresses = []
        known = list(User.objects.filter(person=person)[:2])
        if len(known) == 1:
            sociallogin.connect(request, known[0])
        else:
            sociallogin.user.person = person

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
            told = {"username": user.username, "person": user.person}
            record(
                Action.ACCOUNT_CREATED,
                actor=visitor(request, user.username),
                target=target_of(user),
                after=told,
                facts={"method": "entra"},
            )
        return user

    def _refuse(self, request: HttpRequest) -> NoReturn:
        page = render(request, "socialaccount/authentication_error.html", status=403)
        raise ImmediateHttpResponse(page)


def person_of_claims(extra_data: dict[str, Any]) -> str:
    """Return `entra:<tenant>:<object id>` from the claims of the ID token, "" when they do not say who it is.

    Source: Microsoft identity platform, "ID token claims reference": `oid` with `tid` is the one key of a
    human that never changes; `sub`, names and addresses are not.
    """
    claims = extra_data.get("id_token") or {}
    tenant, user = str(claims.get("tid") or ""), str(claims.get("oid") or "")
    if not user or not tenant or tenant.lower() != settings.ENTRA_TENANT_ID.lower():
        return ""
    return f"entra:{tenant.lower()}:{user.lower()}"


def _view_name(request: HttpRequest) -> str:
    match = request.resolver_match
    return match.view_name if match else ""
