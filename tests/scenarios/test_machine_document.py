"""The API keeps to the document that it serves: schemathesis tries it by the wire."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from tests.scenarios.jobs import Job, Jobs
from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import IP

OPERATIONS = (
    ("POST", "/v1/requests"),
    ("GET", "/v1/requests/{id}"),
    ("DELETE", "/v1/requests/{id}"),
)
_EXAMPLES = 15  # of each operation, right ones and wrong ones
# What the schema allows need not be taken: it does not know the policy.
_LEFT_OUT = ["positive_data_acceptance"]


@pytest.fixture
def job(opens: Callable[..., OpenWorld], jobs: Jobs) -> Job:
    return jobs.job(opens(jobs.policy(), proxies=1))


@pytest.fixture
def api(job: Job) -> Any:
    url = job.world.service.url
    document = requests.get(f"{url}/v1/openapi.json", timeout=30).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=url)
    return schema


@pytest.mark.parametrize("mode", GenerationMode)
def test_the_api_does_what_its_document_says(job: Job, api: Any, mode: GenerationMode) -> None:
    job.asks(headers={"X-Forwarded-For": IP})
    left_out = [CHECKS.get_one(name) for name in _LEFT_OUT]

    for method, path in OPERATIONS:

        @given(case=api[path][method].as_strategy(generation_mode=mode))
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def act(case: Any) -> None:
            job.world.clock.advance(seconds=1)  # or it would be told to wait
            headers = {"Authorization": f"Bearer {job.token}", "X-Forwarded-For": IP}
            case.call_and_validate(headers=headers, excluded_checks=left_out)

        act()
