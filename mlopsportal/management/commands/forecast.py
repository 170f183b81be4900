"""`forecast`: when a schedule in a YAML file would fire."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlopsportal.management.reading import read_document
from mlopsportal.specs import recurrence
from mlopsportal.specs.repair import repair
from mlopsportal.specs.triggers import InvalidTrigger, utc

MAX_COUNT = 1000


class Command(BaseCommand):
    help = "Show the next fire times of a schedule, strictly after a time, by the portal's model of Azure ML."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("schedule", metavar="SCHEDULE.yml")
        parser.add_argument("--after", type=_moment, default="now", help="ISO 8601, UTC without an offset; or now")
        parser.add_argument("--count", type=_count, default=10, help=f"1 to {MAX_COUNT}")
        parser.add_argument("--json", action="store_true", help="print JSON and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        trigger, warnings = _trigger(Path(options["schedule"]))
        try:
            warnings += [(found.code, found.message) for found in recurrence.warnings(trigger)]
            fires = recurrence.fires(trigger, options["after"], options["count"])
        except InvalidTrigger as fault:
            raise CommandError(f"trigger.{fault.path} ({fault.code}): {fault.message} {fault.fix}") from fault
        shown = [f"{fire:%Y-%m-%dT%H:%M:%SZ}" for fire in fires]
        if options["json"]:
            listed = [{"code": code, "message": message} for code, message in warnings]
            self.stdout.write(json.dumps({"fires": shown, "warnings": listed}, indent=2))
            return
        self.stdout.write(recurrence.describe(trigger))
        for line in [*shown, *(f"{code}: {message}" for code, message in warnings)]:
            self.stdout.write(line)


def _trigger(path: Path) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the trigger of a schedule's file, repaired as a change would, and what was repaired about its times."""
    document = read_document(path)
    value, repairs = repair(document, mirror=None, siblings={})
    trigger = value.get("trigger") if isinstance(value, dict) else None
    if not isinstance(trigger, dict):
        problem = next((item for item in document.parsed.problems if item.is_error), None)
        why = f"line {problem.line or '-'}: {problem.message}" if problem else "it has no trigger, it is no schedule."
        raise CommandError(f"{path}: {why}")
    return trigger, [(made.code, made.message) for made in repairs if made.path.startswith("trigger.")]


def _moment(text: str) -> datetime:
    if text == "now":
        return datetime.now(UTC)
    try:
        return utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise ArgumentTypeError(f"{text!r} is not a time like 2027-01-31T06:00:00Z") from error


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= MAX_COUNT:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to {MAX_COUNT}")
    return int(text)
