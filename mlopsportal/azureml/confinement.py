"""What a document may not say before azure-ai-ml sees it: anything that the SDK would open on this machine's disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlopsportal.azureml.errors import CompileError

# azure-ai-ml 1.35.2 reads any of these as a local file or folder when the value does not begin like a remote address.
_FILE_KEYS = frozenset(
    {
        "additional_includes",
        "archives",
        "code",
        "component",
        "conda_file",
        "create_job",
        "entry",
        "environment",
        "files",
        "jars",
        "job",
        "path",
        "py_files",
        "spec_file",
        "trial",
    }
)
_REMOTE = re.compile(r"azureml:|https?://|wasbs?://|abfss?://|adl://|git\+|/subscriptions/|\$\{\{")
# Free text and literal values, which the SDK passes on without a look.
_TEXT_KEYS = frozenset({"command", "default", "description", "display_name", "program_arguments", "value"})
_TEXT_MAPS = frozenset({"environment_variables", "properties", "tags"})
# In these the names are the author's own: a step may be called "tags", a port "path".
_PORTS = frozenset({"inputs", "outputs"})
_NAMED = _PORTS | {"jobs"}
_LONGEST_PATH = 4096


def refuse_local_files(value: Mapping[str, Any], *, ref: str) -> None:
    """Raise CompileError at the first place that names a local file; specs has confined the document before.

    Relative paths are looked up in the working directory, as the SDK does.
    """
    for path, key, text in _strings(value, "", ""):
        if key in _FILE_KEYS and not _REMOTE.match(text):
            raise CompileError(path, f"{text!r} is a local file or folder, which is not sent from here", ref=ref)
        if text.startswith("file:") or _exists(text):
            raise CompileError(path, f"{text!r} names a file of this machine", ref=ref)


def _strings(value: Any, path: str, key: str) -> Iterator[tuple[str, str, str]]:
    """Each string that the SDK may look up: its path, the key it stands under, the text."""
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, f"{path}[{index}]", key)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            is_nested = isinstance(item, Mapping | list)
            if is_nested or not _is_literal(key, str(name)):
                below = "" if key in _NAMED or key in _TEXT_MAPS else str(name)
                yield from _strings(item, f"{path}.{name}" if path else str(name), below)


def _is_literal(parent: str, name: str) -> bool:
    """Whether a scalar here is a text or a number that nobody resolves."""
    return parent in _PORTS or parent in _TEXT_MAPS or (parent not in _NAMED and name in _TEXT_KEYS)


def _exists(text: str) -> bool:
    if not text or len(text) > _LONGEST_PATH or "\0" in text or "\n" in text:
        return False
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False
