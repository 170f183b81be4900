"""The page that moves the users of one version to another: it lists, the author chooses, one change is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, require
from mlopsportal.changes import workflow
from mlopsportal.changes.errors import ChangeError
from mlopsportal.specs.ref import Ref
from mlopsportal.upgrading import Upgrade, upgrade_of
from mlopsportal.upgrading.rewriting import Values, value_for
from registry.models import Version, Workspace
from registry.reading import ref_in
from registry.views.access import visible_workspace

FIT_WORDS = {
    "drop_in": ("Drop-in", "The new version fits as it is."),
    "needs_default": ("Needs a default", "The new version asks for something that nobody gives yet."),
    "needs_hands": ("Needs hands", "It does not fit: open the change as a draft and edit the documents, or leave it."),
}


@dataclass
class UpgradePage:
    """What `upgrade.html` shows; `upgrade` is None while the version to move to is not chosen."""

    workspace: Workspace
    old: Version
    versions: Sequence[str]
    new: str = ""
    upgrade: Upgrade | None = None
    taken: frozenset[str] | None = None
    typed: dict[str, str] | None = None
    refusal: str = ""

    @property
    def groups(self) -> list[dict[str, Any]]:
        found = self.upgrade.groups if self.upgrade else []
        return [
            {
                "key": str(fit),
                "title": FIT_WORDS[fit][0],
                "words": FIT_WORDS[fit][1],
                "candidates": [(item, self._is_taken(item.ref, usual=item.is_usual)) for item in candidates],
                "schedules": [(item, self._is_taken(item.ref, usual=str(fit) == "drop_in")) for item in schedules],
            }
            for fit, candidates, schedules in found
        ]

    def _is_taken(self, ref: Ref, *, usual: bool) -> bool:
        return usual if self.taken is None else str(ref) in self.taken

    @property
    def old_address(self) -> Ref:
        """The old version with its workspace, for the comparison."""
        return self.old.ref.in_workspace(self.workspace.slug)

    @property
    def new_address(self) -> Ref:
        return self.old_address.at(self.new)

    @property
    def title(self) -> str:
        return f"Move users of {self.old.name} {self.old.version} to {self.new}"


@login_required
@require_http_methods(["GET", "POST"])
def upgrade_page(request: HttpRequest, slug: str) -> HttpResponse:
    """List who uses `?from=`, and open the change that moves those who were chosen to the version `?to=`."""
    workspace = visible_workspace(request, slug)
    require(actor_of(request), Permission.OPEN, workspace)
    page = _page(request, workspace)
    if request.method == "GET" or page.upgrade is None:
        return render(request, "upgrade.html", {"page": page})
    return _open(request, page)


def _page(request: HttpRequest, workspace: Workspace) -> UpgradePage:
    rows = Version.objects.select_related("definition", "part", "asset")
    old = get_object_or_404(rows.named(workspace, ref_in(workspace, request.GET.get("from", ""))))
    newer = old.asset.versions.filter(missing_since=None).order_by("-created_at", "-id")
    versions = [text for text in newer.values_list("version", flat=True)[:50] if text != old.version]
    wanted = request.GET.get("to", "")
    page = UpgradePage(workspace, old, versions, wanted.rpartition(":")[2])
    if "\x00" in wanted:
        raise BadRequest("a version holds no NUL")
    if wanted:
        new = get_object_or_404(rows.filter(asset=old.asset), version=page.new)
        if new.pk == old.pk:
            raise BadRequest("The version to move to is the one to move from.")
        page.upgrade = upgrade_of(workspace, old, new, now=timezone.now())
    return page


def _open(request: HttpRequest, page: UpgradePage) -> HttpResponse:
    """Open the change, or show the page again with what stands against it and all that was chosen and typed."""
    assert page.upgrade is not None  # noqa: S101 - the caller has looked
    page.taken = frozenset(request.POST.getlist("take"))
    page.typed = {key: str(text) for key, text in request.POST.items() if key.startswith("value|")}
    try:
        values = _values(page)
        pairs = page.upgrade.pairs(page.taken, values)
        if not pairs:
            raise ValueError("Choose at least one that names the old version.")
        change = workflow.open_change(
            page.workspace,
            pairs,
            actor=actor_of(request),
            title=page.title[:200],
            description=f"Everybody chosen here names {page.upgrade.new} instead of {page.upgrade.old}.",
            submit=request.POST.get("do") != "draft",
        )
    except (ChangeError, ValueError) as error:
        page.refusal = str(error)
        return render(request, "upgrade.html", {"page": page}, status=422)
    return redirect("change-detail", number=change.pk)


def _values(page: UpgradePage) -> dict[str, Values]:
    """Return the inputs that were typed for those who are taken. Raises ValueError, naming the input."""
    found: dict[str, Values] = {}
    for item in page.upgrade.candidates if page.upgrade else ():
        if page.taken is None or str(item.ref) not in page.taken:
            continue
        given = {}
        for misfit in item.asked:
            text = (page.typed or {}).get(f"value|{item.ref}|{misfit.node}|{misfit.port}", "")
            try:
                given[misfit.node, misfit.port] = value_for(misfit.type, text)
            except ValueError as error:
                message = f"{item.ref.name}, {misfit.node}.{misfit.port} takes {misfit.type}: {error}."
                raise ValueError(message) from error
        found[str(item.ref)] = given
    return found
