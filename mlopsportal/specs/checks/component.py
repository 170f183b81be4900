"""Checks of command components, registered or inline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlopsportal.specs.checks.blocks import check_item
from mlopsportal.specs.checks.command import check_command
from mlopsportal.specs.checks.context import Report, joined
from mlopsportal.specs.checks.ports import check_ports
from mlopsportal.specs.checks.references import check_reference
from mlopsportal.specs.checks.shape import (
    check_component_keys,
    check_component_name,
    check_flags,
    check_run_settings,
    check_text_mapping,
    check_texts,
    check_version,
)
from mlopsportal.specs.checks.step_blocks import DISTRIBUTION_OF_COMPONENT
from mlopsportal.specs.checks.unused import advise_unused_by_command
from mlopsportal.specs.ref import image_in, parse_azure_reference, proposal

COMPONENT_KEYS = frozenset(
    {
        "$schema",
        "name",
        "version",
        "display_name",
        "description",
        "tags",
        "type",
        "is_deterministic",
        "inputs",
        "outputs",
        "properties",
        "auto_delete_setting",
        "intellectual_property",
    }
)
_COMMAND_KEYS = COMPONENT_KEYS | {"command", "code", "environment", "resources", "distribution", "additional_includes"}


def check_command_component(value: Mapping[str, Any], report: Report) -> None:
    """Check a command component that is a document."""
    check_component_keys(value, _COMMAND_KEYS, report)
    check_head(value, report)
    check_command_body(value, report)


def check_head(value: Mapping[str, Any], report: Report) -> None:
    """Check what components of every type have: name, version, texts, ports."""
    check_component_name(value, report)
    check_version(value, report)
    check_texts(value, ("display_name", "description"), "", report)
    check_text_mapping(value, "tags", report)
    check_text_mapping(value, "properties", report, loose=True)
    for side in ("inputs", "outputs"):
        check_ports(value, side, report)
    check_flags(value, ("is_deterministic",), "", report)


def check_command_body(value: Mapping[str, Any], report: Report, path: str = "") -> None:
    """Check what a command component runs; it may stand inline at `path`."""
    if value.get("command") is None:
        message = "The component has no command."
        report.add("command-missing", joined(path, "command"), message, "Add `command:` with what to run.")
    elif not isinstance(value["command"], str):
        report.add("value-type", joined(path, "command"), "The command must be a text.", "Write it as one text.")
    check_command(value, report, path)
    check_run_settings(value, path, report)
    check_environment(value, report, path)
    check_code(value, report, path)
    advise_unused_by_command(value, report, path)
    check_item(value.get("distribution"), DISTRIBUTION_OF_COMPONENT, joined(path, "distribution"), report)


def check_environment(value: Mapping[str, Any], report: Report, path: str = "", *, required: bool = True) -> None:
    """An environment is named with its version, or written inline."""
    environment, here = value.get("environment"), joined(path, "environment")
    if environment is None:
        if required:
            message = "There is no environment: Azure ML does not know what to run the command in."
            report.add("environment-missing", here, message, "Add `environment: azureml:<name>:<version>`.")
    elif isinstance(environment, Mapping):
        _check_inline_environment(environment, here, report)
    elif not isinstance(environment, str):
        report.add("value-type", here, "The environment must be a reference.", "Write `azureml:<name>:<version>`.")
    elif "${{" not in environment and not environment.startswith("file:"):
        if parse_azure_reference(environment, "environment") is None:
            _report_odd_environment(environment, here, report)
        check_reference(environment, "environment", here, report)


def _report_odd_environment(environment: str, path: str, report: Report) -> None:
    image = image_in(environment)
    if environment.startswith("azureml://"):
        message = f"`{environment}` is not a reference to an environment."
        fix = "Write `azureml://registries/<registry>/environments/<name>/versions/<version>`."
    elif image is not None and not image.endswith((".yml", ".yaml")):
        message = f"`{environment}` is not a reference to an environment; it looks like a container image."
        fix = f"Write `environment: {{image: '{image}'}}`, or register it and write `azureml:<name>:<version>`."
    else:
        begins = environment.startswith("azureml:")
        reason = "after `azureml:` stand a name and a version" if begins else "it does not begin with `azureml:`"
        message = f"`{environment}` is not a reference to an environment: {reason}."
        fix = f"Write `{proposal(environment, 'environment')}`."
    report.add("reference-form", path, message, fix)


def _check_inline_environment(environment: Mapping[str, Any], path: str, report: Report) -> None:
    if not any(key in environment for key in ("image", "build", "conda_file", "docker")):
        message = "The inline environment has no image."
        report.add("environment-missing", joined(path, "image"), message, "Add `image:`, or name an environment.")


def check_code(value: Mapping[str, Any], report: Report, path: str = "") -> None:
    """`code` is a text; folders are judged with the other paths."""
    code, here = value.get("code"), joined(path, "code")
    if "code" not in value:
        return
    if not isinstance(code, str):
        fix = "Write a path, or `azureml:<code>:<version>`; remove `code:` where there is none."
        report.add("value-type", here, "`code` must be a path or a reference.", fix)
    elif code.startswith("azureml:"):
        reference = parse_azure_reference(code, "code")
        if reference is None or (reference.version is None and reference.label is None):
            message = f"`{code}` names no version of the code."
            report.add("reference-form", here, message, f"Write `{proposal(code, 'code')}`.")
        check_reference(code, "code", here, report)
