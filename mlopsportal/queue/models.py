"""Signs of life of the background processes; the record of work itself is kept by the apps that own it."""

from __future__ import annotations

from django.db import models

TICKER = "ticker"


class Heartbeat(models.Model):
    """When a worker host's ticker, or the canary task of one of its clusters, last ran."""

    host = models.CharField(max_length=200)
    part = models.CharField(max_length=64)
    at = models.DateTimeField()
    pid = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "part"], name="heartbeat_once")]

    def __str__(self) -> str:
        return f"{self.part} on {self.host}"
