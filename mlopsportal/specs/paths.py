"""Paths written inside documents, resolved inside the bundle; opens nothing and never leaves the bundle silently."""

from __future__ import annotations

import re
from posixpath import normpath
from urllib.parse import unquote

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def is_absolute(text: str) -> bool:
    """Does the text name a place outside any bundle: `/x`, `C:\\x`, `\\\\host`, `~/x`, `file:///x`?"""
    bare = unquote(text.removeprefix("file:")).strip()
    return bare.startswith(("/", "\\", "~")) or _DRIVE.match(bare) is not None


def is_local(text: str) -> bool:
    """Is this a path of a file, and not a reference (`azureml:...`), a URI or a binding?"""
    if not text or text.startswith("${{"):
        return False
    if text.startswith("file:") or _DRIVE.match(text):
        return True
    return _SCHEME.match(text) is None and not text.startswith("/subscriptions/")


def local_path(document_path: str, text: str) -> str | None:
    """Return the path a document means, seen from the bundle's root; None when it is not a relative path.

    The result begins with ".." when it leaves the bundle. `file:./x.yml` is `./x.yml`.
    """
    if not is_local(text) or is_absolute(text) or "\0" in text:
        return None
    bare = text.removeprefix("file:").replace("\\", "/")
    folder = document_path.replace("\\", "/").rpartition("/")[0]
    return normpath(f"{folder}/{bare}" if folder else bare)


def leaves_bundle(path: str) -> bool:
    """Does a path made by `local_path` lie outside the bundle?"""
    return path == ".." or path.startswith("../")
