"""`dbaccess check` of tokens, scopes and clusters."""

from datetime import UTC, datetime

import pytest

from bot.checks.findings import Level
from bot.checks.provider import check_provider
from bot.config import parse_policy
from bot.domain.sources import SourceType
from bot.providers.base import NamedSource, Purpose, ScopeMissing
from tests.checks.breaking import (
    Break,
    app_scope_gone,
    config,
    env,
    no_do_scope,
    other_cluster,
    rules,
    without_slack_scope,
)
from tests.checks.operator_folder import Operator
from tests.processes import CONFIG
from tests.providers.memory import MemoryProvider
from tests.scenarios.world import ORDERS, policy

OK, HINT, FAULT = Level.OK, Level.HINT, Level.FAULT


@pytest.mark.parametrize(
    ("broken", "level", "what", "words"),
    [
        # the environment
        (env(SLACK_BOT_TOKEN="xoxb-1"), FAULT, "slack token", "invalid_auth: is SLACK_BOT_TOKEN"),
        (env(PORT="http"), FAULT, "environment", "PORT: "),
        (env(SLACK_APP_TOKEN="xapp-1"), FAULT, "slack app token", "is SLACK_APP_TOKEN right"),
        (app_scope_gone, FAULT, "slack app token", "connections:write missing"),
        (env(DIGITALOCEAN_TOKEN="dop_v1_1"), FAULT, "cluster orders", "is DIGITALOCEAN_TOKEN"),
        (
            env(DIGITALOCEAN_API_URL="http://do.example"),
            FAULT,
            "digitalocean",
            "correct DIGITALOCEAN_API_URL",
        ),
        (config(CONFIG, "[["), FAULT, "configuration", "dbaccess.toml: "),
        # the scopes
        (without_slack_scope("users:read"), FAULT, "slack scopes", "users:read missing: add"),
        (without_slack_scope("users:read"), FAULT, "people", "missing_scope"),
        (
            no_do_scope("database:read"),
            FAULT,
            "cluster orders",
            "the scopes database:read, database:update, regions:read",
        ),
        (
            no_do_scope("droplet:read"),
            FAULT,
            "Droplets",
            "the scope droplet:read, which requires image:read, reg",
        ),
        (no_do_scope("kubernetes:read"), FAULT, "Kubernetes clusters", "the scope kubernetes:read"),
        (no_do_scope("tag:read"), FAULT, "tags", "the scope tag:read"),
        (no_do_scope("app:read"), FAULT, "apps", "the scope app:read"),
        (no_do_scope("database:update"), HINT, "not tested", "database:update"),
        # the clusters
        (other_cluster, FAULT, "cluster orders", "there is no such cluster"),
        (rules(0), FAULT, "cluster orders", "open to everybody, so requests are refused"),
        (
            config(more="allow_open = true\n", before=rules(0)),
            HINT,
            "cluster orders",
            "closes it",
        ),
        (rules(89), OK, "cluster orders", "89 trusted sources"),
        (rules(90), HINT, "cluster orders", "90 trusted sources, of 100"),
        (rules(100), FAULT, "cluster orders", "nothing can be added"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_a_token_or_a_cluster_lacks_is_told_with_its_mend(
    operator: Operator, broken: Break, level: Level, what: str, words: str
) -> None:
    broken(operator)

    operator.tells(level, what, words)


def test_another_cloud_says_itself_what_has_to_be_mended() -> None:
    written = parse_policy(policy({"orders": {"id": ORDERS}}, source_types=["tag"]))

    found = list(check_provider(MemoryProvider(lambda: datetime.now(UTC)), written))

    assert [(one.level, one.what) for one in found] == [
        (FAULT, "cluster orders"),
        (OK, "tags"),
        (HINT, "not tested"),
    ]
    assert found[0].words.startswith("make one in memory")
    assert found[2].words == "nothing: everybody may do everything"


class WithoutScope(MemoryProvider):
    """A cloud that does not let one kind of thing be listed."""

    hidden = SourceType.DROPLET

    def list_sources(
        self, kind: SourceType, *, purpose: Purpose = Purpose.PAGES
    ) -> list[NamedSource]:
        if kind is self.hidden:
            raise ScopeMissing("not allowed")
        return super().list_sources(kind, purpose=purpose)


STAY = "those of tags and Kubernetes clusters stay open: make one"
CUT_OFF = "Droplets trusted by id or tag may be cut off: make one"


@pytest.mark.parametrize(
    ("taken", "hidden", "level", "words"),
    [
        (SourceType.K8S, SourceType.DROPLET, FAULT, STAY),
        (SourceType.K8S, SourceType.TAG, FAULT, STAY),
        (SourceType.TAG, SourceType.DROPLET, FAULT, STAY),
        (SourceType.DROPLET, SourceType.TAG, HINT, CUT_OFF),
        (SourceType.IP_ADDR, SourceType.DROPLET, HINT, CUT_OFF),
        (SourceType.IP_ADDR, SourceType.TAG, HINT, CUT_OFF),
    ],
)
def test_where_sessions_are_ended_droplets_and_their_tags_have_to_be_listed_for_it(
    taken: SourceType, hidden: SourceType, level: Level, words: str
) -> None:
    cloud = WithoutScope(lambda: datetime.now(UTC))
    cloud.hidden = hidden
    sessions = {"sessions": {"url_env": "DBACCESS_SESSIONS_ORDERS"}}
    told = []
    for terms in (sessions, {}):
        written = policy({"orders": {"id": ORDERS, "source_types": [taken.value], **terms}})
        found = check_provider(cloud, parse_policy(written))
        told.append([(one.level, one.words) for one in found if one.what == "sessions"])

    assert len(told[0]) == 1
    assert told[0][0][0] is level
    assert told[0][0][1].startswith(words)
    assert told[1] == []
