"""The blob endpoint that code is uploaded to and logs are read from; flat paths, addresses carry a signature."""

from __future__ import annotations

import hashlib
import json
from email.utils import formatdate

from mlopsportal.sandbox import evidence, runs
from mlopsportal.sandbox.arm import Reply
from mlopsportal.sandbox.world import Call

LOGS = "logs"


def _refused(status: int, code: str) -> Reply:
    text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return Reply(status, text.encode(), {"Content-Type": "application/xml", "x-ms-error-code": code})


def _headers(path: str, content: bytes, modified_at: float) -> dict[str, str]:
    return {
        "ETag": f'"0x{hashlib.sha256(path.encode() + content).hexdigest()[:15].upper()}"',
        "Last-Modified": formatdate(modified_at, usegmt=True),
        "x-ms-version": "2024-08-04",
        "x-ms-blob-type": "BlockBlob",
    }


def put_blob(call: Call, path: str) -> Reply:
    """Whole blobs, their metadata, and blocks (kept beside the blob until the block list names them)."""
    if "sig" not in call.query:
        return _refused(403, "AuthenticationFailed")
    given = {key[10:]: value for key, value in call.headers.items() if key.lower().startswith("x-ms-meta-")}
    kind = call.query.get("comp", "")
    if kind == "metadata":
        sql = "UPDATE blob SET metadata = ? WHERE path = ? RETURNING path"
        if not call.store.execute(sql, (json.dumps(given), path)):
            return _refused(404, "BlobNotFound")
        return Reply(200, b"", _headers(path, b"", call.now) | {"x-ms-request-server-encrypted": "true"})
    target = f"{path}?block={call.query.get('blockid', '')}" if kind == "block" else path
    content = _joined(call, path) if kind == "blocklist" else call.raw
    call.store.execute(
        "INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?)", (target, content, json.dumps(given), call.now)
    )
    return Reply(201, b"", _headers(path, content, call.now) | {"x-ms-request-server-encrypted": "true"})


def _joined(call: Call, path: str) -> bytes:
    """The blocks of a path in the order they came, which is the order the SDK lists them in."""
    sql = "SELECT content FROM blob WHERE path LIKE ? ORDER BY rowid"
    return b"".join(row[0] for row in call.store.execute(sql, (f"{path}?block=%",)))


def get_blob(call: Call, path: str) -> Reply:
    """HEAD as well: the server drops the body."""
    if "sig" not in call.query:
        return _refused(403, "AuthenticationFailed")
    if path.startswith(f"{LOGS}/"):
        return _log(call, path)
    rows = call.store.execute("SELECT content, metadata, modified_at FROM blob WHERE path = ?", (path,))
    if not rows:
        return _refused(404, "BlobNotFound")
    content, metadata, modified_at = rows[0]
    headers = _headers(path, content, modified_at) | {"Content-Type": "application/octet-stream"}
    return Reply(200, content, headers | {f"x-ms-meta-{key}": value for key, value in json.loads(metadata).items()})


def _log(call: Call, path: str) -> Reply:
    _, name, file = path.split("/", 2)
    run = runs.get(call.store, name)
    if run is None or file not in evidence.log_names(run, call.now):
        return _refused(404, "BlobNotFound")
    content = evidence.log_text(call.store, run, call.now).encode()
    return Reply(200, content, _headers(path, content, call.now) | {"Content-Type": "text/plain; charset=utf-8"})
