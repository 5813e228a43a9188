"""Pages: what somebody wants to see, as far as they may."""

from bot.domain.people import Person
from bot.domain.queries import (
    PageQuery,
    ShowClusters,
    ShowConnect,
    ShowHelp,
    ShowHistory,
    ShowList,
    ShowMyIp,
    ShowSources,
)
from bot.ip_links import IpLinks
from bot.slack import messages
from bot.slack.inbound.payloads import Interaction
from bot.slack.messages import Message
from bot.slack.queries import Queries


class Pages:
    """Answers queries, in any thread; `sources` and `connect` wait for DigitalOcean."""

    def __init__(self, queries: Queries, ip_links: IpLinks) -> None:
        self._queries = queries
        self._ip_links = ip_links

    def show(self, page: PageQuery, asked: Interaction, person: Person) -> Message:
        """Return a page for somebody.

        Raises:
            Refused: they may not, or it is not possible.
            NeedsDirectory: too little is known of them.
        """
        match page:
            case ShowHelp():
                return messages.help_page()
            case ShowMyIp():
                return self._my_ip(asked)
            case ShowList(everybody=False):
                return self._queries.mine(person)
            case ShowList():
                return self._queries.everybodys(person)
            case ShowClusters():
                return self._queries.clusters(person)
            case ShowHistory(cluster=about):
                return self._queries.history(about, person)
            case ShowSources(cluster=cluster):
                return self._queries.sources(cluster, person)
            case ShowConnect(cluster=cluster, in_form=in_form):
                return self._queries.connect(cluster, person, in_form=in_form)

    def _my_ip(self, asked: Interaction) -> Message:
        url = self._ip_links.make(asked.reply_to, asked.team_id)
        return messages.myip_link(url) if url else messages.myip_not_set_up()
