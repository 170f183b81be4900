"""The wake-up queue over the portal's own database: `enqueue` is all that other rooms need of it."""

from __future__ import annotations

from mlopsportal.queue.enqueue import enqueue
from mlopsportal.queue.wishes import NotAllowed

__all__ = ["NotAllowed", "enqueue"]
