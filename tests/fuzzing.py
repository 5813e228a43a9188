"""How many random examples a test plays: few and always the same ones, or many others on demand."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def fuzzed(usually: int) -> Callable[[Any], Any]:
    """Play so many examples, the same every time; with DBACCESS_FUZZ_EXAMPLES, so many new ones."""
    return examples(usually)


def examples(usually: int, *, steps: int = 50) -> settings:
    """Return the settings of a test that is `fuzzed`, or of stories of up to so many *steps*."""
    wanted = os.environ.get("DBACCESS_FUZZ_EXAMPLES")
    return settings(
        max_examples=int(wanted) if wanted else usually,
        stateful_step_count=steps,
        derandomize=wanted is None,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=_SLOW,
    )
