"""Search deep, on all cores: `python -m tests.model [SECONDS]`; an hour where nothing is said.

Each scope gets its share of the time. What was cut off says so; a story that is found is printed,
and the exit code is 1.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing

from tests.model.installation import Installation
from tests.model.scope import Scope
from tests.model.scopes import DEEP, DEEP_WHOLE, SMALL, WHOLE
from tests.model.search import Result, search
from tests.model.stage import silence
from tests.model.whole import Company

_HOUR = 3600.0


def main() -> int:
    """Search all scopes; return 1 where something was found."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else _HOUR
    cores = os.cpu_count() or 1
    share = seconds * cores / (len(DEEP) + len(DEEP_WHOLE))
    found = 0
    with ProcessPoolExecutor(cores) as processes:
        work = [
            *((scope, processes.submit(_search_pure, scope, None)) for scope in SMALL),
            *((scope, processes.submit(_search_whole, scope, None)) for scope in WHOLE),
            *((scope, processes.submit(_search_pure, scope, share)) for scope in DEEP),
            *((scope, processes.submit(_search_whole, scope, share)) for scope in DEEP_WHOLE),
        ]
        for scope, searching in work:
            result = searching.result()
            found += len(result.stories)
            print(f"{scope.name:45} {result}", *result.stories, sep="\n", flush=True)
    print(f"{found} found")
    return 1 if found else 0


def _search_pure(scope: Scope, seconds: float | None) -> Result:
    return search(Installation(scope), seconds=seconds, stop_at=0)


def _search_whole(scope: Scope, seconds: float | None) -> Result:
    with silence(), closing(Company(scope)) as company:
        return search(company, seconds=seconds, stop_at=0)


if __name__ == "__main__":
    sys.exit(main())
