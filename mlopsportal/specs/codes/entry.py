"""What the help of one check code holds."""

from __future__ import annotations

from dataclasses import dataclass

from mlopsportal.specs.problems import Severity

ERROR, ADVICE = Severity.ERROR, Severity.ADVICE

SDK = "azure-ai-ml 1.35.2, read and tried"
COMPONENT_SCHEMA = "https://learn.microsoft.com/azure/machine-learning/reference-yaml-component-command"
PIPELINE_SCHEMA = "https://learn.microsoft.com/azure/machine-learning/reference-yaml-job-pipeline"
SCHEDULE_SCHEMA = "https://learn.microsoft.com/azure/machine-learning/reference-yaml-schedule"
YAML_SPEC = "https://yaml.org/spec/1.1/"
PORTAL = "a rule of this portal"


@dataclass(frozen=True)
class CheckCode:
    """The help of one code: shown at `/help/checks/<code>/`. `bad` and `good` are YAML."""

    code: str
    title: str
    severity: Severity
    why: str
    bad: str
    good: str
    source: str

    @property
    def gist(self) -> str:
        """The first sentence of why."""
        first, dot, _ = self.why.partition(". ")
        return first + "." if dot else first
