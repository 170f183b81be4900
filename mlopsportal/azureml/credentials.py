"""Who the portal is in each cloud: azure-identity's credentials by name, and a token maker for the sandbox."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any, Protocol

import jwt
from azure.core.credentials import AccessToken
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from mlopsportal.azureml import configured
from mlopsportal.azureml.clouds import Cloud
from mlopsportal.azureml.errors import NotConfigured
from mlopsportal.azureml.records import Target

SANDBOX_TENANT = "00000000-0000-0000-0000-000000000001"
_TOKEN_LIFE = 3600
_REFRESH_MARGIN = 300
# The sandbox reads a token's claims and checks no signature: this key protects nothing and is no secret.
_SANDBOX_KEY = b"a sandbox believes every signature"


class Credential(Protocol):
    """What azure-core calls a TokenCredential, as far as it is used here."""

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken: ...  # azure-core's own keyword arguments


class SandboxCredential:
    """Mints tokens that a sandbox accepts; no other service does."""

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """A token for the first scope, good for an hour."""
        expires = int(time.time()) + _TOKEN_LIFE
        claims = {
            "aud": scopes[0].removesuffix("/.default"),
            "tid": SANDBOX_TENANT,
            "exp": expires,
            "sub": "mlopsportal",
        }
        return AccessToken(jwt.encode(claims, _SANDBOX_KEY, algorithm="HS256"), expires)


# azure-core leaves the policy's type parameters open: any request and response will do.
class SignIn(SansIOHTTPPolicy[Any, Any]):
    """Puts the token on each request, and on none that would carry it where it may not go.

    Stateless but for the token, so one instance serves every pipeline of a connection.
    """

    def __init__(self, cloud: Cloud, credential: Credential) -> None:
        self._cloud = cloud
        self._credential = credential
        self._token: AccessToken | None = None

    def token(self) -> str:
        """A token for the management endpoint, kept until five minutes before it expires."""
        token = self._token
        if token is None or token.expires_on - time.time() < _REFRESH_MARGIN:
            token = self._token = self._credential.get_token(self._cloud.scope)
        return token.token

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Called by azure-core before each request."""
        # Generated clients pass this option on to the transport unless the authentication policy takes it away.
        request.context.options.pop("enforce_https", None)
        if not self._cloud.may_receive_token(request.http_request.url):
            raise NotConfigured("the service led to an address that may not receive a token")
        request.http_request.headers["Authorization"] = f"Bearer {self.token()}"


def credential_for(target: Target, cloud: Cloud) -> Credential:
    """The credential a target names, one object for each cloud and name. Raises NotConfigured with what is missing."""
    if cloud.is_sandbox:
        return SandboxCredential()
    return _azure_credential(cloud.authority, target.credential)


@cache
def _azure_credential(authority: str, name: str) -> Credential:
    if not name:
        return DefaultAzureCredential(authority=authority)
    if not configured.NAME.match(name):
        raise NotConfigured(f"{name!r} is not a name of a credential: letters, digits and _ only")
    settings = configured.parts_of(name, os.environ)
    try:
        return _named_credential(authority, name, settings)
    except (ValueError, OSError) as error:  # a malformed tenant or client, a certificate that cannot be read
        raise NotConfigured(f"credential {name!r}: {error}") from None


def _named_credential(authority: str, name: str, settings: dict[str, str]) -> Credential:
    if configured.is_managed(settings):
        return ManagedIdentityCredential(client_id=settings.get("CLIENT_ID"))
    if lacking := configured.missing(settings):
        variable = f"{configured.PREFIX}{name.upper()}_{lacking}"
        raise NotConfigured(f"the environment does not set {variable}", variable=variable)
    tenant, client = settings["TENANT_ID"], settings["CLIENT_ID"]
    if "CERTIFICATE_PATH" in settings:
        password = settings.get("CERTIFICATE_PASSWORD")
        return CertificateCredential(
            tenant, client, settings["CERTIFICATE_PATH"], password=password, authority=authority
        )
    if "WORKLOAD_IDENTITY_TOKEN_FILE" in settings:
        token_file = settings["WORKLOAD_IDENTITY_TOKEN_FILE"]
        return WorkloadIdentityCredential(
            tenant_id=tenant, client_id=client, token_file_path=token_file, authority=authority
        )
    return ClientSecretCredential(tenant, client, settings["CLIENT_SECRET"], authority=authority)
