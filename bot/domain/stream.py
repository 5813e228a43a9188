"""The stream: where every row of the audit is sent."""

from pydantic import field_validator

from bot.domain.policy_types import PolicyModel
from bot.domain.web_addresses import check_encrypted


class StreamPolicy(PolicyModel):
    """Where every row of the audit is sent, signed with DBACCESS_STREAM_SECRET."""

    url: str
    """The receiver: https://…, or http:// on this machine."""

    @field_validator("url")
    @classmethod
    def _is_encrypted(cls, url: str) -> str:
        check_encrypted(url)
        return url
