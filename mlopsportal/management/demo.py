"""The demo that `up` sets up: one workspace row for its sandbox, and an account for each role."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

from mlopsportal.accounts.workflow import create_demo_accounts
from mlopsportal.audit.actions import SYSTEM
from mlopsportal.management.startup import kept_secret
from mlopsportal.sandbox.arm import Place
from registry.models import Workspace
from registry.workflow import Settings, add_workspace, edit_workspace, settings_of

SLUG = "demo"


def password(data: Path) -> str:
    """Return the demo accounts' password: the environment's, else one made once and kept in the data folder."""
    return os.environ.get("MLOPSPORTAL_DEMO_PASSWORD") or kept_secret(data / "demo_password", length_bytes=12)


def sandbox_port(data: Path) -> int:
    """Return the port of this data folder's sandbox: the one it had last time, unless somebody else has it now.

    Kept, so that the workspace row and addresses in the log stay what they were.
    """
    kept = data / "sandbox_port"
    port = free_port(int(kept.read_text()) if kept.is_file() else 0)
    kept.write_text(str(port))
    return port


def free_port(wanted: int) -> int:
    """Return `wanted` when it is free on loopback, else any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port(0)
        return int(probe.getsockname()[1])


def set_up(port: int, password: str) -> list[str]:
    """Make the workspace row and the accounts where they are missing; return the accounts' names."""
    endpoint = f"http://127.0.0.1:{port}"
    workspace = Workspace.objects.filter(slug=SLUG).first() or add_workspace(SLUG, sandbox(endpoint), actor=SYSTEM)
    if workspace.endpoint != endpoint:
        moved = replace(Settings(**settings_of(workspace)), endpoint=endpoint)
        workspace = edit_workspace(workspace, moved, actor=SYSTEM)
    return [user.username for user in create_demo_accounts(workspace, password, actor=SYSTEM)]


def sandbox(endpoint: str) -> Settings:
    """Return the settings of the workspace that the sandbox at `endpoint` serves."""
    place = Place(endpoint)
    return Settings(
        cloud="sandbox",
        subscription_id=place.subscription_id,
        resource_group=place.resource_group,
        name=place.workspace,
        endpoint=endpoint,
        display_name="Demo",
        sync_every_seconds=30,
    )
