from bot.domain.blocking import why_blocked
from bot.domain.plan import Blocked
from bot.slack.messages.refusals import sentence


def test_an_open_cluster_says_what_a_first_rule_would_do_and_who_can_help() -> None:
    why = sentence(why_blocked(Blocked.OPEN_CLUSTER, "orders"))
    assert "`orders` is open to everyone" in why
    assert "lock others out" in why
    assert "ask its admins" in why


def test_a_full_cluster_says_who_can_make_room() -> None:
    why = sentence(why_blocked(Blocked.FULL_CLUSTER, "orders"))
    assert "100 trusted sources" in why
    assert "Ask an approver to end one" in why


def test_a_rule_that_is_not_there_says_how_to_see_those_that_are() -> None:
    assert "/dbaccess sources orders" in sentence(why_blocked(Blocked.NOT_THERE, "orders"))
