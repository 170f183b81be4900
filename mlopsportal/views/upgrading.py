"""The page that moves the users of one version to another: it lists, the author chooses, one change is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mlopsportal.accounts.actors import actor_of
from mlopsportal.accounts.roles import Permission, require
from mlopsportal.changes import bundling, workflow
from mlopsportal.changes.errors import ChangeError
from mlopsportal.specs.interface import ASSET_TYPES, Port
from mlopsportal.specs.ref import Ref
from mlopsportal.ui.templatetags.ui import count_words
from mlopsportal.upgrading import Choice, Move, ScheduleMove, Upgrade, choosing, upgrade_of
from mlopsportal.upgrading.choosing import field_name, port_words
from mlopsportal.upgrading.judging import value_faults
from mlopsportal.upgrading.values import expected
from registry.fitting import Fit, Misfit
from registry.models import Version, Workspace
from registry.reading import ref_in
from registry.views.access import visible_workspace


@dataclass(frozen=True)
class FitWords:
    """How a group of those that take the same to move is called: as a heading, and of one or many."""

    title: str
    told: str
    one: str
    many: str


FIT_WORDS = {
    Fit.DROP_IN: FitWords("Drop-in", "The new version fits as it is.", "fits as it is", "fit as they are"),
    Fit.NEEDS_DEFAULT: FitWords(
        "Needs a default",
        "Give a value, or bind one (${{parent.inputs.data}}), and it moves along.",
        "needs a default",
        "need a default",
    ),
    Fit.NEEDS_HANDS: FitWords(
        "Needs hands",
        "It does not fit: keep the change as a draft and edit the document, or leave it.",
        "needs hands",
        "need hands",
    ),
}


@dataclass(frozen=True)
class Asked:
    """A field for an input that nobody gives yet, with what was typed so far and what is wrong with that."""

    name: str
    label: str
    port: Port
    typed: str
    fault: str

    @property
    def id(self) -> str:
        return self.name.replace("|", "-")

    @property
    def expected(self) -> str:
        return expected(self.port)

    @property
    def hint(self) -> str:
        return "azureml:name:version" if self.port.type in ASSET_TYPES else ""


@dataclass(frozen=True)
class Row:
    """One who could move, with the schedules that run it; `fault` says why it cannot as things are chosen.

    `waits_for` are those who have to move for it to have anything to follow.
    """

    move: Move
    is_taken: bool
    is_usual: bool
    asked: Sequence[Asked]
    waits_for: Sequence[Ref]
    fault: str = ""
    schedules: Sequence[Row] = ()

    @property
    def kind(self) -> str:
        if isinstance(self.move, ScheduleMove):
            return "schedule"
        return "pipeline" if self.move.consumer.version.is_pipeline else "component"

    @property
    def words(self) -> str:
        return f"{self.kind} {choosing.words(self.move.ref)}"

    @property
    def follows(self) -> str:
        """Those it waits for, as the page's script reads them."""
        return " ".join(map(str, self.waits_for))

    @property
    def notes(self) -> list[Misfit]:
        """What stands against it, but for inputs that are asked for below."""
        return [misfit for misfit in self.move.misfits if misfit.fit is not Fit.NEEDS_DEFAULT]

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What stands against it as chosen and typed: the id of where that is, and the words."""
        own = [(f"take-{self.move.ref}", f"{self.words}: {self.fault}")] if self.fault else []
        asked = [(ask.id, f"{self.words}: {ask.label} {ask.fault}.") for ask in self.asked if ask.fault]
        return [*own, *asked, *(fault for row in self.schedules for fault in row.faults)]


@dataclass(frozen=True)
class Group:
    """Those that take the same to move; a schedule stands below the version it runs, and counts with it."""

    fit: Fit
    rows: Sequence[Row]

    @property
    def words(self) -> FitWords:
        return FIT_WORDS[self.fit]

    @cached_property
    def kinds(self) -> Counter[str]:
        return Counter(item.kind for row in self.rows for item in (row, *row.schedules))

    @property
    def count(self) -> int:
        return self.kinds.total()

    @property
    def consists(self) -> str:
        """What is counted: "2 pipelines, 1 schedule"."""
        kinds = ("pipeline", "component", "schedule")
        return ", ".join(count_words(self.kinds[kind], kind) for kind in kinds if self.kinds[kind])


@dataclass
class UpgradePage:
    """What `upgrade.html` shows; `upgrade` is None while the version to move to is not chosen, `choice` until then."""

    workspace: Workspace
    old: Version
    versions: Sequence[str]
    new: str = ""
    older: bool = False
    upgrade: Upgrade | None = None
    choice: Choice | None = None
    refusal: str = ""

    @property
    def most(self) -> int:
        """How many documents one change holds."""
        return bundling.MOST_DOCUMENTS

    @cached_property
    def groups(self) -> list[Group]:
        if self.upgrade is None:
            return []
        return [Group(fit, [self._row(self.upgrade, item) for item in moves]) for fit, moves in self.upgrade.groups]

    def _row(self, upgrade: Upgrade, item: Move) -> Row:
        ref, choice = str(item.ref), self.choice
        asked = [self._asked(item, misfit, misfit.takes) for misfit in item.asked if misfit.takes]
        return Row(
            move=item,
            is_taken=ref in (choice.ticked if choice else upgrade.usual),
            is_usual=ref in upgrade.usual,
            asked=asked,
            waits_for=upgrade.waits_for(item),
            fault=choice.faults.get(ref, "") if choice else "",
            schedules=[self._row(upgrade, own) for own in upgrade.followers.get(item.ref, ())],
        )

    def _asked(self, item: Move, misfit: Misfit, port: Port) -> Asked:
        name, choice = field_name(item, misfit), self.choice
        typed = choice.typed.get(name, "") if choice else ""
        return Asked(name, port_words(misfit), port, typed, choice.field_faults.get(name, "") if choice else "")

    @property
    def faults(self) -> list[tuple[str, str]]:
        return [fault for group in self.groups for row in group.rows for fault in row.faults]

    @property
    def gone(self) -> list[str]:
        """What was ticked on a page that is older than its move."""
        return [text[:200] for text in self.choice.unknown[:10]] if self.choice else []

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
    typed = {key: str(text) for key, text in request.POST.items() if key.startswith("value|")}
    page.choice = choice = Choice(page.upgrade, frozenset(request.POST.getlist("take")), typed)
    if choice.faults or choice.field_faults or choice.unknown:
        return render(request, "upgrade.html", {"page": page}, status=422)
    try:
        page.choice = choice = replace(choice, judged=value_faults(page.workspace, choice))
        if choice.field_faults:
            return render(request, "upgrade.html", {"page": page}, status=422)
        pairs = page.upgrade.pairs(choice.taken, choice.values)
        if not pairs:
            raise ValueError("Nothing is chosen: tick what is to move, or give it the value that it needs.")
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
