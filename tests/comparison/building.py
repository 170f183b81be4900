"""Large pipelines made by rule, for comparisons: layers of steps, each reading from the layer before."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

Definition = dict[str, Any]


def large(count: int, *, wide: int = 8, seed: int = 1) -> Definition:
    """A pipeline definition of `count` steps, `wide` in a layer, with at most two inputs each."""
    dice, jobs = random.Random(seed), dict[str, Any]()
    for number in range(count):
        layer = number // wide
        before = [f"step_{n:03d}" for n in range(max(0, (layer - 1) * wide), layer * wide)]
        sources = dice.sample(before, min(len(before), dice.randint(1, 2))) if before else []
        inputs = {f"in_{index}": f"${{{{parent.jobs.{name}.outputs.out}}}}" for index, name in enumerate(sources)}
        inputs["rate"] = str(round(dice.random(), 3))
        jobs[f"step_{number:03d}"] = {
            "type": "command",
            "component": f"component:part_{number % 12}:1",
            "inputs": inputs,
        }
    return {"type": "pipeline", "jobs": jobs}


def edited(definition: Definition) -> Definition:
    """The same with five steps added, nine changed, four removed, one renamed and one rewired."""
    result = deepcopy(definition)
    jobs = result["jobs"]
    names = list(jobs)
    for name in names[30:39]:
        jobs[name]["component"] = jobs[name]["component"].replace(":1", ":2")
    last = names[-4:]
    for name in last:
        del jobs[name]
    for number in range(5):
        source = names[60 + number] if len(names) > 70 else names[5 + number]
        jobs[f"new_{number}"] = {
            "type": "command",
            "component": "component:calibrate:1",
            "inputs": {"in_0": f"${{{{parent.jobs.{source}.outputs.out}}}}"},
        }
    jobs["renamed"] = jobs.pop(names[0])
    for node in jobs.values():
        for port, value in node["inputs"].items():
            node["inputs"][port] = value.replace(f"parent.jobs.{names[0]}.", "parent.jobs.renamed.")
    return result
