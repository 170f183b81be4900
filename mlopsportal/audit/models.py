"""The append-only audit log: exact leaf bytes, and beside them what may be erased; knows no other app.

Appending happens in two stages, so that users do not queue for each other. `log.record` inserts an
event, without a place, in the transaction of the change it tells about. `EventPosition` stays empty
until a single sequencer, which is not part of this version, gives every committed event a place
without gaps and its leaf hash, and grows the hash tree over them; no event is updated for that.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any, NoReturn

from django.db import models

from mlopsportal.audit.errors import AppendOnly


def new_key() -> bytes:
    return secrets.token_bytes(32)


class Log(models.Model):
    """The identity of this log: one row, made with the first event and never changed.

    `origin` stands in every leaf. `person_key` keys the pseudonym of a person in leaves, so that nobody
    who has an export but not this row can try out who it was.
    """

    origin = models.UUIDField(default=uuid.uuid4, editable=False)
    person_key = models.BinaryField(default=new_key)

    def __str__(self) -> str:
        return f"{self.origin}"

    @classmethod
    def current(cls) -> Log:
        return cls.objects.get_or_create(pk=1)[0]


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, workspaces: frozenset[str] | None) -> EventQuerySet:
        """Return the events of these workspace slugs; None means all, site-wide events too."""
        return self if workspaces is None else self.filter(workspace__in=workspaces)

    def for_list(self) -> EventQuerySet:
        return self.select_related("detail").defer("detail__before", "detail__after", "detail__note")

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("update")

    def delete(self) -> NoReturn:
        raise AppendOnly("delete")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("update")


class Event(models.Model):
    """One thing that happened. `leaf` is the truth; every other column repeats a field of it for filtering.

    Never updated and never deleted: model, queryset and database triggers refuse.
    """

    leaf = models.BinaryField()
    at = models.DateTimeField()
    action = models.CharField(max_length=64)
    actor_ref = models.CharField(max_length=64)
    workspace = models.CharField(max_length=64, blank=True, default="")
    kind = models.CharField(max_length=32, blank=True, default="")
    target = models.CharField(max_length=600, blank=True, default="")
    change = models.BigIntegerField(null=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"], name="event_workspace"),
            models.Index(fields=["workspace", "actor_ref", "-id"], name="event_actor"),
            models.Index(fields=["workspace", "kind", "-id"], name="event_kind"),
            models.Index(fields=["workspace", "action", "-id"], name="event_action"),
            models.Index(fields=["workspace", "target", "-id"], name="event_target"),
            models.Index(fields=["change", "id"], name="event_change"),
            models.Index(fields=["at", "id"], name="event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("update")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("delete")


class EventDetail(models.Model):
    """What a person may ask to have erased: names, free text, before and after. The leaf holds salted commitments."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="detail", primary_key=True)
    salt = models.BinaryField()
    actor_name = models.CharField(max_length=200, blank=True, default="")
    ip = models.CharField(max_length=64, blank=True, default="")
    note = models.TextField(blank=True, default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"detail of event {self.pk}"


class EventPosition(models.Model):
    """The place of an event in the log, given later by one sequencer so that events are never updated."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="position", primary_key=True)
    index = models.BigIntegerField(unique=True)
    leaf_hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.index}"
