"""Checks of shape that every kind of document shares: keys, names, versions, texts, secrets, paths."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from mlopsportal.specs.checks.context import Report, joined, suggestion
from mlopsportal.specs.documents import COMPONENT_NAME, legal_component_name
from mlopsportal.specs.paths import is_absolute, is_local, leaves_bundle, local_path
from mlopsportal.specs.scalars import scalar_of

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
_ASSET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,254}")
PORT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")  # dots lead into a group


def check_keys(value: Mapping[str, Any], path: str, known: Collection[str], report: Report, code: str) -> None:
    """Report every key that does not belong here, with the key that was perhaps meant."""
    for key in value:
        if key not in known:
            where = f" in `{path}`" if path else ""
            report.add(code, joined(path, key), f"The key `{key}` is unknown{where}.", suggestion(key, known))


def check_component_keys(value: Mapping[str, Any], known: Collection[str], report: Report) -> None:
    """Report unknown keys of a component: likely typing errors as errors, others as advice.

    Azure ML takes a component with any further key and ignores it.
    """
    for key in value:
        if key in known:
            continue
        if get_close_matches(key, known, n=1, cutoff=0.75):
            report.add("key-unknown", key, f"The key `{key}` is unknown.", suggestion(key, known))
        else:
            message = f"Azure ML ignores the key `{key}` of a component."
            report.add("key-ignored", key, message, "Remove it, or set it where the component is used.")


def check_component_name(value: Mapping[str, Any], report: Report) -> None:
    """A component's name is given and follows Azure ML's rule."""
    name = value.get("name")
    if name is None or name == "":
        stem = legal_component_name(report.document.path.rpartition("/")[2].rpartition(".")[0])
        report.add("name-missing", "name", "The component has no name.", f"Add `name: {stem}`.")
    elif not isinstance(name, str):
        report.add("name-rule", "name", f"The name is not a text but {name!r}.", "Write it as a word.")
    elif not COMPONENT_NAME.fullmatch(name) or len(name) > 255:
        message = f"`{name}` is not a component name: lower-case letters, digits and underscores, a letter first."
        report.add("name-rule", "name", message, f"Write `name: {legal_component_name(name)}`.")


def check_asset_name(value: Mapping[str, Any], report: Report, what: str) -> None:
    """A schedule's, job's or asset's name, where given, is one that Azure ML takes."""
    name = value.get("name")
    if name is not None and (not isinstance(name, str) or not _ASSET_NAME.fullmatch(name)):
        message = f"`{name}` is not a name for a {what}: letters, digits, dashes, dots and underscores."
        report.add("name-rule", "name", message, "Choose another name.")


def check_version(value: Mapping[str, Any], report: Report) -> None:
    """A version, where given, is a word of letters, digits, dots, dashes and underscores."""
    version = value.get("version")
    if version is not None and (not isinstance(version, str) or not _VERSION.fullmatch(version)):
        report.add("version-rule", "version", f"`{version}` is not a version.", "Write a word like `1` or `1.0.2`.")
    source = report.document.parsed.source("version")
    other = str(scalar_of(source)[0]) if source else source
    if other != source:
        message = f"azure-ai-ml reads the version `{source}` as `{other}`; the portal keeps it as it is written."
        report.add("version-unquoted", "version", message, f'Write `version: "{source}"`, in quotes.')


def check_texts(value: Mapping[str, Any], keys: Collection[str], path: str, report: Report) -> None:
    """Values that must be texts are texts."""
    for key in keys:
        item = value.get(key)
        if key in value and not isinstance(item, str):
            shown = "empty" if item is None else f"{type(item).__name__}"
            message = f"`{key}` must be a text and is {_WORDS.get(shown, shown)}."
            report.add("value-type", joined(path, key), message, "Write it as a text, in quotes if need be.")


_WORDS = {"dict": "a mapping", "list": "a list", "int": "a number", "float": "a number", "bool": "true or false"}


def check_text_mapping(
    value: Mapping[str, Any], key: str, report: Report, *, loose: bool = False, empty: bool = False
) -> None:
    """`tags` and `properties` are mappings of texts; of numbers too if `loose`, of empty values too if `empty`."""
    item = value.get(key)
    if key in value and not isinstance(item, Mapping):
        report.add("value-type", key, f"`{key}` must be a mapping.", f"Write `{key}:` and below it `key: value`.")
    elif isinstance(item, Mapping):
        for name, text in item.items():
            here = joined(key, name)
            if isinstance(text, Mapping | list):
                report.add("value-type", here, f"`{name}` must be a plain value.", "Write it as a text.")
            elif not isinstance(text, str) and not (loose and text is not None) and not (empty and text is None):
                shown = "empty" if text is None else f"`{str(text).lower()[:80]}`, not a text"
                takes = "does not take that" if text is None else "takes texts only"
                message = f"`{name}` in `{key}` is {shown}; Azure ML {takes}."
                fix = (
                    "Give it a text, or remove it." if text is None else f'Write `{name}: "{str(text).lower()[:80]}"`.'
                )
                report.add("value-type", here, message, fix)


def check_run_settings(value: Mapping[str, Any], path: str, report: Report) -> None:
    """What says how something is run is of the kind that azure-ai-ml reads: whole numbers, texts, mappings."""
    for key, inner in (("limits", "timeout"), ("resources", "instance_count")):
        settings = value.get(key)
        number = settings.get(inner) if isinstance(settings, Mapping) else None
        if number is not None and not is_whole(number):
            message = f"`{inner}` must be a whole number and is `{str(number)[:80]}`."
            fix = "Write seconds: `3600` is an hour." if inner == "timeout" else "Write a whole number."
            report.add("value-type", joined(path, f"{key}.{inner}"), message, fix)
    if value.get("compute") is not None and not isinstance(value["compute"], str):
        message = "`compute` must be a text."
        report.add("value-type", joined(path, "compute"), message, "Write `azureml:<compute>`.")
    variables = value.get("environment_variables")
    if variables is not None and not isinstance(variables, Mapping | str):
        message = "`environment_variables` must be a mapping."
        report.add("value-type", joined(path, "environment_variables"), message, "Write `NAME: value` below it.")


def is_whole(value: Any) -> bool:
    """Does azure-ai-ml take it for a whole number, or leave it to a binding?"""
    if isinstance(value, str):
        text = value.strip()
        return "${{" in text or (len(text) < 20 and text.removeprefix("-").isdecimal())
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


FLAGS = ("continue_on_step_failure", "force_rerun")
"""Settings of a pipeline, and of what a schedule starts, that are true or false."""
_FLAG_WORDS = frozenset(  # as azure-ai-ml 1.35.2 reads them
    form
    for word in ("true", "false", "yes", "no", "on", "off", "t", "f", "y", "n")
    for form in (word, word.capitalize(), word.upper())
) | {"0", "1"}


def check_flags(value: Mapping[str, Any], keys: Collection[str], path: str, report: Report) -> None:
    """Values that must be true or false are, in any of the words that azure-ai-ml takes."""
    for key in keys:
        item = value.get(key)
        if key not in value or isinstance(item, bool) or (isinstance(item, int | float) and item in (0, 1)):
            continue
        if not isinstance(item, str) or item not in _FLAG_WORDS:
            shown = "empty" if item is None else f"`{str(item)[:80]}`"
            message = f"`{key}` is true or false, and is {shown}."
            report.add("value-type", joined(path, key), message, f"Write `{key}: true`, or false.")


def strings_in(value: Any, path: str = "", skip: Collection[str] = ()) -> Iterator[tuple[str, str, str]]:
    """Yield path, key and text of every text inside a value; keys in `skip` are left out at the top level."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in skip:
                yield from _strings_below(item, joined(path, key), key)
    else:
        yield from _strings_below(value, path, "")


def texts_in(value: Any) -> Iterator[tuple[str, str, str]]:
    """Yield path, key and text of every scalar inside a value, numbers as texts: a password may be one."""
    return _strings_below(value, "", "", numbers=True)


def _strings_below(value: Any, path: str, key: str, *, numbers: bool = False) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _strings_below(item, joined(path, name), name, numbers=numbers)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings_below(item, joined(path, index), key, numbers=numbers)
    elif numbers and isinstance(value, int) and not isinstance(value, bool):
        yield path, key, str(value)


_PATH_KEYS = frozenset({"code", "path", "conda_file", "additional_includes", "component", "trial", "create_job", "job"})
_UPLOAD_KEYS = frozenset({"path", "conda_file", "additional_includes"})
_DOCUMENT_KEYS = frozenset({"component", "trial", "create_job", "job"})


def check_paths(value: Any, report: Report) -> None:
    """No path leaves the bundle; folders and files that would have to be uploaded are named."""
    for path, key, text in strings_in(value):
        if key not in _PATH_KEYS or not is_local(text) or "\n" in text:
            continue
        if is_absolute(text) or "\0" in text:
            message = f"`{text}` is a path on one machine; nobody else has it."
            report.add("path-outside", path, message, "Use a path relative to this file, inside the same folder.")
        elif key not in _DOCUMENT_KEYS and path != "job.path":  # the old form of a schedule's create_job
            _check_upload(path, key, text, report)
            _check_there(path, key, text, report)


def _check_there(path: str, key: str, text: str, report: Report) -> None:
    """The SDK looks for what it uploads with a component; a missing data path it finds only when it submits."""
    if key == "path" and not path.endswith("build.path"):
        return
    surroundings, document = report.surroundings, report.document
    is_missing = surroundings.is_missing(document, text)
    if is_missing and text.endswith(".zip"):  # an included archive may be given as the folder it is made of
        is_missing = surroundings.is_missing(document, text.removesuffix(".zip"), as_folder=True)
    if is_missing:
        message = f"There is no file or folder `{text}` beside this one."
        report.add("file-missing", path, message, "Add it, or name something that is registered: `azureml:…`.")


def _check_upload(path: str, key: str, text: str, report: Report) -> None:
    local = local_path(report.document.path, text)
    if local is not None and leaves_bundle(local) and report.surroundings.mirror is not None:
        message = f"`{text}` leads out of the documents of this change."
        report.add("path-outside", path, message, "Use a path inside the same folder.")
    elif key == "code":
        message = "Code folders are not uploaded by the portal yet."
        fix = "Keep the code in the environment's image, or refer to registered code: `code: azureml:<code>:<version>`."
        report.limit("code-upload", path, message, fix)
    elif key in _UPLOAD_KEYS:
        message = f"The file or folder `{text}` is not uploaded by the portal yet."
        report.limit("file-upload", path, message, "Register it as data or in an environment, and refer to that.")
