"""Reads log files into the portal's own table when somebody asked for them; knows no page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from mlopsportal.azureml import AzureError
from registry import facts
from registry.models import LogState, StepLog
from registry.outage import words

if TYPE_CHECKING:
    from mlopsportal.azureml import Connection

MOST_BYTES = 256 * 1024
MOST_FILES = 10


def fetch_logs(connection: Connection, listing: StepLog) -> None:
    """Read every log file of a run or step, the beginning of each; the listing's row tells how it went."""
    try:
        files = connection.reader.logs(listing.run_id_azure)
        texts = {name: connection.reader.log_text(url, MOST_BYTES) for name, url in sorted(files.items())[:MOST_FILES]}
    except AzureError as error:
        give_up(listing, words(error))
        return
    except ValueError as error:  # an address that `log_text` does not follow
        give_up(listing, f"The service names a log file that is not read from here: {error}.")
        return
    with transaction.atomic():
        for name, text in texts.items():
            _write(listing, name, text)
        _end(listing, LogState.READY, "" if files else "There are no log files yet.")


def give_up(listing: StepLog, why: str) -> None:
    """Tell on the listing's row why its logs could not be read."""
    _end(listing, LogState.FAILED, why)


def _write(listing: StepLog, name: str, text: str) -> None:
    now = timezone.now()
    StepLog.objects.update_or_create(
        run_id=listing.run_id,
        run_id_azure=listing.run_id_azure,
        name=facts.text(name, 400),
        defaults={
            "state": LogState.READY,
            "text": facts.text(text, MOST_BYTES),
            "is_cut": len(text.encode()) >= MOST_BYTES,
            "requested_at": listing.requested_at,
            "fetched_at": now,
        },
    )


def _end(listing: StepLog, state: LogState, message: str) -> None:
    listing.state, listing.message, listing.fetched_at = state, message, timezone.now()
    listing.save(update_fields=["state", "message", "fetched_at"])
