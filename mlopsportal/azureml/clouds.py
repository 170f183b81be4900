"""Where each Azure cloud, or a sandbox, answers and signs in; endpoints as azure-ai-ml knows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from mlopsportal.azureml.errors import NotConfigured
from mlopsportal.azureml.records import Target

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SANDBOX = re.compile(r"http://(?P<host>127\.0\.0\.1|localhost|\[::1\]):(?P<port>[0-9]{1,5})/?\Z")
_LAST_PORT = 65535
_TLS = 443
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.()-]*\Z")


@dataclass(frozen=True)
class Cloud:
    """Endpoints of one cloud. `sdk_name` is azure-ai-ml's name for it; `authority` the sign-in host without scheme."""

    sdk_name: str
    endpoint: str
    authority: str
    scope: str
    ml_scope: str
    services: str
    """The host below which the regions' run histories and metrics answer."""
    is_sandbox: bool = False

    def may_receive_token(self, url: str) -> bool:
        """Whether a token may travel to this address: over TLS to this cloud's own hosts; to a sandbox at its port."""
        if not self.is_private(url):
            return False
        address, own = urlsplit(url), urlsplit(self.endpoint)
        if self.is_sandbox:
            return address.port == own.port
        host = address.hostname or ""
        return address.port in (None, _TLS) and (host == own.hostname or host.endswith(f".{self.services}"))

    def is_private(self, url: str) -> bool:
        """Whether nobody listens on the way to this address: TLS in Azure, loopback only for a sandbox."""
        try:
            address = urlsplit(url)
            address.port  # noqa: B018  raises ValueError for what is no port
        except ValueError:
            return False
        if self.is_sandbox:
            return address.scheme == "http" and address.hostname in LOOPBACK
        return address.scheme == "https"


def _azure(sdk_name: str, manager: str, authority: str, ml: str, services: str) -> Cloud:
    scope, ml_scope = f"https://{manager}/.default", f"https://{ml}/.default"
    return Cloud(sdk_name, f"https://{manager}", authority, scope, ml_scope, services)


CLOUDS = {
    "azure": _azure(
        *("AzureCloud", "management.azure.com", "login.microsoftonline.com", "ml.azure.com", "api.azureml.ms")
    ),
    "azure-china": _azure(
        *("AzureChinaCloud", "management.chinacloudapi.cn", "login.chinacloudapi.cn"), "ml.azure.cn", "api.ml.azure.cn"
    ),
    "azure-us-government": _azure(
        *("AzureUSGovernment", "management.usgovcloudapi.net", "login.microsoftonline.us"),
        *("ml.azure.us", "api.ml.azure.us"),
    ),
}


def cloud_of(target: Target) -> Cloud:
    """The cloud a target lives in. Raises NotConfigured for a target that cannot be addressed."""
    for field in ("subscription_id", "resource_group", "workspace"):
        if not _NAME.match(getattr(target, field)):
            raise NotConfigured(f"{field} {getattr(target, field)!r} is not a name that Azure gives")
    if target.cloud == "sandbox":
        return _sandbox(target.endpoint)
    if target.cloud not in CLOUDS:
        raise NotConfigured(f"cloud {target.cloud!r} is none of sandbox, {', '.join(CLOUDS)}")
    if target.endpoint:
        raise NotConfigured("only a sandbox has an endpoint of its own")
    return CLOUDS[target.cloud]


def _sandbox(endpoint: str) -> Cloud:
    found = _SANDBOX.match(endpoint)
    if not found or int(found["port"]) > _LAST_PORT:
        raise NotConfigured(f"a sandbox lives at http://127.0.0.1:PORT, not at {endpoint!r}")
    # azure-ai-ml keeps the first address it hears for a cloud name: the port has to be part of the name.
    name = f"sandbox-{found['host'].strip('[]')}-{found['port']}"
    base = endpoint.rstrip("/")
    return Cloud(name, base, base, f"{base}/.default", "https://ml.azure.com/.default", "", is_sandbox=True)
