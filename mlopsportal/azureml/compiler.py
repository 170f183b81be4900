"""Documents become the exact writes of azure-ai-ml: the SDK runs for real, its writes are kept and not sent.

It never sees a user's text: only values that specs parsed, validated and confined, in an empty working directory.
"""

from __future__ import annotations

import io
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
import yaml
from azure.core.pipeline.transport import RequestsTransport

from mlopsportal.azureml.clouds import Cloud
from mlopsportal.azureml.confinement import refuse_local_files
from mlopsportal.azureml.credentials import Credential, SignIn
from mlopsportal.azureml.errors import CompileError
from mlopsportal.azureml.exchange import CONNECT_TIMEOUT
from mlopsportal.azureml.explaining import explain
from mlopsportal.azureml.reading import READ_TIMEOUT
from mlopsportal.azureml.recording import Recorded, Recorder
from mlopsportal.azureml.records import CompileInput, Request, Target
from mlopsportal.azureml.resolution import refuse_unresolved

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

DEFAULT_EXPERIMENT = "Default"
# azure-ai-ml keeps cloud, clouds' addresses and the working directory for the whole process: one compile at a time.
_ONE_AT_A_TIME = threading.RLock()
# Variables that would lead the SDK to another address, switch schemas, or write this machine's git facts into a run.
_MISLEADING = ("AZUREML_", "AZURE_ML_", "ARM_CLOUD_METADATA_URL", "GIT_")
_FREQUENCIES = ("minute", "hour", "day", "week", "month")
_COLLECTIONS = {"component": "components", "data": "data", "model": "models", "environment": "environments"}


class Compiler:
    """Compiles for one workspace. The SDK's client takes as long to make as a document to compile: it is made with the
    first one, and kept until `close`."""

    def __init__(self, target: Target, cloud: Cloud, credential: Credential) -> None:
        self._target = target
        self._cloud = cloud
        self._credential = credential
        self._recorder = Recorder()
        self._session = _session(self._recorder, cloud)
        self._client: MLClient | None = None
        self._clients_words: dict[str, str] = {}

    def compile(self, documents: Sequence[CompileInput]) -> list[Request]:
        """The writes that make the documents real, in order; the same documents give the same writes in any process.

        Raises CompileError for a document, and the error of a read (an action reads the object it acts on).
        """
        if not documents:
            return []
        plan: list[Request] = []
        with _ONE_AT_A_TIME, _bare_workplace():
            self._recorder.forget()
            client = self._ready_client()
            for document in documents:
                self._recorder.writes.clear()
                _compile(client, document, self._target)
                # Steps that share an environment each bring it along: one write is enough.
                plan += dict.fromkeys(_request(write, self._target, document) for write in self._recorder.writes)
        return plan

    def _ready_client(self) -> MLClient:
        """Return the client; what it told the process when it was made, its cloud, is told again."""
        if self._client is None:
            self._client = _client(self._target, self._cloud, self._credential, self._session)
            told = _misleading()  # nothing but this process's own words stands there now
            self._clients_words = {name: value for name, value in told.items() if not name.startswith("GIT_")}
        os.environ.update(self._clients_words)
        return self._client

    def close(self) -> None:
        """Let go of the sockets."""
        self._session.close()


def _compile(client: MLClient, document: CompileInput, target: Target) -> None:
    ref = str(document.ref.without_workspace())
    compile_kind = _KINDS.get(document.kind)
    if compile_kind is None:
        raise CompileError("", f"nothing is known of documents of kind {document.kind!r}", ref=ref)
    try:
        refuse_local_files(document.value, ref=ref)
        compile_kind(client, document, target)
    except Exception as error:  # noqa: BLE001 - the SDK raises anything on odd documents, KeyError and TypeError too
        raise explain(error, ref=ref) from None


def _request(write: Recorded, target: Target, document: CompileInput) -> Request:
    ref = str(document.ref.without_workspace())
    address = urlsplit(write.url)
    arm_id, query = unquote(address.path), parse_qs(address.query)
    if not arm_id.startswith(f"{target.base}/") or set(query) != {"api-version"}:
        raise CompileError("", f"it would write outside the workspace: {write.method} {arm_id}", ref=ref)
    request = Request(write.method, arm_id, query["api-version"][0], write.body)
    refuse_unresolved(request, ref=ref)
    return request


def _component(client: MLClient, document: CompileInput, target: Target) -> None:
    from azure.ai.ml import load_component

    if not document.ref.version:
        raise CompileError("version", "a version is needed: the next free one is not the approved one")
    value = {**document.value, "name": document.ref.name, "version": document.ref.version}
    client.components.create_or_update(load_component(source=_yaml(value)))


def _run(client: MLClient, document: CompileInput, target: Target) -> None:
    client.jobs.create_or_update(_job({**document.value, "name": document.ref.name}))


def _job(value: Mapping[str, Any]) -> Any:  # load_job gives one of a dozen classes without a useful common one
    from azure.ai.ml import load_job

    return load_job(source=_yaml({"experiment_name": DEFAULT_EXPERIMENT, **value}))


def _schedule(client: MLClient, document: CompileInput, target: Target) -> None:
    from azure.ai.ml.entities import JobSchedule

    value = dict(document.value)
    trigger = value.pop("trigger", None)
    create_job = value.pop("create_job", None)
    for unused in ("$schema", "name"):
        value.pop(unused, None)
    unknown = set(value) - {"display_name", "description", "tags", "properties", "is_enabled"}
    if unknown:
        raise CompileError(min(unknown), "a schedule has no such field")
    schedule = JobSchedule(
        name=document.ref.name,
        trigger=_trigger(trigger),
        create_job=_scheduled(create_job, target),
        # Left unset, the service decides, and saving a paused schedule might start it.
        **{"is_enabled": True, **value},
    )
    client.schedules.begin_create_or_update(schedule)


def _scheduled(create_job: Any, target: Target) -> Any:
    if isinstance(create_job, Mapping):
        return _job({key: item for key, item in create_job.items() if key != "name"})
    if isinstance(create_job, str) and create_job.startswith("azureml:"):
        name = create_job.removeprefix("azureml:")
        return create_job if name.startswith("/") else f"azureml:{target.base}/jobs/{name}"
    raise CompileError("create_job", "a pipeline job, or azureml:NAME of a run, is needed")


def _trigger(trigger: Any) -> Any:  # RecurrenceTrigger | CronTrigger, which are imported only below
    from azure.ai.ml.entities import CronTrigger, RecurrencePattern, RecurrenceTrigger

    if not isinstance(trigger, Mapping):
        raise CompileError("trigger", "a trigger is needed")
    values = {key: item for key, item in trigger.items() if key != "type"}
    kind = trigger.get("type")
    if kind == "cron":
        _need_text(values, "expression")
        return _built(CronTrigger, values, "trigger", {"expression", "start_time", "end_time", "time_zone"})
    if kind == "recurrence":
        _need_text(values, "frequency", _FREQUENCIES)
        pattern = values.pop("schedule", None)
        if pattern is not None:
            fields = {"hours", "minutes", "week_days", "month_days"}
            values["schedule"] = _built(RecurrencePattern, pattern, "trigger.schedule", fields)
        fields = {"frequency", "interval", "schedule", "start_time", "end_time", "time_zone"}
        return _built(RecurrenceTrigger, values, "trigger", fields)
    raise CompileError("trigger.type", f"{kind!r} is neither cron nor recurrence")


def _need_text(values: Mapping[str, Any], field: str, allowed: Sequence[str] = ()) -> None:
    found = values.get(field)
    if not isinstance(found, str) or (allowed and found.lower() not in allowed):
        raise CompileError(
            f"trigger.{field}", f"{found!r} is not {'one of ' + ', '.join(allowed) if allowed else 'a text'}"
        )


def _built(make: Callable[..., Any], values: Any, path: str, fields: set[str]) -> Any:
    if not isinstance(values, Mapping):
        raise CompileError(path, "a mapping is needed")
    unknown = set(values) - fields
    if unknown:
        raise CompileError(f"{path}.{min(unknown)}", "there is no such field")
    try:
        return make(**values)
    except TypeError as error:
        raise CompileError(path, str(error).partition(") ")[2] or str(error)) from None


def _archive(client: MLClient, document: CompileInput, target: Target) -> None:
    _archivable(client, document).archive(name=document.ref.name, version=document.ref.version)


def _restore(client: MLClient, document: CompileInput, target: Target) -> None:
    _archivable(client, document).restore(name=document.ref.name, version=document.ref.version)


def _archivable(client: MLClient, document: CompileInput) -> Any:  # four operation classes without a common one
    collection = _COLLECTIONS.get(document.ref.kind)
    if collection is None:
        raise CompileError("target", f"a {document.ref.kind} cannot be archived")
    return getattr(client, collection)


def _enable(client: MLClient, document: CompileInput, target: Target) -> None:
    client.schedules.begin_enable(document.ref.name)


def _disable(client: MLClient, document: CompileInput, target: Target) -> None:
    client.schedules.begin_disable(document.ref.name)


def _delete(client: MLClient, document: CompileInput, target: Target) -> None:
    if document.ref.kind != "schedule":
        raise CompileError("target", f"a {document.ref.kind} cannot be deleted, only archived")
    client.schedules.begin_delete(document.ref.name)


def _cancel(client: MLClient, document: CompileInput, target: Target) -> None:
    client.jobs.begin_cancel(document.ref.name)


_KINDS: Mapping[str, Callable[[Any, CompileInput, Target], None]] = {
    "component": _component,
    "pipeline": _component,
    "run": _run,
    "schedule": _schedule,
    "archive": _archive,
    "restore": _restore,
    "enable": _enable,
    "disable": _disable,
    "delete": _delete,
    "cancel": _cancel,
}


def _yaml(value: Mapping[str, Any]) -> io.StringIO:
    """The value as YAML. Keys are sorted, so that the hashes the SDK derives do not depend on their order."""
    return io.StringIO(yaml.dump(dict(value), Dumper=_Spelled, sort_keys=True, allow_unicode=True))


class _Spelled(yaml.SafeDumper):
    """Writes a value that stands in two places twice: read from an alias, the SDK would change both at once."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _client(target: Target, cloud: Cloud, credential: Credential, session: requests.Session) -> MLClient:
    from azure.ai.ml import MLClient

    _quieten()
    elsewhere: dict[str, Any] = {}
    if cloud.is_sandbox:
        elsewhere = {
            "authentication_policy": SignIn(cloud, credential),
            "cloud_metadata": {
                "azure_portal": "https://portal.azure.com/",
                "resource_manager": cloud.endpoint,
                "active_directory": cloud.endpoint,
                "aml_resource_id": "https://ml.azure.com",
                "storage_endpoint": "core.windows.net",
                "registry_discovery_endpoint": cloud.endpoint,
            },
        }
    return MLClient(
        credential,
        target.subscription_id,
        target.resource_group,
        target.workspace,
        cloud=cloud.sdk_name,
        enable_telemetry=False,
        show_progress=False,
        transport=RequestsTransport(session=session, session_owner=False),
        retry_total=0,
        connection_timeout=CONNECT_TIMEOUT.total_seconds(),
        read_timeout=READ_TIMEOUT.total_seconds(),
        **elsewhere,
    )


def _quieten() -> None:
    """Silence the SDK's log, which warns on stderr of its own experimental classes; called after its import."""
    logging.getLogger("azure.ai.ml").setLevel(logging.ERROR)
    logging.getLogger("azure.ai.ml._telemetry").handlers.clear()  # every client adds one that does nothing


def _session(recorder: Recorder, cloud: Cloud) -> requests.Session:
    session = requests.Session()
    session.trust_env = not cloud.is_sandbox
    session.mount("http://", recorder)
    session.mount("https://", recorder)
    return session


@contextmanager
def _bare_workplace() -> Iterator[None]:
    """An empty working directory outside any repository, and no variable that changes what the SDK writes."""
    kept = _misleading()
    here = os.open(".", os.O_RDONLY)  # a descriptor survives that the directory is gone
    try:
        with tempfile.TemporaryDirectory(prefix="mlopsportal-compile-") as empty:
            _clear_misleading()
            os.environ["GIT_CEILING_DIRECTORIES"] = str(Path(empty).parent)
            os.chdir(empty)
            try:
                yield
            finally:
                os.fchdir(here)
    finally:
        os.close(here)
        _clear_misleading()
        os.environ.update(kept)


def _misleading() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_MISLEADING)}


def _clear_misleading() -> None:
    for name in _misleading():
        del os.environ[name]
