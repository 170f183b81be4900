"""What is not there, and what is refused."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.contract.schedules import cron
from tests.sandbox.contract.subject import (
    Contract,
    pipeline_job,
)


def missing_things(contract: Contract) -> None:
    name = contract.name("missing")
    ml = contract.ml
    for versioned in (ml.components, ml.data, ml.models, ml.environments):
        with pytest.raises(ResourceNotFoundError):
            versioned.get(name, "1")
    for flat in (ml.jobs, ml.schedules, ml.datastores):
        with pytest.raises(ResourceNotFoundError):
            flat.get(name)


def unknown_component_is_refused(contract: Contract) -> None:
    with pytest.raises(HttpResponseError) as refused:
        contract.ml.jobs.create_or_update(pipeline_job(contract, reference=f"azureml:{contract.name('none')}:1"))
    assert refused.value.status_code in range(400, 500)
    assert refused.value.error is not None
    assert refused.value.error.code == "UserError"


def bad_cron_is_refused(contract: Contract) -> None:
    schedule = cron(contract, contract.name("bad"))
    schedule.trigger.expression = "banana"
    with pytest.raises(HttpResponseError) as refused:
        contract.ml.schedules.begin_create_or_update(schedule)
    assert refused.value.status_code in range(400, 500)


CALLS = (
    missing_things,
    unknown_component_is_refused,
    bad_cron_is_refused,
)
