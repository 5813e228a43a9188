"""Issuers: whether the keys by which machines' tokens are verified can be read."""

from collections.abc import Iterator

from bot.checks.findings import Finding, fault, hint, ok
from bot.config import Settings
from bot.domain.machines import Issuer
from bot.domain.policy import Policy
from bot.machines.issuer_http import ReadFailed
from bot.machines.issuer_keys import read_keys


def check_issuers(policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each issuer of the policy, and for each that nobody needs."""
    for name, issuer in policy.machines.items():
        what = f"machines {name}"
        yield _check_keys(what, issuer)
        if name not in policy.issuers_in_use:
            yield hint(what, "no auto_approve names its machines: add one, or take the table out")


def check_caller(settings: Settings, policy: Policy) -> Iterator[Finding]:
    """Look whether `"caller"` can mean a proxy; with a public address, `check_address` says so."""
    is_said = settings.dbaccess_public_url is not None
    if policy.issuers_in_use and settings.dbaccess_trusted_proxies == 0 and not is_said:
        yield hint(
            "machines",
            '`"source": "caller"` means whoever connects to dbaccess. If that is a proxy, set '
            "DBACCESS_TRUSTED_PROXIES to how many there are",
        )


def _check_keys(what: str, issuer: Issuer) -> Finding:
    try:
        count = len(read_keys(issuer))
    except ReadFailed as error:
        return fault(what, f"its keys cannot be read, so its tokens open nothing: {error}")
    keys = "1 key" if count == 1 else f"{count} keys"
    return ok(what, f"{keys} of {issuer.issuer}")
