"""The shapes of the REST interface as its readers rely on them: every key, and the type of its value."""

from __future__ import annotations

import re
from typing import Any

Shape = Any
"""A type or a tuple of them, a list of one shape (each item has it), a set of words, or a mapping of keys to shapes."""

DIGEST = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PROBLEM = {
    "code": str,
    "path": str,
    "line": (int, type(None)),
    "column": (int, type(None)),
    "severity": {"error", "advice"},
    "message": str,
    "fix": str,
}
REQUEST = {"method": {"PUT", "POST", "PATCH", "DELETE"}, "arm_id": str, "api_version": str, "body": (dict, type(None))}
PLAN = {
    "digest": DIGEST,
    "made_at": TIME,
    "summary": {"add": int, "change": int, "remove": int},
    "verdict": {"patch", "minor", "breaking", "unknown"},
    "requests": [REQUEST],
    "steps": [{"ref": str, "action": str, "base": (str, type(None))}],
}
CHANGE = {
    "number": int,
    "workspace": str,
    "state": str,
    "title": str,
    "author": str,
    "revision": int,
    "revision_digest": DIGEST,
    "documents": [{"path": str, "ref": str, "problems": [PROBLEM], "repairs": [dict]}],
    "plan": (dict, type(None)),
    "checks": [{"code": str, "level": {"advisory", "soft", "hard"}, "passed": bool, "message": str}],
    "reviews": [
        {
            "reviewer": str,
            "verdict": {"approve", "request_changes", "reject", "comment"},
            "plan_digest": DIGEST,
            "counts": bool,
            "comment": str,
        }
    ],
    "approvals": {"needed": int, "given": int, "why": [str]},
    "steps": [{"ref": str, "state": str, "attempts": int}],
    "next": str,
}
CHECKED = {"file": str, "kind": str, "ok": bool, "problems": [PROBLEM]}
REFUSAL_KEYS = {"detail", "problems", "state"}


def assert_shape(value: Any, shape: Shape, where: str = "") -> None:
    """Every key is there, none beside them, and each value is of its type."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), where
        assert set(value) == set(shape), f"{where}: {set(value) ^ set(shape)}"
        for key, inner in shape.items():
            assert_shape(value[key], inner, f"{where}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for index, item in enumerate(value):
            assert_shape(item, shape[0], f"{where}[{index}]")
    elif isinstance(shape, set):
        assert value in shape, f"{where}: {value!r}"
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str), where
        assert shape.fullmatch(value), f"{where}: {value!r}"
    else:
        assert isinstance(value, shape), f"{where}: {value!r}"
        assert shape is not int or not isinstance(value, bool), where
