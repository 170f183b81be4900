"""`manage.py sandbox`: the stand-in workspace alone; everything it does is in `mlopsportal.sandbox`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from mlopsportal.sandbox.seed import SEEDS
from mlopsportal.sandbox.server import serve


class Command(BaseCommand):
    help = "Serve a stand-in Azure ML workspace on this machine, until interrupted."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, required=True, help="0 takes any free port")
        parser.add_argument("--data", type=Path, required=True, help="folder of the workspace's state")
        parser.add_argument("--time-scale", type=float, default=1.0, help="how much faster runs go than the wall clock")
        parser.add_argument("--seed", choices=SEEDS, default="demo")

    def handle(self, *args: Any, **options: Any) -> None:  # the shape is Django's
        serve(
            port=options["port"],
            data=options["data"],
            time_scale=options["time_scale"],
            seed_name=options["seed"],
        )
