"""The sandbox as an HTTP server: tokens, routing, faults, journal, error bodies; knows no object of the workspace."""

from __future__ import annotations

import json
import logging
import socket
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import jwt
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from mlopsportal.sandbox import control, journal, progress, seed
from mlopsportal.sandbox.arm import ArmError, Json, Place, Reply, not_found, user_error
from mlopsportal.sandbox.clock import Clock
from mlopsportal.sandbox.faults import Dropped, Rule
from mlopsportal.sandbox.routes import OPEN_PLANES, inner_path, url_map
from mlopsportal.sandbox.store import Store
from mlopsportal.sandbox.world import Call, Switches, World

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"
_AUDIENCES = ("https://ml.azure.com", "https://management.azure.com", "https://management.core.windows.net")


_Socket = socket.socket | tuple[bytes, socket.socket]
_Address = tuple[str, int] | str


@dataclass(frozen=True)
class Caller:
    """Who a token says it is."""

    name: str


def caller_of(request: Request, place: Place) -> Caller:
    """Decode the bearer token; raise the 401 of Azure Resource Manager when it would not do there.

    Audience and expiry are checked. The signature is not: the sandbox holds no key, and guards nothing of worth.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ArmError(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    try:
        claims: Json = jwt.decode(token, options={"verify_signature": False, "verify_aud": False})
    except jwt.PyJWTError as error:
        raise ArmError(401, "InvalidAuthenticationToken", f"The access token is invalid: {error}.") from error
    if float(claims.get("exp") or 0) <= time.time():
        raise ArmError(401, "ExpiredAuthenticationToken", "The access token has expired.")
    audience = str(claims.get("aud") or "").rstrip("/")
    if audience not in (place.url, *_AUDIENCES):
        raise ArmError(401, "InvalidAuthenticationTokenAudience", f"The audience '{audience}' is not allowed.")
    names = (claims.get(key) for key in ("name", "unique_name", "app_displayname", "appid", "sub"))
    return Caller(str(next((name for name in names if name), "unknown")))


class Application:
    """The WSGI application."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._urls = url_map()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        return self.answer(request)(environ, start_response)

    def answer(self, request: Request) -> Response:
        """Raises Dropped when the connection is to be closed without an answer."""
        raw = request.get_data()
        request_id = str(uuid.uuid4())
        if request.path.startswith("/sandbox/"):
            if "Origin" in request.headers:
                # A page in a browser has no business with the controls, which ask for no token.
                refusal = ArmError(403, "AuthorizationFailed", "The controls are not for browsers.")
                return self._response(request, refusal.reply(request_id), request_id)
            return self._response(request, self._handled(request, raw, request_id, None, Caller("control")), request_id)
        rule = self.world.faults.pick(request.method, request.full_path.rstrip("?"))
        received = journal.Received(
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            body=raw,
            request_id=request_id,
            client_request_id=request.headers.get("x-ms-client-request-id", ""),
        )
        store = self.world.store
        entry = journal.begin(store, at=self.world.clock.now(), request=received)
        reply, caller = self._faulty(request, raw, request_id, rule)
        fault = rule.name() if rule else ""
        journal.end(store, entry, status=reply.status if reply else None, actor=caller.name, fault=fault)
        if reply is None:
            raise Dropped
        response = self._response(request, reply, request_id)
        return _spoilt(response, rule) if rule else response

    def _faulty(self, request: Request, raw: bytes, request_id: str, rule: Rule | None) -> tuple[Reply | None, Caller]:
        """The reply after what the rule does to it; None when nothing is to be answered."""
        nobody = Caller("")
        if rule is not None:
            if rule.delay:
                time.sleep(rule.delay)
            if rule.drop_before:
                return None, nobody
            if rule.status:
                return _refusal(rule, request_id), nobody
        try:
            open_plane = request.path.startswith(OPEN_PLANES)
            caller = nobody if open_plane else caller_of(request, self.world.place)
        except ArmError as error:
            return error.reply(request_id), nobody
        reply = self._handled(request, raw, request_id, rule, caller)
        return (None if rule and rule.drop_after else reply), caller

    def _handled(self, request: Request, raw: bytes, request_id: str, rule: Rule | None, caller: Caller) -> Reply:
        """Run the handler in one transaction; what it refuses is undone and told in ARM's form."""
        store = self.world.store
        try:
            with store.transaction():
                progress.catch_up(self.world)
                call = self._call(request, raw, caller, rule)
                if rule and rule.edit_before:
                    control.apply_edit(call, rule.edit_before)
                reply = self._route(request, call)
                if rule and rule.edit_after:
                    control.apply_edit(call, rule.edit_after)
                return reply
        except ArmError as error:
            return error.reply(request_id)
        except Exception:  # a fault of the sandbox itself: answered as a 500, as a service would, and logged
            logger.exception("%s %s", request.method, request.path)
            return ArmError(500, "InternalServerError", "The sandbox failed; see its log.").reply(request_id)

    def _call(self, request: Request, raw: bytes, caller: Caller, rule: Rule | None) -> Call:
        return Call(
            world=self.world,
            method=request.method,
            url=f"{self.world.place.url}{request.path}",
            query=_query(request),
            body=_body(request, raw),
            raw=raw,
            headers={key.lower(): value for key, value in request.headers.items()},
            actor=caller.name,
            now=self.world.clock.now(),
            hide_for=rule.hide_for if rule else 0.0,
        )

    def _route(self, request: Request, call: Call) -> Reply:
        path = inner_path(request.path, self.world.place)
        if path is None:
            raise ArmError(404, "ResourceGroupNotFound", f"There is nothing at {request.path}.")
        method = "GET" if request.method == "HEAD" else request.method
        try:
            handler, found = self._urls.bind("sandbox").match(path, method=method)
        except MethodNotAllowed as error:
            raise ArmError(405, "MethodNotAllowed", f"{request.method} is not allowed here.") from error
        except HTTPException as error:
            raise not_found(request.path) from error
        arguments: dict[str, Any] = dict(found)
        workspace = arguments.pop("ws", self.world.place.workspace)
        if workspace.lower() != self.world.place.workspace.lower():
            raise not_found(f"workspaces/{workspace}")
        reply: Reply = handler(call, **arguments)
        return reply

    def _response(self, request: Request, reply: Reply, request_id: str) -> Response:
        content = reply.body if isinstance(reply.body, bytes) else b""
        headers = {"x-ms-request-id": request_id, **reply.headers}
        if reply.body is not None and not isinstance(reply.body, bytes):
            content = json.dumps(reply.body).encode()
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
        response = Response(content, status=reply.status, headers=headers)
        if "x-ms-client-request-id" in request.headers:
            response.headers["x-ms-client-request-id"] = request.headers["x-ms-client-request-id"]
        return response


def _query(request: Request) -> Mapping[str, str]:
    return {key: value for key, value in request.args.items() if key != "api-version"}


def _body(request: Request, raw: bytes) -> Any:
    """The JSON sent; None for nothing and for blobs. Raises the service's refusal for what is not JSON."""
    if not raw or request.path.startswith("/st1/"):
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        raise user_error(f"The body is not JSON: {error}.", "body") from error


def _refusal(rule: Rule, request_id: str) -> Reply:
    codes = {401: "InvalidAuthenticationToken", 403: "AuthorizationFailed", 429: "TooManyRequests"}
    code = codes.get(rule.status, "InternalServerError" if rule.status >= 500 else "UserError")
    reply = ArmError(rule.status, code, "The sandbox was told to answer this.").reply(request_id)
    if rule.retry_after is None:
        return reply
    return replace(reply, headers={"Retry-After": f"{rule.retry_after:g}"})


def _spoilt(response: Response, rule: Rule) -> Response:
    """The answer with another body, or a shorter one than it says."""
    if rule.body is not None:
        response.set_data(rule.body.encode())
    if rule.truncate is not None:
        whole = response.get_data()
        response.set_data(whole[: rule.truncate])
        response.headers["Content-Length"] = str(len(whole))
    return response


class KeepAliveHandler(WSGIRequestHandler):
    """HTTP/1.1 with connections kept open, which werkzeug's own handler closes after each answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            chunks, status, headers = run_wsgi_app(self.server.app, self.make_environ(), buffered=True)
        except Dropped:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = b"".join(chunks)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for key, value in headers:
            self.send_header(key, value)
        short = int(headers.get("Content-Length", len(body))) != len(body)
        if self.command != "HEAD" and short:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the journal has it."""


class Server(ThreadedWSGIServer):
    """One thread per connection; closing it closes the connections too."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, app: Application) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(HOST, port, app, handler=KeepAliveHandler)

    def process_request(self, request: _Socket, client_address: _Address) -> None:
        if isinstance(request, socket.socket):
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Socket) -> None:
        if isinstance(request, socket.socket):
            self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@dataclass
class Sandbox:
    """A sandbox that is bound to its port and not serving yet."""

    server: Server
    world: World
    application: Application
    ticker: progress.Ticker

    def serve(self, poll_seconds: float = 0.05) -> None:
        """Serve until `close` is called from another thread, or the process is interrupted.

        `close` is noticed within `poll_seconds`.
        """
        self.ticker.start()
        self.server.serve_forever(poll_interval=poll_seconds)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        if self.ticker.is_alive():
            self.ticker.stop()
        self.world.store.close()


def open_sandbox(*, port: int = 0, data: Path, seed_name: str = "empty", switches: Switches | None = None) -> Sandbox:
    """Open or make the state in `data` and bind the port (0: any free one); an empty state is seeded."""
    data.mkdir(parents=True, exist_ok=True)
    store = Store(data / "sandbox.sqlite3")
    clock = Clock(float(store.meta("clock_offset", "0")))
    world = World(store, clock, Place(""), switches or Switches())
    application = Application(world)
    server = Server(port, application)
    world.place = Place(f"http://{HOST}:{server.port}")
    if not store.meta("seed"):
        seed.plant(world, seed_name)
    return Sandbox(server, world, application, progress.Ticker(world))


def describe(place: Place) -> Json:
    """What a client needs to find the workspace."""
    return {
        "url": place.url,
        "subscription_id": place.subscription_id,
        "resource_group": place.resource_group,
        "workspace": place.workspace,
    }


def serve(*, port: int, data: Path, time_scale: float = 1.0, seed_name: str = "demo") -> None:
    """Say where the workspace is, in one line of JSON on stdout, and serve it until interrupted."""
    sandbox = open_sandbox(port=port, data=data, seed_name=seed_name, switches=Switches(time_scale=time_scale))
    sys.stdout.write(json.dumps(describe(sandbox.world.place)) + "\n")
    sys.stdout.flush()
    try:
        sandbox.serve()
    except KeyboardInterrupt:
        sandbox.server.server_close()
