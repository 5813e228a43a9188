"""The same story in trouble: dead reply addresses, a strange code, stale reads, other policies."""

from dbaccess_playground.faults import Fault
from tests.chaos import story
from tests.chaos.api_faults import UNKNOWN_CODES, refuses
from tests.chaos.supervisor import Supervisor
from tests.processes import CONFIG, Place
from tests.scenarios.world import RITA
from tests.waiting import eventually

_STALE_SECONDS = 0.7  # what real time it takes, the story's access does not last
_RELOADED, _REFUSED = "policy reloaded", "policy refused, the old one stays in force"


def play(place: Place, supervisor: Supervisor) -> None:
    """As `story.play`; what is wrong stays wrong to the end."""
    strange = refuses(UNKNOWN_CODES[0])
    place.slack.faults.add(strange(target="chat.postMessage", times=1))
    place.slack.faults.add(Fault.reset(target="/response/", times=None))
    place.digitalocean.behaviour.stale_seconds = _STALE_SECONDS

    def meanwhile() -> None:
        _reload(place, supervisor, CONFIG + 'max_duration = "1h"\n', _RELOADED)
        _reload(place, supervisor, "[[", _REFUSED)
        place.configure(CONFIG)  # whoever was killed needs one that can be read
        [card, *_] = story.cards(place)
        story.insist(lambda: place.slack.click(RITA, card, "Approve"))  # she hears that she may not

    story.play(place, meanwhile)


def _reload(place: Place, supervisor: Supervisor, config: str, said: str) -> None:
    """Let the process read another file; it may be killed by that, or have been before."""
    place.configure(config)
    process = supervisor.process
    if process.lives:
        process.hang_up()
    eventually(lambda: not process.lives or process.said(said))
