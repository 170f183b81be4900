from __future__ import annotations

import time
from pathlib import Path

import jwt
import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.rest import HttpRequest
from azure.identity import (
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from mlopsportal import azureml
from mlopsportal.azureml.clouds import CLOUDS, cloud_of
from mlopsportal.azureml.credentials import SandboxCredential, SignIn, credential_for

TARGET = azureml.Target("6c7f4a52", "rg", "ws")
SANDBOX = cloud_of(azureml.Target("6c7f4a52", "rg", "ws", "sandbox", "http://127.0.0.1:1"))
TENANT = "11111111-2222-3333-4444-555555555555"


def named(name: str) -> azureml.Target:
    return azureml.Target("6c7f4a52", "rg", "ws", credential=name)


def configure(monkeypatch: pytest.MonkeyPatch, name: str, **settings: str) -> None:
    for key, value in settings.items():
        monkeypatch.setenv(f"MLOPSPORTAL_CREDENTIAL_{name}_{key}", value)


def test_without_a_name_azure_decides() -> None:
    assert isinstance(credential_for(TARGET, CLOUDS["azure"]), DefaultAzureCredential)


def test_one_credential_serves_every_connection_of_its_cloud_and_name() -> None:
    azure = CLOUDS["azure"]
    assert credential_for(TARGET, azure) is credential_for(TARGET, azure)
    assert credential_for(TARGET, azure) is not credential_for(TARGET, CLOUDS["azure-china"])


@pytest.mark.parametrize(
    ("name", "settings", "kind"),
    [
        ("SECRET", {"TENANT_ID": TENANT, "CLIENT_ID": "c", "CLIENT_SECRET": "s"}, ClientSecretCredential),
        ("MANAGED", {"MANAGED_IDENTITY": "1", "CLIENT_ID": "c"}, ManagedIdentityCredential),
        (
            "WORKLOAD",
            {"TENANT_ID": TENANT, "CLIENT_ID": "c", "WORKLOAD_IDENTITY_TOKEN_FILE": "/run/token"},
            WorkloadIdentityCredential,
        ),
    ],
)
def test_a_name_chooses_what_the_environment_describes(
    monkeypatch: pytest.MonkeyPatch, name: str, settings: dict[str, str], kind: type
) -> None:
    configure(monkeypatch, name, **settings)
    assert isinstance(credential_for(named(name.lower()), CLOUDS["azure"]), kind)


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "TENANT_ID"),
        ({"TENANT_ID": TENANT}, "CLIENT_ID"),
        ({"TENANT_ID": TENANT, "CLIENT_ID": "c"}, "CLIENT_SECRET"),
        ({"TENANT_ID": TENANT, "CLIENT_ID": "c", "CLIENT_SECRET": ""}, "CLIENT_SECRET"),
    ],
)
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], missing: str) -> None:
    configure(monkeypatch, "PROD", **settings)
    with pytest.raises(azureml.NotConfigured) as caught:
        azureml.connect(named("PROD"))
    assert caught.value.variable == f"MLOPSPORTAL_CREDENTIAL_PROD_{missing}"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("BADTENANT", {"TENANT_ID": "a/b", "CLIENT_ID": "c", "CLIENT_SECRET": "s"}),
        ("NOFILE", {"TENANT_ID": TENANT, "CLIENT_ID": "c", "CERTIFICATE_PATH": "/nowhere.pem"}),
    ],
)
def test_a_malformed_configuration_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, settings: dict[str, str]
) -> None:
    configure(monkeypatch, name, **settings)
    with pytest.raises(azureml.NotConfigured, match=name):
        azureml.connect(named(name))


def test_a_certificate_without_a_key_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("no certificate")
    configure(monkeypatch, "CERT", TENANT_ID=TENANT, CLIENT_ID="c", CERTIFICATE_PATH=str(tmp_path / "c.pem"))
    with pytest.raises(azureml.NotConfigured, match="CERT"):
        azureml.connect(named("CERT"))


def test_a_name_is_a_name() -> None:
    with pytest.raises(azureml.NotConfigured, match="not a name"):
        azureml.connect(named("../x"))


def test_a_sandbox_token_says_for_whom_and_how_long() -> None:
    token = SandboxCredential().get_token("https://ml.azure.com/.default")
    claims = jwt.decode(token.token, options={"verify_signature": False})
    assert claims["aud"] == "https://ml.azure.com"
    assert claims["tid"]
    assert time.time() < claims["exp"] == token.expires_on


@pytest.mark.parametrize("url", ["http://example.com/x", "https://127.0.0.1/x", "http://127.0.0.1.example.com/x"])
def test_a_sandbox_token_leaves_this_machine_never(url: str) -> None:
    request = PipelineRequest(HttpRequest("GET", url), PipelineContext(None))
    with pytest.raises(azureml.NotConfigured):
        SignIn(SANDBOX, SandboxCredential()).on_request(request)
    assert "Authorization" not in request.http_request.headers


def test_an_azure_token_travels_over_tls_only() -> None:
    assert CLOUDS["azure"].may_receive_token("https://westeurope.api.azureml.ms/history")
    assert not CLOUDS["azure"].may_receive_token("http://management.azure.com/")


@pytest.mark.parametrize(
    ("cloud", "url"),
    [
        ("azure", "https://management.azure.com/subscriptions/x"),
        ("azure", "https://0-1.workspace.westeurope.api.azureml.ms/history"),
        ("azure-china", "https://chinaeast2.api.ml.azure.cn/history"),
        ("azure-us-government", "https://usgovarizona.api.ml.azure.us/history"),
    ],
)
def test_a_token_travels_to_the_hosts_of_its_own_cloud(cloud: str, url: str) -> None:
    assert [name for name, found in CLOUDS.items() if found.may_receive_token(url)] == [cloud]


@pytest.mark.parametrize(
    "url",
    [
        "https://history.example.com/",
        "https://evilapi.azureml.ms/",
        "https://api.azureml.ms.example.com/",
        "https://management.azure.com@example.com/",
        "https://management.azure.com:8443/",
        "https://management.azure.com:x/",
    ],
)
def test_a_token_travels_nowhere_else(url: str) -> None:
    assert not any(cloud.may_receive_token(url) for cloud in CLOUDS.values())


def test_a_sandbox_token_travels_to_the_port_of_its_sandbox_only() -> None:
    assert SANDBOX.may_receive_token("http://127.0.0.1:1/x")
    assert not SANDBOX.may_receive_token("http://127.0.0.1:2/x")
