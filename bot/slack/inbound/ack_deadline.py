"""The ack deadline: an answer within three seconds, also while the database is away."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

import structlog

from bot.slack import messages
from bot.slack.inbound.background_tasks import BackgroundTasks, apologise
from bot.slack.inbound.payloads import Interaction
from bot.slack.messages import Message
from bot.store.database import DATABASE_UNAVAILABLE

_SECONDS = 2.0
_HANDS = 32

T = TypeVar("T")
log = structlog.get_logger()


class AckDeadline:
    """Does what needs the database with hands of its own, and leaves them where it takes long."""

    def __init__(self, later: BackgroundTasks) -> None:
        self._later = later
        self._pool = ThreadPoolExecutor(_HANDS, thread_name_prefix="prompt")

    def close(self) -> None:
        """Take nothing more on; what is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def within(self, act: Callable[[], T], late: Callable[[Future[T]], T]) -> T:
        """Return what *act* returns, or what is *late* of it where that takes too long."""
        doing = self._pool.submit(copy_context().run, act)
        try:
            return doing.result(_SECONDS)
        except TimeoutError:
            return late(doing)

    def answer(self, act: Callable[[], Message | None], asked: Interaction) -> Message | None:
        """Return the answer of *act*, or word that it takes longer; it follows where they acted."""

        def late(doing: Future[Message | None]) -> Message:
            doing.add_done_callback(follow)
            return messages.database_slow()

        def follow(done: Future[Message | None]) -> None:
            message = None if done.cancelled() else done.result()
            if message is not None:
                self._later.reach(asked, message)

        return self.within(lambda: _or_word(act), late)

    def do(self, act: Callable[[], Message | None], asked: Interaction) -> None:
        """Do something that has no answer; who asked for it hears where it cannot be done.

        *act* may return why that is.
        """
        message = self.answer(act, asked)
        if message is not None:
            self._later.do(lambda: self._later.reach(asked, message))


def away(error: Exception) -> Message:
    """Log that the database is away, and return what the person hears."""
    log.warning("database away", error=type(error).__name__)
    return messages.database_away()


def _or_word(act: Callable[[], Message | None]) -> Message | None:
    """Return the answer of *act*, or a word about why there is none."""
    try:
        return act()
    except DATABASE_UNAVAILABLE as error:
        return away(error)
    except Exception as error:  # the person hears of it, and the log has it whole
        return apologise("interaction failed", error)
