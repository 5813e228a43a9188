"""Wherever the machine and the database's server stand, times are UTC, across summer time too."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.domain.labels import Label, read_label
from tests.processes import CONFIG, Place
from tests.scenarios.world import IP, ORDERS, RITA
from tests.storage import Storage

pytestmark = pytest.mark.both_databases

# Written out, so that the zones are there on machines that know no names of zones.
NEW_YORK, KATHMANDU = "EST5EDT,M3.2.0,M11.1.0", "<+0545>-5:45"
HALF_A_YEAR = timedelta(weeks=26)  # from any day of the year, summer time begins or ends within
SHOWN = re.compile(r"<!date\^(\d+)\^[^|]*\|([-: \d]+) UTC>")


class Elsewhere(Place):
    """A place whose processes believe to be in another time zone."""

    zone = "UTC"

    @property
    def env(self) -> dict[str, str]:
        return super().env | {"TZ": self.zone}


@contextmanager
def between_sandboxes(folder: Path, storage: Storage, zone: str) -> Iterator[Elsewhere]:
    place = Elsewhere(folder, storage)
    place.zone = zone
    place.configure(CONFIG.replace("[defaults]", '[defaults]\nmax_duration = "52w"'))
    with place.digitalocean, place.slack:
        yield place
        for process in place.processes:
            process.terminate()


def move_server(storage: Storage, zone: str) -> None:
    """Have PostgreSQL speak in another zone; SQLite knows none."""
    if storage.url.startswith("postgresql"):
        with psycopg.connect(storage.url, autocommit=True) as connection:
            name = connection.info.dbname
            connection.execute(f"ALTER DATABASE \"{name}\" SET timezone = '{zone}'")


@pytest.mark.parametrize(
    ("zone", "server_zone"), [(NEW_YORK, "Asia/Kathmandu"), (KATHMANDU, "America/New_York")]
)
def test_one_end_is_shown_everywhere_whatever_the_zone(
    storage: Storage, tmp_path: Path, zone: str, server_zone: str
) -> None:
    """P3, P6, P7."""
    move_server(storage, server_zone)
    with between_sandboxes(tmp_path, storage, zone) as place:
        before = datetime.now(UTC).replace(microsecond=0)
        assert place.run("migrate").returncode == 0
        place.serve()
        place.lend("26w")

        [grant] = json.loads(place.run("grants", "--json").stdout)
        ends_at = datetime.fromisoformat(grant["expires_at"])

        assert ends_at - datetime.fromisoformat(grant["approved_at"]) == HALF_A_YEAR
        assert timedelta(0) <= ends_at - before - HALF_A_YEAR < timedelta(minutes=2)
        assert f"{ends_at:%Y-%m-%d %H:%M:%S} UTC" in place.run("grants", COLUMNS="200").stdout
        assert label_of(place).until == ends_at
        assert ends_at in ends_shown(place)
        assert audited_at(place)[-1] - before < timedelta(minutes=2)


def label_of(place: Place) -> Label:
    [rule] = [rule for rule in place.digitalocean.rules(ORDERS) if rule["value"] == IP]
    label = read_label(rule["description"])
    assert label is not None
    return label


def ends_shown(place: Place) -> set[datetime]:
    """Each time in what the holder was told; its fallback says the same as what Slack counts by."""
    said = " ".join(message.text for message in place.slack.dms(RITA))
    shown = set()
    for stamp, words in SHOWN.findall(said):
        at = datetime.fromtimestamp(int(stamp), UTC)
        assert words == f"{at:%Y-%m-%d %H:%M}"
        shown.add(at)
    return shown


def audited_at(place: Place) -> list[datetime]:
    rows = place.run("audit", "--format", "jsonl", "--since", "1h").stdout.splitlines()
    assert rows
    return [datetime.fromisoformat(json.loads(row)["at"]) for row in rows]
