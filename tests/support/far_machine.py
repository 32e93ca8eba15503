"""Sales and closes around two midnights in Japan, on a machine anywhere: its zone is ``TZ``.

    TZ=America/Los_Angeles python -m tests.support.far_machine DATABASE-URL

The database is migrated and empty. Prints what was paid and closed, as JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict

from protos.units import Micros
from server.campaigns import parse_schedule, schedule_rows
from server.clock import tokyo_day
from tests.support.books import POINTS, VOUCHER, Town, build_town, moment, opened
from tests.support.cancels import CLERK, at, cancels_of, pay, refusal_of_cancel, request_for
from tests.support.closes import assert_closes_hold, close_desk, sums

FRIDAY_MIDNIGHT, END_OF_JUNE = moment(2024, 6, 8), moment(2024, 7, 1)


async def live(town: Town) -> None:
    """One sale on each of the three microseconds, its amount says which; one is cancelled."""
    for sale, (midnight, off) in enumerate(
        (midnight, off) for midnight in (FRIDAY_MIDNIGHT, END_OF_JUNE) for off in (-1, 0, 1)
    ):
        at(town, Micros(midnight + off))
        amount = 10 ** (off + 1)
        paid = await pay(town, sale + 1, voucher=amount, points=amount)
        assert paid.paid_at == midnight + off
        if off < 0:
            at(town, midnight)
            assert refusal_of_cancel(town, request_for(paid)) == "CHOBA_CANCEL_CLOSED"
    at(town, Micros(moment(2024, 7, 6) - 1))
    kept = await pay(town, 7, voucher=1000)
    assert kept.cancel_until == moment(2024, 7, 6)
    at(town, Micros(moment(2024, 7, 7)))
    gone = await pay(town, 8, voucher=500)
    at(town, Micros(gone.cancel_until - 1))
    cancels_of(town).cancel(request_for(gone), CLERK)


def told(town: Town) -> dict[str, object]:
    at(town, moment(2024, 7, 13))
    made = [
        close
        for service in (VOUCHER, POINTS)
        for close in close_desk(town).close_due(service, by="係", why="締め")
    ]
    assert_closes_hold(town)
    rows = schedule_rows(
        parse_schedule("weekly:FRI", "weekday:TUE:2", "next"),
        tokyo_day(moment(2024, 6, 3, 10)),
        tokyo_day(Micros(moment(2024, 9, 1) - 1)),
    )
    return {
        "hours_from_utc": time.localtime(FRIDAY_MIDNIGHT // 1_000_000).tm_gmtoff // 3600,
        "closes": [
            {
                key: str(value)
                for key, value in asdict(close).items()
                if key not in {"close_id", "closed_at"}
            }
            | {"net": [one.net for one in sums(town, close)]}
            for close in made
        ],
        "schedule": [str(row) for row in rows],
    }


if __name__ == "__main__":
    with opened(sys.argv[1]) as database:
        town = build_town(database)
        asyncio.run(live(town))
        sys.stdout.write(json.dumps(told(town)))
