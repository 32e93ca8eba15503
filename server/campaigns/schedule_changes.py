"""Changing when a service closes and is paid: a new version of its terms, from a boundary on."""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros
from server.campaigns import schedule_refusals as refuse
from server.campaigns.periods import next_boundary
from server.campaigns.schedule import Schedule
from server.campaigns.terms import Terms, add_terms, terms_of
from server.clock import tokyo_day, tokyo_time
from server.db import Database
from server.directory import ServiceId
from server.ledger import LedgerClock, lock_lanes, newest_instant
from server.oversight import Act, record_act

_LONGEST_WHY: Final = 500


def change_schedule(
    database: Database,
    clock: LedgerClock,
    service: ServiceId,
    schedule: Schedule,
    valid_from: Micros,
    *,
    by: str,
    why: str,
) -> Terms:
    """From ``valid_from`` on, which is a boundary to come, the service closes by ``schedule``.

    What is in force by then already is answered as it is. Blocking.
    Raises Refusal: CHOBA_SCHEDULE_SERVICE_UNKNOWN, _PAST, _NO_BOUNDARY (both name the next
    boundary), _PLANNED, _CALENDAR, _WHY.
    """
    if not why.strip() or len(why) > _LONGEST_WHY:
        raise refuse.why_missing(_LONGEST_WHY)

    def work(connection: Connection) -> Terms:
        # no payment is being decided while the lanes are held: each knows the terms of before and
        # lies before the boundary, or reads those that are written here
        lock_lanes(connection)
        now = Micros(max(clock(connection), newest_instant(connection)))
        versions = terms_of(connection, service)
        if not versions:
            raise refuse.service_unknown(service)
        newest = versions[-1]
        if newest.schedule == schedule and newest.valid_from <= valid_from:
            return newest
        if valid_from <= now:
            wanted = f"{tokyo_time(valid_from):%Y-%m-%d %H:%M}"
            raise refuse.not_in_the_future(wanted, tokyo_day(next_boundary(versions, now)))
        if newest.valid_from > valid_from:
            raise refuse.planned_already(service, tokyo_day(newest.valid_from))
        changed = replace(
            newest, version=newest.version + 1, valid_from=valid_from, schedule=schedule
        )
        schedule.closing(valid_from)  # refused now, not at the first payment
        add_terms(connection, changed)
        detail = {
            "close": str(schedule.close),
            "pay": str(schedule.pay),
            "on_holiday": schedule.on_holiday.value,
            "from": tokyo_time(valid_from).isoformat(),
        }
        record_act(connection, Act(by, "service.schedule", service, why, now, detail))
        return changed

    return database.write_now(work, repeatable=True)
