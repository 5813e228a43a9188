from bot.domain.commands import COMMAND, RequestAccess
from bot.domain.notices import NOTICE, GrantFacts, GrantStarted
from tests.domain.examples import HOUR, active_grant


def test_a_notice_that_was_written_down_is_read_as_the_same() -> None:
    grant = active_grant()
    facts = GrantFacts(
        id=grant.id,
        cluster=grant.cluster,
        source=grant.source,
        requester=grant.requester,
        state=grant.state,
        approved_at=grant.approved_at,
        expires_at=grant.expires_at,
    )
    notice = GrantStarted(grant=facts)
    assert NOTICE.validate_python(NOTICE.dump_python(notice, mode="json")) == notice


def test_a_wish_that_was_written_down_is_read_as_the_same() -> None:
    command = RequestAccess(
        cluster="orders", source=active_grant().source, duration=HOUR, reason="why"
    )
    assert COMMAND.validate_python(COMMAND.dump_python(command, mode="json")) == command
