"""Every address a browser can be at, by route name; what is no page is named here too, with what tries it instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

CHURN = "/w/demo/pipelines/churn_training/versions/6/"
PAIR = "/compare/?left=demo/component:churn_training:5&right=demo/component:churn_training:6"
NEW = "/changes/new/?ws=demo"
SCHEDULE = "schedule:churn-training-weekly"


@dataclass(frozen=True)
class Place:
    """An address and who goes there (None: nobody is signed in); `{name}` is filled in by `test_pages.known`."""

    who: str | None
    path: str
    status: int = 200


def places(who: str, *paths: str) -> list[Place]:
    return [Place(who, path) for path in paths]


PAGES: dict[str, list[Place]] = {
    "home": places("author", "/"),
    "compare": places("viewer", "/compare/", PAIR, f"{PAIR}&view=graph", f"{PAIR}&view=text"),
    "search": places("viewer", "/search/", "/search/?q=churn", "/search/?q=nothing-is-called-so"),
    "help": places("viewer", "/help/"),
    "check-list": places("viewer", "/help/checks/"),
    "check-detail": places("viewer", "/help/checks/schedule-no-start-time/"),
    "account_login": [Place(None, "/accounts/login/")],
    "account_logout": places("viewer", "/accounts/logout/"),
    "account_inactive": [Place(None, "/accounts/inactive/")],
    "account_signup": [Place(None, "/accounts/signup/")],
    "account_change_password": places("viewer", "/accounts/password/change/"),
    "account_reset_password": [Place(None, "/accounts/password/help/")],
    "socialaccount_login_cancelled": [Place(None, "/accounts/entra/cancelled/")],
    "socialaccount_login_error": [Place(None, "/accounts/entra/error/", 401)],
    "token-list": places("author", "/tokens/"),
    "member-list": places("admin", "/workspaces/demo/members/"),
    "user-list": places("root", "/users/"),
    "user-detail": places("root", "{user}"),
    "event-list": places("auditor", "/audit/", "/audit/?change={change}", "/audit/?person=nobody-of-that-name"),
    "event-detail": places("auditor", "{event}"),
    "workspace-list": [*places("viewer", "/workspaces/"), *places("root", "/workspaces/")],
    "workspace-add": places("root", "/workspaces/add/"),
    "workspace-detail": places("viewer", "/w/demo/"),
    "workspace-edit": places("admin", "/w/demo/edit/"),
    "workspace-practices": [*places("viewer", "/w/demo/practices/"), *places("admin", "/w/demo/practices/")],
    "sync-list": places("viewer", "/w/demo/syncs/"),
    "finding-list": places("viewer", "/w/demo/findings/"),
    "lineage": places("viewer", "/w/demo/lineage/", "/w/demo/lineage/?ref=component:churn_training:6"),
    "run-list": places("viewer", "/w/demo/runs/", "/w/demo/runs/?status=Failed", "/w/demo/runs/?q=no-such-run"),
    "run-detail": [*places("operator", "/w/demo/runs/{completed}/", "/w/demo/runs/{failed}/")],
    "run-logs": places("viewer", "/w/demo/runs/{completed}/logs/{completed}/"),
    "asset-list": places("viewer", *(f"/w/demo/{part}/" for part in ("components", "pipelines", "data", "models")))
    + places("viewer", "/w/demo/environments/", "/w/demo/components/?archived=yes", "/w/demo/components/?q=churn"),
    "asset-detail": places("author", "/w/demo/components/prepare_customers/", "/w/demo/pipelines/churn_training/")
    + places("viewer", "/w/demo/data/raw-data/", "/w/demo/environments/data-prep-env/"),
    "version-detail": places("author", CHURN, *(f"{CHURN}?tab={tab}" for tab in ("graph", "uses", "runs", "raw")))
    + places("author", "/w/demo/components/prepare_customers/versions/4/")
    + places("viewer", "/w/demo/data/raw-data/versions/1/", "/w/demo/environments/data-prep-env/versions/1/"),
    "impact": places("author", f"{CHURN}impact/", "/w/demo/components/prepare_customers/versions/4/impact/"),
    "making": places("viewer", "/w/demo/making/?ref={model}", "/w/demo/making/?ref=data:raw-data:1"),
    "upgrade": places("author", "/w/demo/upgrade/?from=component:prepare_customers:3&to=component:prepare_customers:4"),
    "schedule-list": places("author", "/w/demo/schedules/"),
    "schedule-detail": places("author", "/w/demo/schedules/churn-training-weekly/"),
    "schedule-state": places("author", "{state}"),
    "change-list": places(
        "reviewer", "/changes/", "/changes/?view=review", "/changes/?view=mine", "/changes/?view=all"
    ),
    "change-new": places(
        "author",
        NEW,
        f"{NEW}&action=schedule",
        f"{NEW}&action=schedule&ref={SCHEDULE}",
        f"{NEW}&action=run&ref=component:churn_training:6",
        f"{NEW}&action=new_version&ref=component:prepare_customers",
        f"{NEW}&action=archive&ref=component:prepare_customers:4",
        f"{NEW}&action=delete&ref={SCHEDULE}",
    ),
    "change-detail": [
        Place(who, f"/changes/{{change}}/?tab={tab}")
        for who, tab in [
            ("author", "plan"),
            ("reviewer", "plan"),
            ("reviewer", "conversation"),
            ("reviewer", "documents"),
            ("reviewer", "checks"),
            ("reviewer", "timeline"),
        ]
    ]
    + places("reviewer", "/changes/{change}/?tab=documents&revision=1")
    + places("author", "/changes/{broken}/", "/changes/{broken}/?tab=documents"),
    "change-edit": places("author", "/changes/{change}/edit/"),
    "change-withdraw": places("author", "/changes/{change}/withdraw/"),
    "": [
        Place("viewer", "/there-is-nothing-here/", 404),
        Place("viewer", "/changes/new/?ws=demo", 403),
        Place("author", "/w/demo/lineage/?ref=nonsense", 400),
        Place("author", "/w/demo/lineage/?ref=component:x:9", 404),
    ],
}
# Parts of pages, read by script, seen on their pages.
PIECES = {"change-live", "schedule-preview", "workspace-connection"}
# What is only ever posted to: pressed in test_story and test_forms, refused to GET in test_pages.
POSTED = {
    "token-revoke",
    "member-revoke",
    "user-activate",
    "user-password",
    "user-link",
    "event-export",
    "workspace-check",
    "sync-now",
    "finding-confirm",
    "finding-dismiss",
    "run-refresh",
    "run-logs-fetch",
    *(
        f"change-{verb}"
        for verb in (
            "submit",
            "review",
            "comment",
            "apply",
            "resume",
            "compensate",
            "replan",
            "override",
        )
    ),
}
# For machines, for another name of a page above, or only with a provider of identities (tests/accounts/test_entra.py).
ELSEWHERE = {"healthz", "readyz", "metrics", "account_set_password", "openid_connect_login", "openid_connect_callback"}


def routes() -> set[str]:
    """Return the name of every route but REST's."""
    return {name for name, path in _routes(get_resolver().url_patterns) if not path.startswith("api/v1/")}


def _routes(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, path)
        else:
            yield pattern.name or path, path
