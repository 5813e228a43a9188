"""Slack's errors: which heal by waiting, which concern the whole installation, which never heal.

The codes are those of Slack's reference for each method, and those that people have met.
"""

import math
from http import HTTPStatus

from slack_sdk.errors import SlackApiError

from bot.retry import InstallationError, PermanentError, TemporaryError, UnknownError
from bot.slack.client import code_of

_LONGEST_RETRY_AFTER_SECONDS = 3600.0  # no header silences anything for longer

TEMPORARY = frozenset(
    {
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
    }
)
"""These are over in a while."""

INSTALLATION = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)
"""With these Slack refuses every such call until somebody fixes the app or its token."""

PERMANENT = frozenset(
    {
        "app_access_restricted",
        "block_mismatch",
        "cannot_dm_bot",
        "cannot_reply_to_message",
        "cant_broadcast_message",
        "cant_update_message",
        "channel_is_limited_access",
        "channel_not_found",
        "edit_window_closed",
        "ekm_access_denied",
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "is_archived",
        "is_inactive",
        "message_not_found",
        "messages_tab_disabled",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_permission",
        "no_text",
        "not_enabled",
        "not_found",
        "not_in_channel",
        "plan_upgrade_required",
        "posting_to_channel_denied",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "team_access_not_granted",
        "team_not_found",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
        "view_too_large",
    }
)
"""These never heal by waiting. A code that stands nowhere here is tried a few times."""


def failure_of(
    error: SlackApiError,
) -> TemporaryError | InstallationError | PermanentError:
    """Return what an error of Slack's means for what was tried; its text is Slack's code."""
    code, seconds = code_of(error), retry_after(error)
    if error.response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or seconds is not None:
        return TemporaryError(code, seconds)
    return meaning_of(code)


def meaning_of(code: str) -> TemporaryError | InstallationError | PermanentError:
    """Return what a code means, or `status 403` where something on the way answered."""
    if code in INSTALLATION:
        return InstallationError(code)
    if code in PERMANENT:
        return PermanentError(code)
    is_temporary = code in TEMPORARY or code.startswith("status ")
    return TemporaryError(code) if is_temporary else UnknownError(code)


def retry_after(error: SlackApiError) -> float | None:
    """Return how many seconds Slack asks to wait, if it does; an hour at the most."""
    headers = {key.lower(): value for key, value in error.response.headers.items()}
    value = headers.get("retry-after")
    if isinstance(value, list):
        value = value[0] if value else None
    try:
        seconds = float(value) if value is not None else None
    except ValueError:
        return None
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_SECONDS)
