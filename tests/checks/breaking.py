"""Ways to break an operator that is in order, one thing at a time."""

from collections.abc import Callable

from dbaccess_playground.faults import Fault
from tests.checks.operator_folder import Operator
from tests.scenarios.world import ALICE, APPROVALS, ORDERS

_APPROVERS = f'approvers = ["{ALICE}"]'
MANIFEST_SCOPES = {"chat:write", "commands", "usergroups:read", "users:read"}
Break = Callable[[Operator], None]


def nothing(_: Operator) -> None:
    pass


def other_cluster(operator: Operator) -> None:
    operator.digitalocean.remove_cluster(ORDERS)


def rules(count: int) -> Break:
    def fill(operator: Operator) -> None:
        rules = [{"type": "ip_addr", "value": f"198.51.100.{n}"} for n in range(count)]
        operator.digitalocean.add_cluster("orders", cluster_id=ORDERS, rules=rules)

    return fill


def config(old: str = "", new: str = "", more: str = "", *, before: Break = nothing) -> Break:
    def configure(operator: Operator) -> None:
        before(operator)
        operator.write(instead_of=old, config=new, more=more)

    return configure


def without_slack_scope(*scopes: str) -> Break:
    return lambda operator: operator.slack.scopes.difference_update(scopes)


def only_manifest_scopes(operator: Operator) -> None:
    operator.slack.scopes.intersection_update(MANIFEST_SCOPES)


def channel(*, is_archived: bool = False, bot_is_member: bool = True) -> Break:
    def change(operator: Operator) -> None:
        operator.slack.add_channel(
            APPROVALS, "db-approvals", is_archived=is_archived, bot_is_member=bot_is_member
        )

    return change


def private_and_unseen(operator: Operator) -> None:
    only_manifest_scopes(operator)
    operator.slack.add_channel(APPROVALS, "x", bot_is_member=False, is_private=True)


def env(**env: str) -> Break:
    return lambda operator: operator.env.update(env)


def app_scope_gone(operator: Operator) -> None:
    operator.env["SLACK_APP_TOKEN"] = operator.slack.app_token
    operator.slack.app_scopes.clear()


def gone(operator: Operator) -> None:
    operator.slack.deactivate_user(ALICE, tell_bot=False)


def bot_approver(operator: Operator) -> None:
    operator.slack.add_user("U0ROBOT", "robot", is_bot=True)
    operator.write(instead_of=_APPROVERS, config=f'approvers = ["{ALICE}", "U0ROBOT"]')


def group_of(*members: str) -> Break:
    def add(operator: Operator) -> None:
        operator.slack.add_group("S0ADMINS", "admins", members)
        operator.write(instead_of=_APPROVERS, config='approvers = ["S0ADMINS"]\napprovals = 2')

    return add


def group_disabled(operator: Operator) -> None:
    group_of(ALICE)(operator)
    operator.slack.disable_group("S0ADMINS")


def plan_without_groups(operator: Operator) -> None:
    group_of(ALICE)(operator)
    operator.slack.downgrade()


def groups_unreadable(operator: Operator) -> None:
    group_of(ALICE)(operator)
    operator.slack.faults.add(Fault.status(429, retry_after=9, target="usergroups", times=None))


def no_do_scope(scope: str) -> Break:
    def take(operator: Operator) -> None:
        kinds = '["ip_addr", "droplet", "k8s", "tag", "app"]'
        operator.write(instead_of="[clusters", config=f"source_types = {kinds}\n\n[clusters")
        operator.digitalocean.scopes.discard(scope)

    return take


def clocks(seconds: float) -> Break:
    return lambda operator: operator.slack.set_clock_ahead(seconds)


def ocean_clock(operator: Operator) -> None:
    operator.digitalocean.set_clock_ahead(-120)


def slack_down(operator: Operator) -> None:
    operator.slack.faults.add(Fault.reset(times=None))


EMERGENCY = '\n[clusters.orders.emergency]\nrequesters = ["{}"]\nmax_duration = "30m"\n'
WRITTEN = (
    '\n[[clusters.orders.auto_approve]]\nrequesters = ["{}"]\nsources = ["{}"]\n'
    'max_duration = "{}"\n'
)
