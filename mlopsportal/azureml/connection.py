"""A connection to one workspace: joins cloud, credential, reader, compiler and writer; decides nothing itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from mlopsportal.azureml.clouds import Cloud, cloud_of
from mlopsportal.azureml.credentials import Credential, credential_for
from mlopsportal.azureml.exchange import Exchange
from mlopsportal.azureml.reader import Reader
from mlopsportal.azureml.records import CompileInput, Request, Response, Target, WorkspaceInfo
from mlopsportal.azureml.writer import SEND_CAP, Writer

if TYPE_CHECKING:
    from mlopsportal.azureml.compiler import Compiler


class Connection:
    """Reads, compiles and sends for one workspace. May be shared by threads; `close` when done."""

    def __init__(self, target: Target, cloud: Cloud, credential: Credential) -> None:
        self.target = target
        self.cloud = cloud
        self._credential = credential
        self._exchange = Exchange(cloud, credential)
        self._compiler: Compiler | None = None
        self._opening = threading.Lock()

    @property
    def base(self) -> str:
        """The workspace's ARM id."""
        return self.target.base

    @cached_property
    def reader(self) -> Reader:
        """Reads the workspace as raw JSON."""
        return Reader(self.target, self._exchange)

    def check(self) -> WorkspaceInfo:
        """Read the workspace and try each listing the mirror needs. Raises AzureError when the first of it fails."""
        return self.reader.check()

    def compile(self, documents: Sequence[CompileInput]) -> list[Request]:
        """The exact writes that make the documents real, in order. Raises CompileError and what a read raises.

        Loads azure.ai.ml on first use (seconds, about 100 MB): for a planning worker, not for a web process.
        """
        with self._opening:
            if self._compiler is None:
                from mlopsportal.azureml.compiler import Compiler

                self._compiler = Compiler(self.target, self.cloud, self._credential)
        return self._compiler.compile(documents)

    def send(self, request: Request, *, timeout: timedelta = SEND_CAP) -> Response:
        """Send one write once, byte for byte; waits at most 20 s, polling included.

        Raises UnknownOutcome when the write may or may not have happened, Unreachable when it was not sent, Throttled
        or one of the Refused family when the service said no.
        """
        return Writer(self.target, self._exchange).send(request, timeout=timeout)

    def close(self) -> None:
        """Let go of the sockets."""
        self._exchange.close()
        if self._compiler is not None:
            self._compiler.close()


def open_connection(target: Target) -> Connection:
    """A connection to the target, without touching the network. Raises NotConfigured."""
    cloud = cloud_of(target)
    return Connection(target, cloud, credential_for(target, cloud))
