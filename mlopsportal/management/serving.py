"""Serve the site with gunicorn inside this process, so that Django is loaded once; knows no page."""

from __future__ import annotations

from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from mlopsportal.logs import JsonFormatter
from mlopsportal.management import startup


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own lines in the form of all the others."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


class Site(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """The portal as a gunicorn application: threads in a few processes, no control socket in anyone's home."""

    def __init__(self, bind: str, *, workers: int, threads: int) -> None:
        self.options: dict[str, Any] = {
            "bind": [bind],
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "control_socket_disable": True,
            "logger_class": JsonLogger,
            "preload_app": True,
            "graceful_timeout": 10,
            "timeout": 60,
            "keepalive": 5,
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
            "limit_request_line": 8190,
            "loglevel": "warning",
            "post_fork": after_fork,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIHandler:
        return get_wsgi_application()


def after_fork(arbiter: Any, worker: Any) -> None:
    """Let a gunicorn worker die with its arbiter, and open its own database connections."""
    startup.die_with(arbiter.pid)
    connections.close_all()


def serve(bind: str, *, workers: int, threads: int) -> None:
    """Serve until told to stop. `bind` is `host:port`, `unix:path` or `fd://number` of an open socket."""
    connections.close_all()
    Site(bind, workers=workers, threads=threads).run()
