"""The pages of tokens, members and users: each reads a form, calls one workflow function and redirects."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mlopsportal.accounts import workflow
from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.errors import Refused
from mlopsportal.accounts.forms import GrantForm, LinkForm, NewPasswordForm, TokenForm, UserForm
from mlopsportal.accounts.models import ApiToken, Membership, User
from mlopsportal.accounts.permissions import Permission, Role
from mlopsportal.accounts.roles import require, require_site_admin, visible_workspace
from mlopsportal.ui.paging import paginate


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens and the form for a new one; after POST the secret is shown, this once."""
    form, secret = TokenForm(_posted(request)), ""
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = workflow.create_token(_user(request), **form.cleaned_data, actor=actor_of(request))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            form = TokenForm()
    tokens = ApiToken.objects.filter(user=_user(request)).order_by("-created")
    context = {"form": form, "secret": secret, "tokens": tokens}
    return render(request, "accounts/token_list.html", context, status=_status(form))


@login_required
@require_POST
def token_revoke(request: HttpRequest, ref: str) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.select_related("user"), ref=ref, user=_user(request))
    workflow.revoke_token(token, actor=actor_of(request))
    messages.success(request, f"The token “{token.name}” is revoked.")
    return redirect("token-list")


@login_required
@require_http_methods(["GET", "POST"])
def member_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Who has which role in a workspace, and the form that grants one. For its admins."""
    workspace = visible_workspace(_user(request), slug)
    require(actor_of(request), Permission.MANAGE, workspace)
    form = GrantForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        user, role = form.cleaned_data["user"], form.cleaned_data["role"]
        try:
            workflow.grant(user, workspace, role, actor=actor_of(request))
        except Refused as refusal:
            form.add_error("user", str(refusal))
        else:
            messages.success(request, f"{user.username} is {role.label.lower()} now.")
            return redirect("member-list", slug=slug)
    members = Membership.objects.filter(workspace_id=workspace.pk).select_related("user")
    page = paginate(members, request, order=("user__username", "id"), size=100)
    context = {"form": form, "workspace": workspace, "page": page}
    return render(request, "accounts/member_list.html", context, status=_status(form))


@login_required
@require_POST
def member_revoke(request: HttpRequest, slug: str, membership_id: int) -> HttpResponse:
    workspace = visible_workspace(_user(request), slug)
    require(actor_of(request), Permission.MANAGE, workspace)
    members = Membership.objects.filter(workspace_id=workspace.pk).select_related("user")
    membership = get_object_or_404(members, pk=membership_id)
    role = Role(membership.role)
    workflow.revoke(membership.user, workspace, role, actor=actor_of(request))
    messages.success(request, f"{membership.user.username} is no longer {role.label.lower()}.")
    return redirect("member-list", slug=slug)


@login_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def user_list(request: HttpRequest) -> HttpResponse:
    """All accounts, by name, and the form that makes one. For site administrators."""
    require_site_admin(actor_of(request))
    form = UserForm(_posted(request))
    if request.method == "POST" and form.is_valid() and (user := _created(request, form)):
        messages.success(request, f"The account {user.username} is made. It has no role yet.")
        return redirect("user-detail", ref=user.ref)
    wanted = request.GET.get("q", "").replace("\x00", "")[:150]
    users = User.objects.filter(username__icontains=wanted) if wanted else User.objects.all()
    page = paginate(users, request, order=("username", "id"), size=100)
    context = {"form": form, "page": page, "q": wanted}
    return render(request, "accounts/user_list.html", context, status=_status(form))


@login_required
@require_GET
def user_detail(request: HttpRequest, ref: str) -> HttpResponse:
    """One account: its roles, the accounts of the same person, and what an administrator can do with it."""
    require_site_admin(actor_of(request))
    return _user_page(request, get_object_or_404(User, ref=ref))


@login_required
@require_POST
def user_activate(request: HttpRequest, ref: str) -> HttpResponse:
    """Disable the account, or enable it again (`active=on`)."""
    require_site_admin(actor_of(request))
    user = get_object_or_404(User, ref=ref)
    try:
        workflow.set_active(user, request.POST.get("active") == "on", actor=actor_of(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{user.username} is {'enabled' if user.is_active else 'disabled'}.")
    return redirect("user-detail", ref=ref)


@login_required
@sensitive_post_parameters("password")
@require_POST
def user_password(request: HttpRequest, ref: str) -> HttpResponse:
    require_site_admin(actor_of(request))
    user = get_object_or_404(User, ref=ref)
    form = NewPasswordForm(request.POST)
    if not form.is_valid():
        return _user_page(request, user, password_form=form)
    try:
        workflow.set_password(user, form.cleaned_data["password"], actor=actor_of(request))
    except ValidationError as error:
        form.add_error(None, error)
        return _user_page(request, user, password_form=form)
    messages.success(request, f"{user.username} has a new password; the old sessions have ended.")
    return redirect("user-detail", ref=ref)


@login_required
@require_POST
def user_link(request: HttpRequest, ref: str) -> HttpResponse:
    require_site_admin(actor_of(request))
    user = get_object_or_404(User, ref=ref)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _user_page(request, user, link_form=form)
    try:
        workflow.link_persons(user, form.cleaned_data["same_as"], actor=actor_of(request))
    except Refused as refusal:
        form.add_error("same_as", str(refusal))
        return _user_page(request, user, link_form=form)
    messages.success(request, f"{user.username} and {form.cleaned_data['same_as'].username} count as one person now.")
    return redirect("user-detail", ref=ref)


@require_GET
def password_help(request: HttpRequest) -> HttpResponse:
    """What to do about a forgotten password: nothing is sent by mail here."""
    return render(request, "accounts/password_help.html")


def _user_page(request: HttpRequest, user: User, **forms: Form) -> HttpResponse:
    context: dict[str, Any] = {
        "account": user,
        "memberships": user.memberships.select_related("workspace").order_by("workspace__slug", "role"),
        "same_person": User.objects.filter(person=user.person).exclude(pk=user.pk).order_by("username"),
        "password_form": NewPasswordForm(),
        "link_form": LinkForm(),
        "audit_query": urlencode({"person": user.username}),
        **forms,
    }
    return render(request, "accounts/user_detail.html", context, status=422 if forms else 200)


def _created(request: HttpRequest, form: UserForm) -> User | None:
    """Return the new account, None after putting what was wrong into the form."""
    try:
        return workflow.create_user(**form.cleaned_data, actor=actor_of(request))
    except ValidationError as error:
        form.add_error(None, error)
        return None


def _posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with, even when that is nothing; None when it was only asked for."""
    return request.POST if request.method == "POST" else None


def _status(form: Form) -> int:
    return 422 if form.is_bound and form.errors else 200


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):  # every caller is behind login_required
        raise TypeError("a page for signed-in people was reached by a visitor")
    return request.user
