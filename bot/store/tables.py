"""The tables. The migrations in `migrations/` make them; a test holds the two together."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from bot.store.database import UtcDateTime

_LARGE_NUMBER = BigInteger().with_variant(Integer, "sqlite")
_OPTIONAL_JSON: Any = JSON(none_as_null=True)  # SQLModel's stubs want a class, it takes both
_SLACK_ID = 32
# A Slack ID, or the name of a machine: see `LONGEST_PRINCIPAL`. SQLite minds no length.
_PRINCIPAL: Any = String(288).with_variant(String(32), "sqlite")
_KIND = 32
_NAME = 255


class RequestRow(SQLModel, table=True):
    """What somebody asked for. `origin` is the Slack interaction, so that it counts once.

    `erased_at` is when the personal data of a request, its decisions and its grant were erased.
    """

    __tablename__ = "requests"
    __table_args__ = (
        Index(
            "ix_requests_pending",
            "lapses_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_requests_remind",
            "remind_at",
            sqlite_where=text("remind_at IS NOT NULL"),
            postgresql_where=text("remind_at IS NOT NULL"),
        ),
        Index(
            "ix_requests_unerased",
            "created_at",
            sqlite_where=text("erased_at IS NULL"),
            postgresql_where=text("erased_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(
        default="access", max_length=_KIND, sa_column_kwargs={"server_default": "access"}
    )
    cluster: str = Field(max_length=_KIND, index=True)
    source_type: str = Field(max_length=_KIND)
    source_value: str = Field(max_length=255)
    source_name: str = Field(
        default="", max_length=_NAME, sa_column_kwargs={"server_default": text("''")}
    )
    duration_seconds: int = Field(sa_type=_LARGE_NUMBER)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    requester: str = Field(sa_type=_PRINCIPAL, index=True)
    details: list[list[str]] | None = Field(default=None, sa_type=_OPTIONAL_JSON)
    asked_by: str | None = Field(default=None, max_length=_SLACK_ID)
    concerned: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON)
    standing: str = Field(
        default="unknown", max_length=_KIND, sa_column_kwargs={"server_default": "unknown"}
    )
    reason: str = ""
    state: str = Field(max_length=_KIND)
    created_at: datetime = Field(sa_type=UtcDateTime)
    lapses_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reviewed_by: str | None = Field(default=None, max_length=_SLACK_ID)
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    extends: int | None = Field(default=None, foreign_key="requests.id", index=True)
    puts_back: int | None = Field(default=None, index=True)
    origin: str | None = Field(default=None, unique=True, max_length=255)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DecisionRow(SQLModel, table=True):
    """One approver's word on one request; a denial by dbaccess has its refusal as `reason`."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("request_id", "approver", "verdict"),)

    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="requests.id", index=True)
    approver: str = Field(max_length=_SLACK_ID)
    verdict: str = Field(max_length=_KIND)
    at: datetime = Field(sa_type=UtcDateTime)
    reason: str = ""
    at_most_seconds: int | None = None


class GrantRow(SQLModel, table=True):
    """A lease; its id is that of the request that was approved."""

    __tablename__ = "grants"
    __table_args__ = (
        Index(
            "ix_grants_live",
            "cluster_id",
            "expires_at",
            sqlite_where=text("state != 'ended'"),
            postgresql_where=text("state != 'ended'"),
        ),
        Index(
            "ix_grants_ending",
            "expires_at",
            sqlite_where=text("state != 'ended'"),
            postgresql_where=text("state != 'ended'"),
        ),
        Index(
            "ix_grants_live_alias",
            "cluster",
            "requester",
            sqlite_where=text("state != 'ended'"),
            postgresql_where=text("state != 'ended'"),
        ),
        Index(
            "ix_grants_moving",
            "cluster_id",
            sqlite_where=text("state IN ('applying', 'removing')"),
            postgresql_where=text("state IN ('applying', 'removing')"),
        ),
        Index(
            "ix_grants_unwarned",
            "adopted",
            "expires_at",
            sqlite_where=text("state = 'active' AND warned_at IS NULL"),
            postgresql_where=text("state = 'active' AND warned_at IS NULL"),
        ),
        Index("ix_grants_cluster_ended", "cluster_id", "ended_at"),
        Index("ix_grants_source", "cluster_id", "source_type", "source_value"),
    )

    id: int = Field(
        primary_key=True, foreign_key="requests.id", sa_column_kwargs={"autoincrement": False}
    )
    cluster: str = Field(max_length=_KIND)
    cluster_id: str = Field(max_length=36)
    source_type: str = Field(max_length=_KIND)
    source_value: str = Field(max_length=255)
    source_name: str = Field(
        default="", max_length=_NAME, sa_column_kwargs={"server_default": text("''")}
    )
    adopted: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    earlier_description: str | None = None
    emergency: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    requester: str = Field(sa_type=_PRINCIPAL, index=True)
    state: str = Field(max_length=_KIND)
    approved_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    owned: bool | None = None
    rule_uuid: str | None = Field(default=None, max_length=64)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    written_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    warned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_by: str | None = Field(default=None, sa_type=_PRINCIPAL)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    end_reason: str | None = Field(default=None, max_length=_KIND)
    delayed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    droplet_addresses: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    unused: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class GrantUsageRow(SQLModel, table=True):
    """Whether anybody connects through an open grant, as far as is known; see `bot.domain.usage`.

    Only where somebody looks; deleted once the grant has ended.
    """

    __tablename__ = "grant_usage"

    grant_id: int = Field(
        primary_key=True, foreign_key="grants.id", sa_column_kwargs={"autoincrement": False}
    )
    looked_at: datetime = Field(sa_type=UtcDateTime)
    unseen_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    is_whole: bool = True
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    kept_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClusterRow(SQLModel, table=True):
    """When a cluster is to be reconciled next, and how the last attempts went.

    `changes` counts the changes to make, so that those that come during an attempt are not
    forgotten at its end. `attempt_at`: when the attempt in progress began; if it stays, its process
    was killed. `unfit`: the rules with our label that were left alone, a line each. `described`:
    the sources whose rules had a description at the last read. `label_losses`: how many writes in a
    row lost their labels immediately. `removing`: rules of ours that no grant accounts for, by
    their sources, a line each, from before they are removed until that was seen. `open_since`:
    since when there is no rule at all.
    """

    __tablename__ = "clusters"

    id: str = Field(primary_key=True, max_length=36)
    alias: str = Field(max_length=_KIND)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    changes: int = 0
    attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rule_count: int | None = None
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str = ""
    written_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    guarded: bool = False
    unfit: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    described: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    label_losses: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    removing: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    labels_told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    open_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    open_alarms: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    open_alarm_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    alarms: int = 0
    alarm_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    alarm_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AuditRow(SQLModel, table=True):
    """What happened, written in the same transaction as what it tells of.

    A row is never removed, and nothing but `personal` is ever changed: the database refuses it, and
    `digest` chains each row to the one before. `id` counts from 1 without a gap, and `key` names
    the key of the digest, if any.

    `personal` has the salt and the value of each personal field: of the particulars, and of the
    actor, which is then empty. The digest covers their `commitments`, so that `personal` can be
    erased. Rows of `format` 1 have all in `actor` and `detail`, and nothing of them can be erased.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index(
            "ix_audit_personal",
            "at",
            sqlite_where=text("personal IS NOT NULL"),
            postgresql_where=text("personal IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=_LARGE_NUMBER)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    action: str = Field(max_length=64)
    actor: str = Field(max_length=64)
    cluster: str = Field(default="", max_length=_KIND)
    request_id: int | None = Field(default=None, index=True)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    digest: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": text("''")})
    key: str = Field(default="", max_length=16, sa_column_kwargs={"server_default": text("''")})
    format: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    commitments: dict[str, str] | None = Field(default=None, sa_type=_OPTIONAL_JSON)
    personal: dict[str, Any] | None = Field(default=None, sa_type=_OPTIONAL_JSON)


class JobRow(SQLModel, table=True):
    """Something to do after a commit, and what became of it; see `bot.store.jobs`.

    `claimed_until`: the lease of the process that is at it. `attempts` counts those that are over
    and the one in progress. `deadline`: until when it is tried again. `held_since`: since when the
    other side has refused the whole installation.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index(
            "ix_jobs_waiting",
            "kind",
            "ordering_key",
            "id",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(
            "ix_jobs_due",
            "kind",
            "due_at",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=_LARGE_NUMBER)
    kind: str = Field(max_length=_KIND)
    ordering_key: str = Field(max_length=255)
    coalescing_key: str | None = Field(default=None, max_length=255)
    unique_key: str | None = Field(default=None, max_length=255, unique=True)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    reply_address: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    unknown_failures: int = 0
    deadline: datetime = Field(sa_type=UtcDateTime)
    held_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str = ""
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    outcome: str = Field(default="", max_length=_KIND)


class PostRow(SQLModel, table=True):
    """Where a message of ours is in Slack, so that it can be updated and replied to."""

    __tablename__ = "posts"

    post: str = Field(primary_key=True, max_length=64)
    channel: str = Field(max_length=_SLACK_ID)
    ts: str = Field(max_length=32)


class HomeRow(SQLModel, table=True):
    """Somebody's Home tab, which is drawn anew for as long as they may be looking at it.

    `approves`: the clusters that it showed them as an approver of.
    """

    __tablename__ = "homes"

    user_id: str = Field(primary_key=True, max_length=_SLACK_ID)
    team_id: str = Field(default="", max_length=_SLACK_ID)
    opened_at: datetime = Field(sa_type=UtcDateTime, index=True)
    approves: list[str] = Field(default_factory=list, sa_type=JSON)


class IpLinkRow(SQLModel, table=True):
    """A link that reads the address somebody's browser comes from; it works once."""

    __tablename__ = "ip_links"

    id: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(max_length=_SLACK_ID)
    team_id: str = Field(default="", max_length=_SLACK_ID)
    response_url: str | None = None
    form: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class IdempotencyKeyRow(SQLModel, table=True):
    """What a machine was answered to a request that it may send again with the same key.

    `id` is a digest of machine and key, `fingerprint` one of the request.
    """

    __tablename__ = "idempotency_keys"

    id: str = Field(primary_key=True, max_length=64)
    fingerprint: str = Field(max_length=64)
    answer: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


class HeartbeatRow(SQLModel, table=True):
    """When each worker last ran."""

    __tablename__ = "heartbeats"

    worker: str = Field(primary_key=True, max_length=255)
    ticked_at: datetime = Field(sa_type=UtcDateTime)


class PeriodicJobRow(SQLModel, table=True):
    """When a worker last ran a periodic job, and since when its runs have failed."""

    __tablename__ = "periodic_jobs"

    name: str = Field(primary_key=True, max_length=64)
    interval_seconds: float
    ran_at: datetime = Field(sa_type=UtcDateTime)
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TurnRow(SQLModel, table=True):
    """When the next turn is of something that one worker of all does now and then."""

    __tablename__ = "turns"

    name: str = Field(primary_key=True, max_length=64)
    due_at: datetime = Field(sa_type=UtcDateTime)


class IssuerOutageRow(SQLModel, table=True):
    """An issuer whose keys cannot be read, since when, and how often the operators were told."""

    __tablename__ = "issuer_outages"

    issuer: str = Field(primary_key=True, max_length=_KIND)
    failing_since: datetime = Field(sa_type=UtcDateTime)
    last_error: str = ""
    alarms: int = 0
    alarm_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiCallRow(SQLModel, table=True):
    """How many calls of the provider's API a process made for a purpose in ten seconds."""

    __tablename__ = "api_calls"

    process: str = Field(primary_key=True, max_length=64)
    purpose: str = Field(primary_key=True, max_length=_KIND)
    began_at: datetime = Field(primary_key=True, sa_type=UtcDateTime, index=True)
    count: int


class StreamRow(SQLModel, table=True):
    """How far the audit was sent to the stream's receiver; the only row.

    `number` and `digest` are of the last row that was delivered. `error`: of the failures in a row
    since then, the last; `told_at`: when the operators last heard of any.
    """

    __tablename__ = "stream"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(
        default=0, sa_type=_LARGE_NUMBER, sa_column_kwargs={"server_default": text("0")}
    )
    digest: str = Field(max_length=64)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
