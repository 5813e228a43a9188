"""How long from typing to the acknowledgement, and from the click to the rule at DigitalOcean.

    python -m bench.click_to_rule [COUNT]

The whole bot between the two sandboxes, over HTTP, in one process and one run. The API takes 0 and
200 ms a call; the two calls that cannot be avoided are a read and a write.
"""

import statistics
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from bot.demo import company
from bot.demo.company import ALICE, APPROVALS, GENERAL, RITA
from bot.logs import set_up_logs
from bot.sandbox.cloud import Change
from bot.sandbox.digitalocean import SandboxDigitalOcean
from bot.sandbox.faults import Fault
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack_conversations import Message
from bot.service import Service

_LONGEST_SECONDS = 10.0


def measure(count: int, api_seconds: float) -> tuple[list[float], list[float]]:
    """Return seconds to the acknowledgement, and from the click until the rule is there."""
    digitalocean, slack = SandboxDigitalOcean(), SandboxSlack()
    company.people_slack(slack)
    company.fill_digitalocean(digitalocean)
    if api_seconds:
        digitalocean.faults.add(Fault.slow(api_seconds, times=None))
    acknowledged, applied = [], []
    written = threading.Event()

    def hear(heard: object) -> None:
        if isinstance(heard, Change) and heard.by == "api":
            written.set()

    with tempfile.TemporaryDirectory() as folder, digitalocean, slack:
        settings = company.settings(Path(folder), slack, digitalocean)
        service = Service(settings, company.policy())
        service.start(migrate=True)
        slack.bot_url = service.url
        digitalocean.subscribe(hear)
        for number in range(1, count + 1):
            text = f"request 203.0.113.{number} 20m orders"
            acknowledged.append(slack.command(RITA, text, channel_id=GENERAL).seconds)
            card = _newest_card(slack, number)
            written.clear()
            began = perf_counter()
            slack.click(ALICE, card, "Approve")
            written.wait(_LONGEST_SECONDS)
            applied.append(perf_counter() - began)
            _wait_for_rest(slack, number)
        service.stop()
    return acknowledged, applied


def _newest_card(slack: SandboxSlack, number: int) -> Message:
    slack.wait_until(lambda: len(slack.messages(APPROVALS, replies=False)) == number)
    return slack.messages(APPROVALS, replies=False)[-1]


def _wait_for_rest(slack: SandboxSlack, number: int) -> None:
    """Wait until Rita was told twice of each request: approved, and works now."""
    slack.wait_until(lambda: len(slack.dms(RITA)) == 2 * number)


def main() -> None:
    """Print a table."""
    set_up_logs("json", level=50)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    table = Table("API per call", "", "median", "p95", title=f"{count} requests, milliseconds")
    for api_seconds in (0.0, 0.2):
        acknowledged, applied = measure(count, api_seconds)
        for name, seconds in (("typing → acknowledged", acknowledged), ("click → rule", applied)):
            p95 = statistics.quantiles(seconds, n=20)[-1]
            table.add_row(
                f"{api_seconds * 1000:.0f} ms",
                name,
                f"{statistics.median(seconds) * 1000:.0f}",
                f"{p95 * 1000:.0f}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
