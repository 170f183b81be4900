"""Pipelines of many countries and their changed twins, as a team would write them, published over HTTP to a sandbox.

Ten steps a country, shared sources before them and a tree of merges behind: 60, 200 or 500 steps.
"""

from __future__ import annotations

import json
import time
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import jwt

Body = dict[str, Any]
COUNTRIES = (
    *("at", "be", "bg", "ch", "cy", "cz", "de", "dk", "ee", "es", "fi", "fr", "gb", "gr", "hr", "hu", "ie", "is"),
    *("it", "li", "lt", "lu", "lv", "mt", "nl", "no", "pl", "pt", "ro", "se", "si", "sk", "tr", "ua", "us", "ca"),
    *("mx", "br", "ar", "cl", "jp", "kr", "au", "nz", "za", "eg", "ma", "in", "id", "sg", "th"),
)
_F, _FILE, _M = "uri_folder", "uri_file", "custom_model"
_VERSION = "2024-01-01-preview"
# name -> what it takes, what it gives; the same for every country, but each extracts in its own way.
PARTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "mc_calendar": ({}, {"features": _F}),
    "mc_weather": ({}, {"features": _F}),
    **{f"mc_extract_{at}": ({"country": "string"}, {"sales": _F}) for at in COUNTRIES},
    "mc_validate": ({"sales": _F}, {"valid": _F}),
    "mc_clean": ({"valid": _F}, {"clean": _F}),
    "mc_features": ({"clean": _F, "calendar": _F, "weather": _F}, {"features": _F}),
    "mc_split": ({"features": _F}, {"train": _F, "test": _F}),
    "mc_train": ({"train": _F, "learning_rate": "number"}, {"model": _M}),
    "mc_calibrate": ({"model": _M, "test": _F}, {"calibrated": _M}),
    "mc_evaluate": ({"model": _M, "test": _F}, {"report": _F}),
    "mc_score": ({"model": _M, "features": _F}, {"scores": _F}),
    "mc_publish": ({"scores": _F}, {"receipt": _F}),
    "mc_merge": ({"left": _F, "right": _F}, {"merged": _F}),
    "mc_explain": ({"model": _M, "test": _F}, {"attributions": _F}),
}


@dataclass(frozen=True)
class Sandbox:
    """Where a sandbox is: its address, and the ARM id of its workspace."""

    url: str
    base: str

    def put(self, path: str, body: Body) -> None:
        """PUT one object as a client of the service does; raises urllib's HTTPError for a refusal."""
        claims = {"aud": self.url, "exp": int(time.time()) + 600, "tid": "sandbox", "name": "publisher"}
        token = jwt.encode(claims, "a key that nobody ever checks against", algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        address = f"{self.url}{self.base}/{path}?api-version={_VERSION}"
        request = Request(address, json.dumps(body).encode(), headers, method="PUT")  # noqa: S310  # always loopback
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            answer.read()


def publish_pair(sandbox: Sandbox, steps: int) -> str:
    """Publish a pipeline of so many steps as version 1 and its changed twin as version 2; return its name."""
    publish_parts(sandbox)
    name = f"many_countries_{steps}"
    old = pipeline(sandbox.base, steps)
    for version, spec in (("1", old), ("2", changed(sandbox.base, old))):
        sandbox.put(f"components/{name}/versions/{version}", _version(spec))
    return name


def publish_parts(sandbox: Sandbox) -> None:
    """Publish what the steps run: version 1 of everything, version 2 of those that the twin moves to."""
    environment = {"properties": {"image": "mcr.microsoft.com/azureml/base:1", "isAnonymous": False, "tags": {}}}
    sandbox.put("environments/many-countries/versions/1", environment)
    for name in PARTS:
        sandbox.put(f"components/{name}/versions/1", _version(_part(sandbox.base, name)))
    newer = _part(sandbox.base, "mc_train")
    newer["inputs"]["early_stopping"] = {"type": "integer", "default": "50"}
    sandbox.put("components/mc_train/versions/2", _version(newer))
    narrower = _part(sandbox.base, "mc_score")
    narrower["inputs"]["features"] = {"type": _FILE}
    sandbox.put("components/mc_score/versions/2", _version(narrower))


def _version(spec: Body) -> Body:
    return {
        "properties": {"componentSpec": spec, "isAnonymous": False, "isArchived": False, "tags": {"team": "demand"}}
    }


def _part(base: str, name: str) -> Body:
    takes, gives = PARTS[name]
    words = [f"--{port} ${{{{inputs.{port}}}}}" for port in takes]
    words += [f"--{port} ${{{{outputs.{port}}}}}" for port in gives]
    return {
        "type": "command",
        "command": f"python {name}.py {' '.join(words)}",
        "environment": f"azureml:{base}/environments/many-countries/versions/1",
        "inputs": {port: {"type": kind} for port, kind in takes.items()},
        "outputs": {port: {"type": kind} for port, kind in gives.items()},
    }


def pipeline(base: str, steps: int) -> Body:
    """Return the component specification of a pipeline of just so many steps."""
    countries = COUNTRIES[: (steps - 1) // 11]
    jobs: Body = {"calendar": _node(base, "mc_calendar"), "weather": _node(base, "mc_weather")}
    for country in countries:
        jobs |= _of_country(base, country)
    jobs |= _merges(base, [f"evaluate_{country}" for country in countries])
    for country in countries[: steps - len(jobs)]:
        jobs[f"explain_{country}"] = _explain(base, country)
    ports = {"learning_rate": {"type": "number", "default": "0.05"}, "market": {"type": "string"}}
    return {"type": "pipeline", "description": "Demand by country.", "inputs": ports, "outputs": {}, "jobs": jobs}


def _node(base: str, part: str, version: str = "1", **inputs: str) -> Body:
    bound = {port: {"value": value, "job_input_type": "literal"} for port, value in inputs.items()}
    component = f"{base}/components/{part}/versions/{version}"
    return {"type": "command", "componentId": component, "inputs": bound, "outputs": {}}


def _out(step: str, port: str) -> str:
    return f"${{{{parent.jobs.{step}.outputs.{port}}}}}"


def _of_country(base: str, at: str) -> Body:
    shared = {name: _out(name, "features") for name in ("calendar", "weather")}
    model, test, features = _out(f"calibrate_{at}", "calibrated"), _out(f"split_{at}", "test"), f"features_{at}"
    rate = "${{parent.inputs.learning_rate}}"
    parts: dict[str, dict[str, str]] = {
        "extract": {"country": at},
        "validate": {"sales": _out(f"extract_{at}", "sales")},
        "clean": {"valid": _out(f"validate_{at}", "valid")},
        "features": {"clean": _out(f"clean_{at}", "clean"), **shared},
        "split": {"features": _out(features, "features")},
        "train": {"train": _out(f"split_{at}", "train"), "learning_rate": rate},
        "calibrate": {"model": _out(f"train_{at}", "model"), "test": test},
        "evaluate": {"model": model, "test": test},
        "score": {"model": model, "features": _out(features, "features")},
        "publish": {"scores": _out(f"score_{at}", "scores")},
    }
    own = {"extract": f"mc_extract_{at}"}
    return {f"{step}_{at}": _node(base, own.get(step, f"mc_{step}"), **inputs) for step, inputs in parts.items()}


def _explain(base: str, at: str) -> Body:
    return _node(base, "mc_explain", model=_out(f"train_{at}", "model"), test=_out(f"split_{at}", "test"))


def _merges(base: str, reports: list[str]) -> Body:
    """Return the tree of steps that joins the reports two by two."""
    jobs: Body = {}
    waiting = [(report, "report") for report in reports]
    while len(waiting) > 1:
        (left, left_port), (right, right_port) = waiting[:2]
        name = f"merge_{len(jobs) + 1:02d}"
        jobs[name] = _node(base, "mc_merge", left=_out(left, left_port), right=_out(right, right_port))
        waiting = [*waiting[2:], (name, "merged")]
    return jobs


def changed(base: str, spec: Body) -> Body:
    """Return the twin: a new required input, four steps added, one removed, one renamed, others bumped and rewired.

    Three trainings move to version 2 of their component, one step gets other values, one step reads from elsewhere,
    and one scoring step moves to a version whose input takes a file where its source gives a folder.
    """
    twin = deepcopy(spec)
    twin["inputs"]["market_group"] = {"type": "string"}
    jobs = twin["jobs"]
    for at in ("at", "be", "bg"):
        jobs[f"train_{at}"]["componentId"] = f"{base}/components/mc_train/versions/2"
    jobs["score_cy"]["componentId"] = f"{base}/components/mc_score/versions/2"
    jobs["train_ch"]["inputs"]["learning_rate"]["value"] = "0.02"
    jobs["extract_be"]["environment_variables"] = {"LOG_LEVEL": "debug"}
    jobs["publish_at"]["inputs"]["scores"]["value"] = _out("score_be", "scores")
    jobs |= {f"compare_{at}": _explain(base, at) for at in ("at", "be", "bg", "ch")}
    del jobs["publish_ch"]
    return _renamed(twin, "validate_bg", "check_sales_bg")


def _renamed(spec: Body, old: str, new: str) -> Body:
    """Return the same with one step under another name, everything that reads from it as well."""
    text = json.dumps(spec["jobs"]).replace(f"parent.jobs.{old}.", f"parent.jobs.{new}.")
    return spec | {"jobs": {new if name == old else name: node for name, node in json.loads(text).items()}}
