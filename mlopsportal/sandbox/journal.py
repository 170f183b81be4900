"""The sandbox's own record of every request it received: the independent witness of what was sent."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from mlopsportal.sandbox.arm import Json, whole_number
from mlopsportal.sandbox.clock import iso
from mlopsportal.sandbox.store import Store

PAGE = 1000


@dataclass(frozen=True)
class Received:
    """A request as it came in."""

    method: str
    path: str
    query: str
    body: bytes
    request_id: str
    client_request_id: str


def begin(store: Store, *, at: float, request: Received) -> int:
    """Write a request down before anything is done about it; return the entry's id.

    An entry whose status stays null got no answer: the connection was dropped, or the sandbox was killed.
    """
    digest = hashlib.sha256(request.body).hexdigest()
    row = (at, request.method, request.path, request.query, request.body, digest, request.request_id)
    columns = "at, method, path, query, body, body_sha256, request_id, client_request_id, actor"
    sql = f"INSERT INTO journal({columns}) VALUES (?,?,?,?,?,?,?,?,'') RETURNING id"  # noqa: S608  # fixed words
    return int(store.execute(sql, (*row, request.client_request_id))[0][0])


def end(store: Store, entry: int, *, status: int | None, actor: str, fault: str) -> None:
    """Write down what was answered (None: nothing), to whom, and which fault was at work."""
    sql = "UPDATE journal SET status = ?, actor = ?, fault = ? WHERE id = ?"
    store.execute(sql, (status, actor, fault, entry))


def read(store: Store, query: Mapping[str, str]) -> Json:
    """Entries with an id above `after`, oldest first, at most `PAGE`; `method` and `path` (a part of it) narrow."""
    after = query.get("after", "0")
    where, values = ["id > ?"], [whole_number(after) or 0]  # type: list[str], list[int | str]
    if method := query.get("method"):
        where.append("method = ?")
        values.append(method.upper())
    if path := query.get("path"):
        where.append("instr(path, ?) > 0")
        values.append(path)
    columns = "id, at, method, path, query, body, body_sha256, status, request_id, client_request_id, actor, fault"
    head = f"SELECT {columns} FROM journal WHERE {' AND '.join(where)}"  # noqa: S608  # fixed words
    sql = f"{head} ORDER BY id LIMIT ?"
    rows = [dict(zip(columns.split(", "), row, strict=True)) for row in store.execute(sql, (*values, PAGE))]
    for row in rows:
        row |= {"at": iso(row["at"])} | _text(row["body"])
    return {"entries": rows, "last": rows[-1]["id"] if rows else values[0]}


def _text(body: bytes) -> dict[str, str]:
    """The body as text where it is text, else in base64 under another key."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": "", "body_base64": base64.b64encode(body).decode()}
