"""What the checker proposes for a malformed reference is itself right: the fix, made once, ends the matter."""

from __future__ import annotations

import itertools
import re

import pytest

from mlopsportal.specs.parse import parse
from tests.specs.building import problems

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
PLACES = {
    "environment": "type: command\nname: c\nversion: 1\ncommand: x\nenvironment: {}\n",
    "code": "type: command\nname: c\nversion: 1\ncommand: x\nenvironment: azureml:e:1\ncode: {}\n",
    "jobs.a.component": "type: pipeline\ncompute: azureml:c\njobs:\n  a:\n    type: command\n    component: {}\n",
    "jobs.a.environment": "type: pipeline\ncompute: azureml:c\njobs:\n  a:\n    type: command\n    command: x\n"
    "    environment: {}\n",
    "create_job": "name: s\ntrigger: {{type: cron, expression: 0 6 * * 1}}\ncreate_job: {}\n",
}
MALFORMED = [
    before + name + after
    for before, name, after in itertools.product(
        ("", "azureml:", "azureml:azureml:", "Azureml:", "azureml: ", "azureml:/", "azureml://"),
        ("train", "a/b", "mcr.microsoft.com/azureml/base", "localhost:5000/x/y", "a b", "1", "é", ""),
        ("", ":1", ":latest", "@latest", ":1:2", "@", ":", "@sha256:" + "0" * 64),
    )
] + [
    f"{WORKSPACE}/environments/e",
    f"{WORKSPACE}/components/c",
    f"azureml:{WORKSPACE}/codes/c",
    f"azureml:azureml:{WORKSPACE}/environments/e/versions/1",
    f"{WORKSPACE}/environments/a%20b",
    f"{WORKSPACE}/nonsense/x/versions/1",
    "azureml://registries/azureml/environments/e",
    "azureml://registries/azureml/components/c/labels/latest",
    "azureml://registries/azureml/environments",
    "./env.yml",
    "envs/conda.yaml",
]
_OF_REFERENCES = frozenset({"reference-form", "environment-no-version", "reference-floats", "environment-unpinned"})
_PROPOSED = re.compile(r"`((?:environment: )?(?:azureml:|\{image:|file:)[^`]*)`")


def proposed(fix: str) -> list[str]:
    """Every value that a fix proposes, with something put in for `<version>` and its like."""
    return [re.sub(r"<\w+>", "x", found).removeprefix("environment: ") for found in _PROPOSED.findall(fix)]


@pytest.mark.parametrize("place", PLACES)
def test_a_proposed_reference_passes_the_check_that_proposed_it(place: str) -> None:
    made = 0
    for text in MALFORMED:
        for problem in problems(PLACES[place].format(f"'{text}'")):
            if problem.code not in _OF_REFERENCES or problem.path != place:
                continue
            assert proposed(problem.fix), (text, problem.fix)
            for value in proposed(problem.fix):
                made += 1
                written = PLACES[place].format(value if value.startswith("{") else f"'{value}'")
                assert not parse(written).problems
                after = [(found.code, found.path) for found in problems(written)]
                assert (problem.code, place) not in after, (text, value)
    assert made > 5


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("mcr.microsoft.com/azureml/base:latest", "`environment: {image: 'mcr.microsoft.com/azureml/base:latest'}`"),
        ("azureml:mcr.microsoft.com/azureml/base:1", "`environment: {image: 'mcr.microsoft.com/azureml/base:1'}`"),
        ("azureml:azureml:train-env:1", "Write `azureml:train-env:1`."),
        ("Azureml:train-env:1", "Write `azureml:train-env:1`."),
        ("train-env", "Write `azureml:train-env:<version>`."),
        ("train-env@latest", "Write `azureml:train-env@latest`."),
    ],
)
def test_a_malformed_environment_is_told_what_it_was_perhaps_meant_to_be(text: str, fix: str) -> None:
    (found,) = [problem for problem in problems(PLACES["environment"].format(f"'{text}'")) if problem.is_error]
    assert (found.code, found.path) == ("reference-form", "environment")
    assert fix in found.fix
    assert not (text.startswith("azureml:") and "does not begin" in found.message)


def test_a_label_in_a_registry_is_pinned_in_that_registry() -> None:
    text = PLACES["environment"].format("azureml://registries/azureml/environments/sklearn/labels/latest")
    (found,) = problems(text)
    assert found.code == "environment-unpinned"
    assert "`azureml://registries/azureml/environments/sklearn/versions/<version>`" in found.fix
