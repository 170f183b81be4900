"""How a failure of Azure ML is told to people: what happened and what to do next; knows no rows."""

from __future__ import annotations

from mlopsportal import azureml
from mlopsportal.azureml import AzureError

_ADVICE: tuple[tuple[type[AzureError], str, str], ...] = (
    (
        azureml.NotConfigured,
        "The connection is not configured",
        "Set what is missing in the environment of the worker.",
    ),
    (
        azureml.Unauthorized,
        "Azure did not accept the sign-in",
        "Check the credential of this workspace and that its identity still exists.",
    ),
    (
        azureml.Forbidden,
        "The identity may not read this",
        "Give it the role Reader (or AzureML Data Scientist) on the workspace.",
    ),
    (azureml.NotFound, "Azure does not know this workspace", "Check subscription, resource group and name."),
    (azureml.Throttled, "Azure asked to slow down", "It goes on by itself after a pause."),
    (
        azureml.Unreachable,
        "Azure could not be reached",
        "Check network and proxy of the worker; the next sync tries again.",
    ),
    (azureml.BadResponse, "Azure gave an answer that cannot be used", "The next sync tries again."),
)


def words(error: AzureError) -> str:
    """Return one or two sentences about a failure. The error's own text holds no secret."""
    for kind, what, advice in _ADVICE:
        if isinstance(error, kind):
            return f"{what}: {error}. {advice}"
    return f"Azure ML refused: {error}."
