"""Schemas: the fields that are read from DigitalOcean's response bodies; all others are dropped.

Only rules keep every field. A cluster's body holds its passwords, which have no field here (P8).
"""

import base64
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)

from bot.domain.connecting import Connection
from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.providers.base import ClusterStatus, ListedCluster, NamedSource

_PEM = re.compile(
    r"(?:-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n+)+"
)


def _pem_certificate(in_base64: str) -> str:
    """Return the PEM text in there; ValueError for all else, what comes with a key included."""
    pem = base64.b64decode(in_base64, validate=True).decode("ascii").replace("\r\n", "\n")
    pem = f"{pem.strip()}\n"
    if not _PEM.fullmatch(pem):
        raise ValueError("not certificates alone")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except ssl.SSLError:
        raise ValueError("no certificate that could be read") from None
    return pem


def _nothing_as_empty(value: Any) -> Any:
    return "" if value is None else value


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("not a name that could be typed")
    return text


_Word = Annotated[
    str, Field(max_length=255), BeforeValidator(_nothing_as_empty), AfterValidator(_printable)
]
_Host = Annotated[
    str,
    Field(max_length=253, pattern=r"^([A-Za-z0-9][A-Za-z0-9.-]*)?$"),
    BeforeValidator(_nothing_as_empty),
]
_Port = Annotated[
    int, Field(ge=0, le=65535), BeforeValidator(lambda port: 0 if port is None else port)
]


class _Quiet(BaseModel):
    """A body whose errors do not repeat what was said: there are passwords in it."""

    model_config = ConfigDict(hide_input_in_errors=True)


class RuleBody(BaseModel):
    """One trusted source; fields that nobody knows yet are kept, to go back as they came (P1)."""

    model_config = ConfigDict(extra="allow")

    type: str
    value: str
    uuid: str | None = None
    description: str | None = None
    created_at: datetime | None = None

    _as_read: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_all(cls, read: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        body = validate(read)
        body._as_read = dict(read)
        return body

    def rule(self) -> Rule:
        """Return it with its time in UTC."""
        at = self.created_at
        if at is not None:
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        return Rule(self.type, self.value, self.uuid, self.description, at, self._as_read)


class RulesBody(BaseModel):
    """`GET …/firewall`."""

    rules: list[RuleBody]


class _Status(_Quiet):
    status: str


class ClusterBody(_Quiet):
    """`GET /v2/databases/{uuid}`, as far as it says how the cluster is."""

    database: _Status

    def status(self) -> ClusterStatus:
        """Return it; a cluster takes no changes while it is `creating`, `resizing` or so."""
        word = self.database.status
        return ClusterStatus(word, is_online=word == "online")


class _Address(_Quiet):
    host: _Host = ""
    port: _Port = 0
    database: _Word = ""


class _Reachable(_Quiet):
    engine: _Word
    version: _Word = ""
    connection: _Address | None = None
    private_connection: _Address | None = None


class ConnectionBody(_Quiet):
    """`GET /v2/databases/{uuid}`, as far as it says how to connect."""

    database: _Reachable

    def connection(self) -> Connection | None:
        """Return what it says, None for a cluster that has no address yet."""
        cluster, public = self.database, self.database.connection
        if public is None or not public.host or not public.port:
            return None
        private = cluster.private_connection
        return Connection(
            engine=cluster.engine,
            version=cluster.version,
            host=public.host,
            port=public.port,
            database=public.database,
            private_host=private.host if private else "",
        )


class _Ca(_Quiet):
    certificate: Annotated[str, AfterValidator(_pem_certificate)]


class CertificateBody(_Quiet):
    """`GET …/ca`."""

    ca: _Ca


class _Neighbours(BaseModel):
    next: str | None = None


class _Links(BaseModel):
    pages: _Neighbours | None = None


class Page(_Quiet):
    """One page of a list."""

    links: _Links | None = None

    @property
    def is_last(self) -> bool:
        """Whether no other page comes after it."""
        return not (self.links and self.links.pages and self.links.pages.next)


class _Listed(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    id: str = Field(min_length=1)
    name: str

    def named(self) -> NamedSource:
        return NamedSource(self.id, self.name or self.id)


class _NetworkAddress(BaseModel):
    ip_address: str


class _Networks(BaseModel):
    v4: list[_NetworkAddress] = []


class _Droplet(_Listed):
    networks: _Networks = _Networks()
    tags: Annotated[list[str], BeforeValidator(lambda tags: tags or [])] = []
    """Shown by the scope `tag:read` only; nothing says what stands there without it."""

    def named(self) -> NamedSource:
        addresses = tuple(one.ip_address for one in self.networks.v4)
        return NamedSource(self.id, self.name or self.id, addresses, tuple(self.tags))


class _Tag(_Listed):
    id: str = Field(validation_alias="name", min_length=1)


class _App(_Listed):
    name: str = Field(validation_alias=AliasPath("spec", "name"))


class NamesPage(Page):
    """A page of things that can be a trusted source."""

    things: Sequence[_Listed]


class _Droplets(NamesPage):
    things: list[_Droplet] = Field(validation_alias="droplets")


class _KubernetesClusters(NamesPage):
    things: list[_Listed] = Field(validation_alias="kubernetes_clusters")


class _Tags(NamesPage):
    things: list[_Tag] = Field(validation_alias="tags")


class _Apps(NamesPage):
    things: list[_App] = Field(validation_alias="apps")


class _ListedCluster(_Quiet):
    id: _Word = Field(min_length=1)
    name: _Word
    engine: _Word = ""
    region: _Word = ""

    def listed(self) -> ListedCluster:
        return ListedCluster(self.id, self.name or self.id, self.engine, self.region)


class ClustersPage(Page):
    """A page of `GET /v2/databases`."""

    databases: list[_ListedCluster]


@dataclass(frozen=True)
class Listing:
    """How pydo lists one kind of source, the scope that it takes, and what its pages look like."""

    method: str
    scope: str
    page: type[NamesPage]


LISTINGS: Mapping[SourceType, Listing] = {
    SourceType.DROPLET: Listing("droplets.list", "droplet:read", _Droplets),
    SourceType.K8S: Listing("kubernetes.list_clusters", "kubernetes:read", _KubernetesClusters),
    SourceType.TAG: Listing("tags.list", "tag:read", _Tags),
    SourceType.APP: Listing("apps.list", "app:read", _Apps),
}
