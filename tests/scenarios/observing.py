"""Scraping the bot of a world, as Prometheus does."""

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.scenarios.world import World


class Scrape:
    """What one scrape told."""

    def __init__(self, url: str) -> None:
        answer = requests.get(f"{url}/metrics", timeout=30)
        assert answer.status_code == 200
        self.text = answer.text
        self.families = {
            family.name: family for family in text_string_to_metric_families(self.text)
        }
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        """The value of one series; None where there is none."""
        return self._samples.get((name, frozenset(labels.items())))

    def labels(self) -> set[str]:
        """Every label name that is in use."""
        return {label for _, labels in self._samples for label, _ in labels}

    def names(self) -> set[str]:
        """The name of every series, as an expression names it."""
        return {name for name, _ in self._samples}


def scrape(world: World) -> Scrape:
    """Scrape the world's bot now."""
    return Scrape(world.service.url or "")
