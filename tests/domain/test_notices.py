from bot.domain.commands import COMMAND, RequestAccess
from bot.domain.notices import NOTICE, GrantStarted, RequestCard, RequestFacts
from tests.domain.examples import HOUR, active_grant
from tests.slack.messages import examples


def test_a_notice_about_a_grant_that_was_saved_is_read_as_the_same() -> None:
    notice = GrantStarted(grant=active_grant())
    assert NOTICE.validate_python(NOTICE.dump_python(notice, mode="json")) == notice


def test_a_notice_about_a_request_that_was_saved_is_read_as_the_same() -> None:
    facts = examples.extension(approvers=(examples.ALICE,), at_most=HOUR / 2)
    notice = RequestCard(request=facts)
    read = NOTICE.validate_python(NOTICE.dump_python(notice, mode="json"))
    assert read == notice
    assert isinstance(read, RequestCard)
    assert isinstance(read.request, RequestFacts)
    assert read.request.granted_duration == HOUR / 2


def test_a_command_that_was_saved_is_read_as_the_same() -> None:
    command = RequestAccess(
        cluster="orders", source=active_grant().source, duration=HOUR, reason="why"
    )
    assert COMMAND.validate_python(COMMAND.dump_python(command, mode="json")) == command
