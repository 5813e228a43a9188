"""The ack deadline: an answer within three seconds, even if the database is unavailable."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from bot.slack import messages
from bot.slack.inbound.background_tasks import BackgroundTasks
from bot.slack.inbound.failures import answer_or_failure
from bot.slack.inbound.payloads import Interaction
from bot.slack.limits import ACK_SECONDS
from bot.slack.messages import Message

_SECONDS = ACK_SECONDS - 1  # the way to Slack takes its part
_THREADS = 32

T = TypeVar("T")


class AckDeadline:
    """Runs handlers in threads of its own, and acknowledges without them if they take too long.

    A handler that is late goes on running, and its answer follows by a background task.
    """

    def __init__(self, background: BackgroundTasks) -> None:
        self._background = background
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="ack-deadline")

    def close(self) -> None:
        """Start nothing more; what is running ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def within(self, act: Callable[[], T], late: Callable[[Future[T]], T]) -> T:
        """Return the result of *act*; after the deadline that of *late*, for the running call."""
        running = self._pool.submit(copy_context().run, act)
        try:
            return running.result(_SECONDS)
        except TimeoutError:
            return late(running)

    def answer(self, act: Callable[[], Message | None], asked: Interaction) -> Message | None:
        """Return the answer of *act*; after the deadline, that it takes longer and will follow."""

        def late(running: Future[Message | None]) -> Message:
            running.add_done_callback(follow_up)
            return messages.database_slow()

        def follow_up(done: Future[Message | None]) -> None:
            message = None if done.cancelled() else done.result()
            if message is not None:
                self._background.reach(asked, message)

        return self.within(lambda: answer_or_failure("interaction failed", act), late)

    def do(self, act: Callable[[], Message | None], asked: Interaction) -> None:
        """Run *act*; what it returns is sent after the acknowledgement, not in it."""
        message = self.answer(act, asked)
        if message is not None:
            self._background.reach(asked, message)
