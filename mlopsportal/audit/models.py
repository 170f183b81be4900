"""The append-only audit log: exact leaf bytes, and beside them what may be erased; knows no other app."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from mlopsportal.audit.errors import AppendOnly


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, workspaces: frozenset[str] | None) -> EventQuerySet:
        """Return the events of these workspace slugs; None means all, site-wide events too."""
        return self if workspaces is None else self.filter(workspace__in=workspaces)

    def for_list(self) -> EventQuerySet:
        return self.select_related("detail").defer("leaf")

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
