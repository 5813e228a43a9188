"""Calls that deliver: one message, posted or changed, with Slack's errors sorted."""

from typing import Any

from slack_sdk.errors import SlackApiError

from bot.clock import Clock
from bot.retry import NotYet, TemporaryError
from bot.slack.client import NO_ANSWER, SlackClient
from bot.slack.errors import failure_of
from bot.slack.messages import Message
from bot.slack.outbound.pace import Pace
from bot.store.outbox import Post


class MessageCalls:
    """Posts and changes messages at the pace that Slack allows. Thread-safe.

    All methods raise:
        NotYet: the channel has had enough messages for now.
        TemporaryError: Slack cannot be reached, or asks to wait.
        UnknownError: with a code that is not known.
        InstallationError: Slack refuses this installation.
        PermanentError: Slack will never take it.
    """

    def __init__(self, client: SlackClient, clock: Clock) -> None:
        self._client = client
        self._pace = Pace(clock)

    def post(
        self, job_id: int, message: Message, *, channel: str, thread_ts: str | None = None
    ) -> Post:
        """Post a message for a job, perhaps into a thread; return where it stands."""
        thread = {} if thread_ts is None else {"thread_ts": thread_ts}
        answer = self._call(
            job_id, "chat.postMessage", message, channel=channel, unfurl_links=False, **thread
        )
        try:
            return Post(answer["channel"], answer["ts"])
        except KeyError as error:
            raise TemporaryError("chat.postMessage named no message") from error

    def update(self, job_id: int, message: Message, at: Post) -> None:
        """Change a message for a job."""
        self._call(job_id, "chat.update", message, channel=at.channel, ts=at.ts)

    def _call(
        self, job_id: int, method: str, message: Message, *, channel: str, **params: Any
    ) -> dict[str, Any]:
        wait_seconds = self._pace.wait_seconds(job_id, channel)
        if wait_seconds > 0:
            raise NotYet("in its turn", wait_seconds)
        body = {"text": message.text, "blocks": message.blocks, "channel": channel, **params}
        try:
            answer = self._client.api_call(method, json=body)
        except SlackApiError as error:
            failure = failure_of(error)
            if isinstance(failure, TemporaryError) and failure.retry_after is not None:
                self._pace.hold(channel, failure.retry_after)
            raise failure from error
        except NO_ANSWER as error:
            raise TemporaryError(type(error).__name__) from error
        return dict(answer.data) if isinstance(answer.data, dict) else {}
