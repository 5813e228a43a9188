"""Queries: what a person wants to see; nothing is changed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OpenForm:
    """Nothing or `request` alone, or a request that is not clear: the form, filled in.

    `is_of_channel`: the channel's cluster may be chosen where none is named. `is_unclear`: what was
    typed can be read in several ways, or lacks something.
    """

    source: str = ""
    duration: str = ""
    reason: str = ""
    cluster: str = ""
    is_of_channel: bool = True
    is_unclear: bool = False


@dataclass(frozen=True)
class OpenEmergencyForm:
    """`emergency`: the form that confirms it, filled in as far as was typed."""

    source: str = ""
    duration: str = ""
    reason: str = ""
    cluster: str = ""


@dataclass(frozen=True)
class OpenExtensionForm:
    """`extend` without a duration, or a press on `Extend…`: the form, filled in so far.

    `mark` is that of the grant that was shown, for a press; None for what was typed. `duration` is
    what was typed in its place and is not quite one.
    """

    grant_id: int
    reason: str = ""
    mark: str | None = None
    duration: str = ""


@dataclass(frozen=True)
class ShowHelp:
    """`help`."""


@dataclass(frozen=True)
class ShowList:
    """`list`, or `list all` for approvers."""

    everybody: bool = False


@dataclass(frozen=True)
class ShowClusters:
    """`clusters`."""


@dataclass(frozen=True)
class ShowSources:
    """`sources <cluster>`."""

    cluster: str


@dataclass(frozen=True)
class ShowConnect:
    """`connect <cluster>`; `in_form`: it is shown where the title is said already."""

    cluster: str
    in_form: bool = False


@dataclass(frozen=True)
class ShowHistory:
    """`history [cluster]`; None: of all clusters."""

    cluster: str | None


@dataclass(frozen=True)
class ShowMyIp:
    """`myip`."""


PageQuery = ShowHelp | ShowList | ShowClusters | ShowSources | ShowConnect | ShowHistory | ShowMyIp
Query = OpenForm | OpenEmergencyForm | OpenExtensionForm | PageQuery
