"""Documents read from the caller's own disk, for the commands that need no portal; judges nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from django.core.management.base import CommandError

from mlopsportal.specs.documents import Document, read
from mlopsportal.specs.order import files_of
from mlopsportal.specs.parse import MAX_BYTES

ENDINGS = (".yml", ".yaml")
_MAX_FOLLOWED = 500
_MAX_FOLLOWED_CHARACTERS = 16 * MAX_BYTES


def read_document(path: Path) -> Document:
    """Read one file. Raises CommandError when it cannot be opened."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    return read(os.path.normpath(path), content)


def documents_at(paths: Sequence[str]) -> list[Document]:
    """Read the files named, and the YAML files in the folders named. Raises CommandError."""
    files = dict.fromkeys(file for path in paths for file in _files(Path(path)))
    return [read_document(file) for file in files]


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield from (Path(folder, file) for file in sorted(files) if file.endswith(ENDINGS))


def documents_beside(documents: Sequence[Document]) -> dict[str, Document]:
    """Read the files that documents refer to by relative path, and those these refer to; by path.

    Only what is there and can be read is read: a file that is missing is the checker's to report. At most so many
    files and characters are followed.
    """
    known = {document.path for document in documents}
    found: dict[str, Document] = {}
    waiting = list(documents)
    room = _MAX_FOLLOWED_CHARACTERS
    while waiting:
        for path in sorted(files_of(waiting.pop())):
            if path in known or path in found or not path.endswith(ENDINGS) or not _is_file(path):
                continue
            if len(found) >= _MAX_FOLLOWED or room <= 0:
                return found
            with suppress(CommandError):
                found[path] = read_document(Path(path))
                room -= len(found[path].text)
                waiting.append(found[path])
    return found


def _is_file(path: str) -> bool:
    """Is there a file? A name that no file can have, or a folder that nobody may enter, is none."""
    try:
        return Path(path).is_file()
    except OSError:
        return False
