"""Opening a change and sending in its revisions: who may, and the rows that come of it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from mlopsportal.accounts.models import User
from mlopsportal.accounts.roles import Permission, can, require
from mlopsportal.audit.actions import Action, Actor
from mlopsportal.changes import approvals, bundling, policy
from mlopsportal.changes.errors import InvalidDocuments, NotEligible, NotSubmittable, WrongState
from mlopsportal.changes.models import ChangeRequest, Document, Revision
from mlopsportal.changes.moving import Facts, move, record
from mlopsportal.changes.plans import request_plan
from mlopsportal.changes.settling import settle
from mlopsportal.changes.states import REVISABLE, Origin, PlanState, Policy, State
from mlopsportal.specs import digest
from mlopsportal.specs import documents as specs_documents
from mlopsportal.specs.validate import Judgement
from registry.mirror import WorkspaceMirror
from registry.models import Workspace
from registry.practices import levels_of

LONGEST_TITLE = 200
LONGEST_TEXT = 20_000


def open_change(
    workspace: Workspace,
    documents: Sequence[bundling.Pair],
    *,
    actor: Actor,
    title: str,
    description: str = "",
    submit: bool = False,
    origin: str = Origin.FORM,
) -> ChangeRequest:
    """Open a change of `(path, text)` documents and have it planned; the one way in for forms, API and commands.

    Documents with problems make a draft that stays one, `submit` or not. Raises InvalidDocuments, NotAllowed.
    """
    pairs = bundling.confined(documents)
    require_to_propose(actor, Permission.OPEN, workspace, pairs)
    title = checked_title(title)
    description = checked_text(description, "description")
    now = timezone.now()
    judged = _judge(workspace, pairs)
    with transaction.atomic():
        change = ChangeRequest.objects.create(
            workspace=workspace,
            title=title,
            description=description,
            author=user_of(actor),
            origin=origin,
            created_at=now,
            updated_at=now,
        )
        revision = _write_revision(change, judged, pairs, actor)
        record(change, Action.CHANGE_OPENED, actor=actor, note=title, facts=_opened_facts(change, revision, len(pairs)))
        request_plan(change, revision)
        if submit and not problems_of(revision):
            _submit(change, actor)
    return change


def _opened_facts(change: ChangeRequest, revision: Revision, documents: int) -> Facts:
    return {
        "revision": revision.number,
        "revision_digest": revision.digest,
        "origin": str(change.origin),
        "documents": documents,
    }


def revise(change: ChangeRequest, documents: Sequence[bundling.Pair], *, actor: Actor) -> ChangeRequest:
    """Add a revision, which voids every approval, and have it planned. The same documents again change nothing.

    Takes the right to propose both what is there and what takes its place.
    Raises InvalidDocuments, NotAllowed, NotEligible, WrongState.
    """
    pairs = bundling.confined(documents)
    require_to_propose(actor, Permission.EDIT, change.workspace, pairs)
    judged = _judge(change.workspace, pairs)
    with transaction.atomic():
        change = locked(change)
        require_to_propose(actor, Permission.EDIT, change.workspace, _pairs_of(change))
        require_own_by_token(actor, change)
        if change.state not in REVISABLE:
            raise WrongState(change.state, "revise")
        if digest.revision_digest(pairs) == change.revision.digest:
            return change
        _void_approvals(change, actor)
        change.revision_number += 1
        change.policy, change.overrides, change.updated_at = Policy.REVIEW, [], timezone.now()
        change.submitted_by_token = change.submitted_by_token or actor.kind == "token"
        change.save(update_fields=["revision_number", "policy", "overrides", "updated_at", "submitted_by_token"])
        revision = _write_revision(change, judged, pairs, actor)
        facts: Facts = {"revision": revision.number, "revision_digest": revision.digest}
        request_plan(change, revision)
        if change.state in (State.DRAFT, State.PLANNING):
            record(change, Action.CHANGE_REVISED, actor=actor, facts=facts)
        else:
            move(change, State.PLANNING, actor=actor, action=Action.CHANGE_REVISED, facts=facts)
    return change


def replan(change: ChangeRequest, *, actor: Actor) -> ChangeRequest:
    """Have the same revision planned again against what is there now; approvals stay where the digest does.

    Takes the right to edit or to apply. Raises NotAllowed, NotEligible, WrongState.
    """
    with transaction.atomic():
        change = locked(change)
        if not can(actor, Permission.APPLY, change.workspace):
            require_to_propose(actor, Permission.EDIT, change.workspace, _pairs_of(change))
            require_own_by_token(actor, change)
        if change.state not in REVISABLE:
            raise WrongState(change.state, "plan again")
        if change.plan is not None and change.plan.state == PlanState.MAKING:
            return change
        request_plan(change, change.revision)
        if change.state in (State.DRAFT, State.PLANNING):
            record(change, Action.CHANGE_REPLANNED, actor=actor)
        else:
            move(change, State.PLANNING, actor=actor, action=Action.CHANGE_REPLANNED)
    return change


def submit(change: ChangeRequest, *, actor: Actor) -> ChangeRequest:
    """Ask for review. Raises NotSubmittable (the documents have problems), NotAllowed, NotEligible, WrongState."""
    with transaction.atomic():
        change = locked(change)
        require_to_propose(actor, Permission.SUBMIT, change.workspace, _pairs_of(change))
        require_own_by_token(actor, change)
        if change.state != State.DRAFT:
            raise WrongState(change.state, "submit")
        problems = problems_of(change.revision)
        if problems:
            raise NotSubmittable(problems, change.state)
        _submit(change, actor)
    return change


def edit(
    change: ChangeRequest, *, actor: Actor, title: str | None = None, description: str | None = None
) -> ChangeRequest:
    """Change title or description, which are no part of what is approved. Raises NotAllowed, WrongState."""
    with transaction.atomic():
        change = locked(change)
        require_to_propose(actor, Permission.EDIT, change.workspace, _pairs_of(change))
        require_own_by_token(actor, change)
        if not change.is_open:
            raise WrongState(change.state, "edit")
        before = {"title": change.title, "description": change.description}
        change.title = change.title if title is None else checked_title(title)
        change.description = change.description if description is None else checked_text(description, "description")
        after = {"title": change.title, "description": change.description}
        if after != before:
            change.updated_at = timezone.now()
            change.save(update_fields=["title", "description", "updated_at"])
            record(change, Action.CHANGE_EDITED, actor=actor, before=before, after=after)
    return change


def _submit(change: ChangeRequest, actor: Actor) -> None:
    change.submitted_by, change.submitted_at = user_of(actor), timezone.now()
    change.submitted_by_token = actor.kind == "token"
    change.save(update_fields=["submitted_by", "submitted_at", "submitted_by_token"])
    plan = change.plan
    if plan is not None and plan.state == PlanState.MADE:
        settle(change, actor=actor, action=Action.CHANGE_SUBMITTED)
        return
    if plan is None or plan.state == PlanState.FAILED:
        request_plan(change, change.revision)
    move(change, State.PLANNING, actor=actor)


def _judge(workspace: Workspace, pairs: Sequence[bundling.Pair]) -> list[Judgement]:
    """Check the documents with what the mirror knows. Before the transaction: it may take a while."""
    mirror, compute, levels = WorkspaceMirror(workspace), workspace.default_compute or None, levels_of(workspace)
    return bundling.examine(pairs, mirror=mirror, default_compute=compute, now=timezone.now(), levels=levels)


def _write_revision(
    change: ChangeRequest, judged: Sequence[Judgement], pairs: Sequence[bundling.Pair], actor: Actor
) -> Revision:
    revision = Revision.objects.create(
        change=change,
        number=change.revision_number,
        digest=digest.revision_digest(pairs),
        editor=user_of(actor),
        created_at=timezone.now(),
    )
    Document.objects.bulk_create(_row(revision, position, item) for position, item in enumerate(judged))
    return revision


def _row(revision: Revision, position: int, item: Judgement) -> Document:
    ref = item.document.ref
    return Document(
        revision=revision,
        position=position,
        path=item.document.path,
        content=item.document.text,
        kind=str(item.document.kind),
        ref="" if ref is None else str(ref),
        problems=bundling.storable(problem.as_json() for problem in item.problems),
        repairs=bundling.storable(repair.as_json() for repair in item.repairs),
    )


def _void_approvals(change: ChangeRequest, actor: Actor) -> None:
    given = approvals.approvals_of(change).given
    if given:
        record(change, Action.CHANGE_APPROVALS_VOIDED, actor=actor, facts={"given": given, "because": "revision"})


def problems_of(revision: Revision) -> dict[str, list[dict[str, object]]]:
    """Return the errors of the revision's documents by path; documents without any are left out."""
    found: dict[str, list[dict[str, object]]] = {}
    for path, problems in revision.documents.values_list("path", "problems"):
        errors = [problem for problem in problems if problem["severity"] == "error"]
        if errors:
            found[path] = errors
    return found


def locked(change: ChangeRequest) -> ChangeRequest:
    """Return the row as it is now, held until the transaction ends: two people's verbs come one after the other."""
    return (
        ChangeRequest.objects.select_for_update(of=("self",))
        .select_related("workspace", "author", "submitted_by", "queued_by", "plan")
        .get(pk=change.pk)
    )


def user_of(actor: Actor) -> User:
    """Return the account behind an actor. Raises NotEligible for the system and for visitors."""
    user = User.objects.filter(pk=actor.user_id, is_active=True).first() if actor.user_id is not None else None
    if user is None:
        raise NotEligible("That takes somebody who is signed in.")
    return user


def require_own_by_token(actor: Actor, change: ChangeRequest) -> None:
    """Raise NotEligible when a token is used on a change that is not its owner's."""
    if actor.kind == "token" and change.author_id != actor.user_id:
        raise NotEligible("A token may work on its owner's own changes only.")


def require_to_propose(
    actor: Actor, permission: Permission, workspace: Workspace, pairs: Sequence[bundling.Pair]
) -> None:
    """Raise NotAllowed unless `actor` may propose these documents: as an author, or as somebody who holds the
    standing permission of every one of them (cancel, pause, run)."""
    if can(actor, permission, workspace):
        return
    verbs = [bundling.action_of(specs_documents.read(path, text)) for path, text in pairs]
    needed = [policy.STANDING_ACTIONS.get(verb or "") for verb in verbs]
    if needed and all(name is not None and can(actor, Permission(name), workspace) for name in needed):
        return
    require(actor, permission, workspace)


def _pairs_of(change: ChangeRequest) -> list[bundling.Pair]:
    return list(change.revision.documents.values_list("path", "content"))


def checked_title(title: str) -> str:
    """Return the title on one line. Raises InvalidDocuments for an empty or too long one."""
    line = " ".join(title.split())
    if not line or len(line) > LONGEST_TITLE:
        raise InvalidDocuments(f"The title has 1 to {LONGEST_TITLE} characters.")
    return line


def checked_text(text: str, what: str) -> str:
    """Return the text as it can be stored. Raises InvalidDocuments for one that cannot."""
    if len(text) > LONGEST_TEXT or "\0" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise InvalidDocuments(f"The {what} has at most {LONGEST_TEXT} characters, and no NUL.")
    return text
