"""The page that moves the users of one version to another: it lists, the author chooses, one change is opened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, require
from mlopsportal.changes import workflow
from mlopsportal.changes.bundling import MOST_DOCUMENTS
from mlopsportal.changes.errors import ChangeError
from mlopsportal.specs.interface import ASSET_TYPES
from mlopsportal.specs.ref import Ref
from mlopsportal.upgrading import Move, Upgrade, upgrade_of
from mlopsportal.upgrading.rewriting import Values, value_for
from registry.fitting import Fit, Misfit
from registry.models import Version, Workspace
from registry.reading import ref_in
from registry.views.access import visible_workspace

FIT_WORDS = {
    Fit.DROP_IN: ("Drop-in", "The new version fits as it is."),
    Fit.NEEDS_DEFAULT: ("Needs a default", "Give a value, or bind one (${{parent.inputs.data}}), and it moves along."),
    Fit.NEEDS_HANDS: ("Needs hands", "It does not fit: keep the change as a draft and edit the document, or leave it."),
}


@dataclass(frozen=True)
class Asked:
    """A field for an input that nobody gives yet, with what was typed so far."""

    name: str
    label: str
    type: str
    typed: str

    @property
    def id(self) -> str:
        return self.name.replace("|", "-")

    @property
    def hint(self) -> str:
        return "azureml:name:version" if self.type in ASSET_TYPES else ""


@dataclass(frozen=True)
class Row:
    """One who could move: `waits_for` are those who have to move for it to have anything to follow."""

    move: Move
    is_taken: bool
    asked: Sequence[Asked]
    waits_for: Sequence[Ref]

    @property
    def notes(self) -> list[Misfit]:
        """What stands against it, but for inputs that are asked for below."""
        return [misfit for misfit in self.move.misfits if misfit.fit is not Fit.NEEDS_DEFAULT]


@dataclass(frozen=True)
class Group:
    """Those that take the same to move."""

    fit: Fit
    candidates: Sequence[Row]
    schedules: Sequence[Row]

    @property
    def title(self) -> str:
        return FIT_WORDS[self.fit][0]

    @property
    def words(self) -> str:
        return FIT_WORDS[self.fit][1]

    @property
    def count(self) -> int:
        return len(self.candidates) + len(self.schedules)

    @property
    def is_asked(self) -> bool:
        return self.fit is Fit.NEEDS_DEFAULT


@dataclass
class UpgradePage:
    """What `upgrade.html` shows; `upgrade` is None while the version to move to is not chosen."""

    workspace: Workspace
    old: Version
    versions: Sequence[str]
    new: str = ""
    older: bool = False
    upgrade: Upgrade | None = None
    taken: frozenset[str] | None = None
    typed: dict[str, str] = field(default_factory=dict)
    refusal: str = ""

    most = MOST_DOCUMENTS

    @cached_property
    def groups(self) -> list[Group]:
        found = self.upgrade.groups if self.upgrade else []
        return [
            Group(fit, [self._row(item) for item in candidates], [self._row(item) for item in schedules])
            for fit, candidates, schedules in found
        ]

    def _row(self, item: Move) -> Row:
        assert self.upgrade is not None  # noqa: S101 - without one there are no rows
        usual = self.upgrade.usual if self.taken is None else self.taken
        asked = [
            Asked(name, f"{misfit.node}.{misfit.port}".lstrip("."), misfit.type, self.typed.get(name, ""))
            for misfit in item.asked
            if (name := field_name(item, misfit))
        ]
        return Row(item, str(item.ref) in usual, asked, self.upgrade.waits_for(item))

    @property
    def over(self) -> int:
        """How many of those that fit do not go into this change."""
        return self.upgrade.fitting - self.most if self.upgrade and self.upgrade.fitting > self.most else 0

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
    wanted, older = request.GET.get("to", ""), request.GET.get("older", "") == "1"
    page = UpgradePage(workspace, old, versions, wanted.rpartition(":")[2], older)
    if "\x00" in wanted:
        raise BadRequest("a version holds no NUL")
    if wanted:
        new = get_object_or_404(rows.filter(asset=old.asset), version=page.new)
        if new.pk == old.pk:
            raise BadRequest("The version to move to is the one to move from.")
        page.upgrade = upgrade_of(workspace, old, new, now=timezone.now(), older=older)
    return page


def _open(request: HttpRequest, page: UpgradePage) -> HttpResponse:
    """Open the change, or show the page again with what stands against it and all that was chosen and typed."""
    assert page.upgrade is not None  # noqa: S101 - the caller has looked
    page.typed = {key: str(text) for key, text in request.POST.items() if key.startswith("value|")}
    given = {str(item.ref) for item in page.upgrade.moves if _is_given(item, page.typed)}
    page.taken = frozenset(request.POST.getlist("take")) | given
    try:
        pairs = page.upgrade.pairs(page.taken, _values(page.upgrade, page.taken, page.typed))
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
    left = page.upgrade.left_out(page.taken)
    if left:
        names = ", ".join(f"{ref.name} {ref.version or ''}".strip() for ref in left[:10])
        messages.info(request, f"Left as it is, since nothing it names moves: {names}.")
    return redirect("change-detail", number=change.pk)


def field_name(item: Move, misfit: Misfit) -> str:
    """Return the name of the form's field for an input that somebody has to give."""
    return f"value|{item.ref}|{misfit.node}|{misfit.port}"


def _is_given(item: Move, typed: Mapping[str, str]) -> bool:
    return any(typed.get(field_name(item, misfit), "").strip() for misfit in item.asked)


def _values(upgrade: Upgrade, taken: Collection[str], typed: Mapping[str, str]) -> dict[str, Values]:
    """Return the inputs that were typed for those who are taken. Raises ValueError, naming the input."""
    found: dict[str, Values] = {}
    for item in upgrade.moves:
        if str(item.ref) not in taken:
            continue
        given = {}
        for misfit in item.asked:
            try:
                value = value_for(misfit.type, typed.get(field_name(item, misfit), ""))
            except ValueError as error:
                where = f"{misfit.node}.{misfit.port}".lstrip(".")
                raise ValueError(f"{item.ref.name}, {where} takes {misfit.type}: {error}.") from error
            given[misfit.node, misfit.port] = value
        found[str(item.ref)] = given
    return found
