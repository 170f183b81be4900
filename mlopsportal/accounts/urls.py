"""The addresses of sign-in, tokens, members and users."""

from __future__ import annotations

from allauth.account import views as account
from allauth.socialaccount import views as social
from django.urls import URLPattern, URLResolver, include, path

from mlopsportal.accounts import views

# Only what is used of allauth: there is no sign-up, no mail, and no linking of accounts by their owners.
sign_in: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/help/", views.password_help, name="account_reset_password"),
    path("password/help/", views.password_help, name="account_set_password"),
    path("entra/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("entra/error/", social.login_error, name="socialaccount_login_error"),
    path("", include("allauth.socialaccount.providers.openid_connect.urls")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include(sign_in)),
    path("tokens/", views.token_list, name="token-list"),
    path("tokens/<uuid:ref>/revoke/", views.token_revoke, name="token-revoke"),
    path("workspaces/<slug:slug>/members/", views.member_list, name="member-list"),
    path("workspaces/<slug:slug>/members/<int:membership_id>/revoke/", views.member_revoke, name="member-revoke"),
    path("users/", views.user_list, name="user-list"),
    path("users/<uuid:ref>/", views.user_detail, name="user-detail"),
    path("users/<uuid:ref>/active/", views.user_activate, name="user-activate"),
    path("users/<uuid:ref>/password/", views.user_password, name="user-password"),
    path("users/<uuid:ref>/link/", views.user_link, name="user-link"),
]
