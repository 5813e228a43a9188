"""Whether everybody can use a page, as far as axe can tell: WCAG 2.2 AA and best practice."""

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# All is checked; what is in order is not described, which takes longer than the check itself.
_OPTIONS = {"runOnly": _RULES, "resultTypes": ["violations"]}


def faults_of_access(page: Page) -> list[str]:
    """Return what axe finds wrong, with the beginning of each element that is concerned."""
    found = Axe().run(page, options=_OPTIONS).response["violations"]
    return [f"{one['id']}: {[node['html'][:150] for node in one['nodes']]}" for one in found]
