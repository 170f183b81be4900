"""What people do to a change on its page: each view calls one workflow function and goes back to the page."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mlopsportal.accounts.actors import actor_of
from mlopsportal.audit.actions import Actor
from mlopsportal.changes import workflow
from mlopsportal.changes.errors import ChangeError, InvalidDocuments, NotEligible, StaleReview, WrongState
from mlopsportal.changes.models import ChangeRequest
from mlopsportal.changes.states import MOVES, State, Verdict
from mlopsportal.changes.views.pages import ChangePage
from mlopsportal.changes.views.reading import show_change, visible_change

Verb = Callable[[HttpRequest, ChangeRequest, Actor], ChangeRequest]


def posted(verb: Verb) -> Callable[[HttpRequest, int], HttpResponse]:
    """Make a view of a verb: POST, signed in, on a visible change; back to its page, or 409 with the reason there."""

    @login_required
    @require_POST
    def view(request: HttpRequest, number: int) -> HttpResponse:
        change = visible_change(request, number)
        try:
            change = verb(request, change, actor_of(request))
        except ChangeError as error:
            status = 400 if isinstance(error, InvalidDocuments) else 409
            return show_change(request, visible_change(request, number), refusal=str(error), status=status)
        return redirect("change-detail", number=change.pk)

    return view


@posted
def change_submit(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    changed = workflow.submit(change, actor=actor)
    messages.success(request, "Submitted. A reviewer sees it in their work now.")
    return changed


@posted
def change_review(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    verdict = request.POST.get("verdict", "")
    if verdict not in Verdict.values:
        raise InvalidDocuments("Say whether you approve, ask for changes or reject.")
    comment = request.POST.get("comment", "").strip()
    if verdict in (Verdict.REQUEST_CHANGES, Verdict.REJECT) and not comment:
        raise InvalidDocuments("Say why, so that the author knows what to do.")
    digest = request.POST.get("plan_digest", "")
    return workflow.review(change, verdict=verdict, plan_digest=digest, comment=comment, actor=actor)


@posted
def change_comment(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    workflow.comment(change, text=request.POST.get("text", ""), actor=actor)
    return change


@posted
def change_apply(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    seen = request.POST.get("plan_digest", "")
    if seen and seen != change.plan_digest:
        raise StaleReview(seen, change.plan_digest, change.state)
    return workflow.request_apply(change, actor=actor)


@posted
def change_resume(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    return workflow.resume(change, actor=actor)


@posted
def change_compensate(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    return workflow.compensate(change, actor=actor)


@posted
def change_replan(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    return workflow.replan(change, actor=actor)


@posted
def change_override(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    code, reason = request.POST.get("code", ""), request.POST.get("reason", "")
    return workflow.override(change, code=code, reason=reason, actor=actor)


@posted
def _withdraw(request: HttpRequest, change: ChangeRequest, actor: Actor) -> ChangeRequest:
    return workflow.withdraw(change, actor=actor, reason=request.POST.get("reason", ""))


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def change_withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Ask once more whether the change is to be given up, then give it up."""
    if request.method == "POST":
        return _withdraw(request, number)
    change = visible_change(request, number)
    page = ChangePage(change, actor_of(request))
    if State.WITHDRAWN not in MOVES[State(change.state)]:
        return show_change(request, change, refusal=str(WrongState(change.state, "withdraw")), status=409)
    if not page.may.withdraw:
        raise NotEligible("Only its author, or an admin of the workspace, may withdraw a change.")
    return render(request, "changes/change_withdraw.html", {"page": page})
