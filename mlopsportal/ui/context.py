"""What the frame around each page needs: where the reader is, their workspaces, the theme; decides no right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

from django.apps import apps
from django.http import HttpRequest

THEMES = ("light", "dark")
# First part of the path, or the part after /w/<ws>/, and the entry of the top bar it belongs to.
_SECTIONS = {
    "": "home",
    "pipelines": "pipelines",
    "components": "components",
    "data": "data",
    "models": "models",
    "environments": "environments",
    "runs": "runs",
    "schedules": "schedules",
    "calendar": "calendar",
    "changes": "changes",
    "audit": "audit",
    "compare": "compare",
    "lineage": "lineage",
    "workspaces": "workspaces",
    "search": "search",
    "help": "help",
    "tokens": "tokens",
    "users": "users",
}


class NavWorkspace(Protocol):
    """The part of a workspace row that the top bar shows."""

    slug: str


@dataclass
class Navigation:
    """The state of the top bar. Asks the database only when a template reads `workspaces` or
    `may_audit` for a signed-in person."""

    request: HttpRequest

    @cached_property
    def section(self) -> str:
        """The entry of the top bar that is current; "" when none is."""
        parts = self.request.path_info.strip("/").split("/")
        if parts[0] == "w":
            return _SECTIONS.get(parts[2], "") if len(parts) > 2 else "workspace"
        return _SECTIONS.get(parts[0], "")

    @cached_property
    def theme(self) -> str:
        """`light`, `dark`, or "" for what the system says."""
        chosen = self.request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else ""

    @cached_property
    def shortcuts(self) -> bool:
        """False when the reader switched the keyboard shortcuts off."""
        return self.request.COOKIES.get("shortcuts") != "off"

    @cached_property
    def signed_in(self) -> bool:
        user = getattr(self.request, "user", None)
        return bool(user is not None and user.is_authenticated)

    @cached_property
    def name(self) -> str:
        """The sign-in name of the person; "" when there is none."""
        return str(self.request.user.get_username()) if self.signed_in else ""

    @cached_property
    def may_audit(self) -> bool:
        """Is there any part of the audit log that the person may read?"""
        if not self.signed_in:
            return False
        scope = cast(Any, self.request.user).audit_scope()  # the account's own answer: ui lies below accounts
        return scope is None or bool(scope)

    @cached_property
    def workspaces(self) -> list[NavWorkspace]:
        """The workspaces the person may see, by slug; empty for a page without a person."""
        if not self.signed_in:
            return []
        manager = cast(Any, apps.get_model("registry", "Workspace")).objects  # by name: ui lies below registry
        return list(manager.for_user(self.request.user).order_by("slug"))

    @cached_property
    def workspace(self) -> NavWorkspace | None:
        """The workspace of this page, else the one last looked at, else the first."""
        wanted = self.path_slug or self.request.COOKIES.get("workspace", "")
        by_slug = {workspace.slug: workspace for workspace in self.workspaces}
        return by_slug.get(wanted) or next(iter(by_slug.values()), None)

    @cached_property
    def path_slug(self) -> str:
        """The workspace named by the address; "" on pages above workspaces."""
        parts = self.request.path_info.strip("/").split("/")
        return parts[1] if parts[0] == "w" and len(parts) > 1 else ""


def navigation(request: HttpRequest) -> dict[str, Navigation]:
    """Context processor: `nav` for the frame. Makes no query by itself."""
    return {"nav": Navigation(request)}
