"""Syncs workspaces once, in this process: progress on stderr, counts as JSON on stdout; knows no rule of a sync."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlopsportal.audit.actions import SYSTEM
from registry.errors import SyncUnderWay
from registry.models import SyncRun, SyncState, Workspace
from registry.sync import sync_workspace


class Command(BaseCommand):
    help = "Mirror a workspace (or all of them) once and print the counts as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workspace", nargs="?", default="", metavar="WORKSPACE", help="its slug; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["workspace"]
        workspaces = Workspace.objects.filter(slug=slug) if slug else Workspace.objects.all()
        if slug and not workspaces:
            known = ", ".join(Workspace.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no workspace {slug!r}. Known: {known}.")
        outcomes = {workspace.slug: self.sync(workspace) for workspace in workspaces}
        self.stdout.write(json.dumps(outcomes, indent=2))
        if failed := sorted(slug for slug, outcome in outcomes.items() if outcome["state"] != SyncState.DONE):
            raise CommandError(f"Not synced: {', '.join(failed)}")

    def sync(self, workspace: Workspace) -> dict[str, Any]:
        """Return state, counts, seconds and error of one sync."""
        try:
            found = sync_workspace(workspace, actor=SYSTEM, reason="command", watch=self.tell)
        except SyncUnderWay as error:
            return {"state": "running", "counts": {}, "seconds": 0, "error": str(error)}
        seconds = (found.ended_at - found.started_at).total_seconds() if found.ended_at else 0
        counts = found.progress.get("counts", {})
        return {"state": found.state, "counts": counts, "seconds": round(seconds, 1), "error": found.error}

    def tell(self, found: SyncRun) -> None:
        counts = ", ".join(f"{count} {what}" for what, count in found.progress.get("counts", {}).items())
        done, total = len(found.progress.get("done", [])), len(found.progress.get("stages", []))
        self.stderr.write(f"{found.workspace.slug}: {found.get_state_display()}, stage {done} of {total}; {counts}")
