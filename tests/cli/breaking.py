"""Ways to break an installation that is in order, one thing at a time."""

from collections.abc import Callable

from dbaccess_playground.faults import Fault
from tests.cli.examining import FirstHour
from tests.scenarios.world import ALICE, APPROVALS, ORDERS

_APPROVERS = f'approvers = ["{ALICE}"]'
MANIFEST_SCOPES = {"chat:write", "commands", "usergroups:read", "users:read"}
Break = Callable[[FirstHour], None]


def nothing(_: FirstHour) -> None:
    pass


def other_cluster(hour: FirstHour) -> None:
    hour.digitalocean.remove_cluster(ORDERS)


def rules(count: int) -> Break:
    def fill(hour: FirstHour) -> None:
        rules = [{"type": "ip_addr", "value": f"198.51.100.{n}"} for n in range(count)]
        hour.digitalocean.add_cluster("orders", cluster_id=ORDERS, rules=rules)

    return fill


def config(old: str = "", new: str = "", more: str = "", *, before: Break = nothing) -> Break:
    def configure(hour: FirstHour) -> None:
        before(hour)
        hour.write(instead_of=old, config=new, more=more)

    return configure


def without_slack_scope(*scopes: str) -> Break:
    return lambda hour: hour.slack.scopes.difference_update(scopes)


def only_manifest_scopes(hour: FirstHour) -> None:
    hour.slack.scopes.intersection_update(MANIFEST_SCOPES)


def channel(*, is_archived: bool = False, bot_is_member: bool = True) -> Break:
    def change(hour: FirstHour) -> None:
        hour.slack.add_channel(
            APPROVALS, "db-approvals", is_archived=is_archived, bot_is_member=bot_is_member
        )

    return change


def private_and_unseen(hour: FirstHour) -> None:
    only_manifest_scopes(hour)
    hour.slack.add_channel(APPROVALS, "x", bot_is_member=False, is_private=True)


def env(**env: str) -> Break:
    return lambda hour: hour.env.update(env)


def app_scope_gone(hour: FirstHour) -> None:
    hour.env["SLACK_APP_TOKEN"] = hour.slack.app_token
    hour.slack.app_scopes.clear()


def gone(hour: FirstHour) -> None:
    hour.slack.deactivate_user(ALICE, tell_bot=False)


def bot_approver(hour: FirstHour) -> None:
    hour.slack.add_user("U0ROBOT", "robot", is_bot=True)
    hour.write(instead_of=_APPROVERS, config=f'approvers = ["{ALICE}", "U0ROBOT"]')


def group_of(*members: str) -> Break:
    def add(hour: FirstHour) -> None:
        hour.slack.add_group("S0ADMINS", "admins", members)
        hour.write(instead_of=_APPROVERS, config='approvers = ["S0ADMINS"]\napprovals = 2')

    return add


def no_do_scope(scope: str) -> Break:
    def take(hour: FirstHour) -> None:
        kinds = '["ip_addr", "droplet", "k8s", "tag", "app"]'
        hour.write(instead_of="[clusters", config=f"source_types = {kinds}\n\n[clusters")
        hour.digitalocean.scopes.discard(scope)

    return take


def clocks(seconds: float) -> Break:
    return lambda hour: hour.slack.set_clock_ahead(seconds)


def ocean_clock(hour: FirstHour) -> None:
    hour.digitalocean.set_clock_ahead(-120)


def slack_down(hour: FirstHour) -> None:
    hour.slack.faults.add(Fault.reset(times=None))


EMERGENCY = '\n[clusters.orders.emergency]\nrequesters = ["{}"]\nmax_duration = "30m"\n'
WRITTEN = (
    '\n[[clusters.orders.auto_approve]]\nrequesters = ["{}"]\nsources = ["{}"]\n'
    'max_duration = "{}"\n'
)
