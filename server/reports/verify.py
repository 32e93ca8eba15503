"""Three ways to one number: what results say, what transactions add up to, what the ledger has.

Written days are added up again from the ledger's own postings; the domains' rows of the same days,
which the transactions' list is made of, have to say the same, service by service. Shops are paid by
the close: what each one's rows add up to between two boundaries is what the close says it earned.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from sqlalchemy import Connection, func, select, union_all

from protos.units import Micros, Yen
from server.clock import DAY, HOUR
from server.db.schema import closes as closing
from server.db.schema import reports as t
from server.directory import ServiceId
from server.ledger import AccountId, CustomerMoves, Moved, Movement, Movements, Operation, Unit
from server.ledger.audit import SHOWN, Progress, no_progress
from server.reports.days import (
    Cut,
    DaySums,
    ledger_days,
    written_cut,
    written_days,
)
from server.reports.rows import Wanted, parts

_OF_OPERATION: Final = {
    Operation.USE: Movement.SPENT,
    Operation.CANCEL_USE: Movement.RETURNED,
    Operation.GRANT: Movement.GIVEN,
    Operation.CHARGE: Movement.GIVEN,
    Operation.CANCEL_GRANT: Movement.TAKEN_BACK,
}
_TOKYO: Final = 9 * HOUR
Days = dict[date, Movements]
ShopFacts = dict[str, tuple[int, int, int, int]]
"""By shop: used yen, uses, cancelled yen, cancels."""


def verify_results(connection: Connection, progress: Progress = no_progress) -> list[str]:
    """What does not hold, in words; at most 20 findings."""
    findings: list[str] = []
    for finding in _findings(connection, progress):
        findings.append(finding)
        if len(findings) == SHOWN:
            findings.append("results: … and perhaps more")
            break
    return findings


def _findings(connection: Connection, progress: Progress) -> Iterator[str]:
    written = set(written_days(connection))
    rows = _by_rows(connection)
    cut: Cut = {}
    for count, sums in enumerate(ledger_days(connection), start=1):
        progress("results", count, 0)
        cut = sums.cut
        if sums.day in written:
            written.remove(sums.day)
            yield from _day_findings(connection, sums)
        told = {k: m for k, m in sums.services.items() if k[1] in _OF_OPERATION.values()}
        of_rows = rows.pop(sums.day, {})
        if of_rows != told:
            yield from _differing(f"transactions: {sums.day}", of_rows, told)
    for day in sorted(written):  # nothing was booked since
        yield from _day_findings(connection, DaySums(day, cut))
    for day, of_rows in sorted(rows.items()):
        yield from _differing(f"transactions: {day}", of_rows, {})
    yield from _close_findings(connection)


def _close_findings(connection: Connection) -> Iterator[str]:
    """By shop, the list's rows in the window of each close, beside the close's own sums. Closes
    themselves are held against the lanes' postings by ``verify_closes``."""
    k = closing.closes.c
    rows = connection.execute(
        select(k.close_id, k.service_id, k.boundary).order_by(k.service_id, k.boundary)
    ).all()
    before: tuple[str, Micros] | None = None
    for close_id, service, boundary in rows:
        since = before[1] if before is not None and before[0] == service else None
        before = service, boundary
        listed = _shops_listed(connection, ServiceId(service), since, boundary)
        said = _shops_closed(connection, close_id)
        for shop in sorted(listed.keys() | said.keys(), key=str):
            if listed.get(shop) != said.get(shop):
                yield (
                    f"transactions: close {close_id} ({service}): shop {shop}: {listed.get(shop)} "
                    f"are listed (used, count, cancelled, count), the close says {said.get(shop)}"
                )


def _shops_listed(
    connection: Connection, service: ServiceId, since: Micros | None, until: Micros
) -> ShopFacts:
    rows = union_all(*parts(Wanted(service=service, since=since, until=until))).subquery("found")
    c = rows.c
    found = connection.execute(
        select(c.shop_id, c.operation, func.sum(c.amount), func.count())
        .where(c.shop_id.is_not(None))
        .group_by(c.shop_id, c.operation)
    )
    facts: ShopFacts = {}
    for shop, operation, amount, count in found:
        used, uses, back, cancels = facts.get(shop, (0, 0, 0, 0))
        if operation == Operation.USE:
            facts[shop] = int(amount), count, back, cancels
        else:
            facts[shop] = used, uses, int(amount), count
    return facts


def _shops_closed(connection: Connection, close_id: str) -> ShopFacts:
    h = closing.close_shops.c
    rows = connection.execute(
        select(h.shop_id, h.used_yen, h.used_count, h.cancelled_yen, h.cancelled_count).where(
            h.close_id == close_id
        )
    )
    return {shop: (used, uses, back, cancels) for shop, used, uses, back, cancels in rows}


def _day_findings(connection: Connection, sums: DaySums) -> Iterator[str]:
    day = sums.day
    if _reached(written_cut(connection, day)) != _reached(sums.cut):
        yield f"results: {day}: ends elsewhere in the lanes than it says"
    s = t.result_services.c
    kept = {
        (Unit(unit), Movement(kind)): Moved(Yen(int(amount)), count)
        for unit, kind, amount, count in connection.execute(
            select(s.service_id, s.kind, s.amount, s.count).where(s.day == day.isoformat())
        )
    }
    if kept != sums.services:
        yield from _differing(f"results: {day}", kept, sums.services)
    h = t.result_shops.c
    shops = {
        AccountId(row.account_id): CustomerMoves(
            Yen(int(row.used_yen)),
            row.used_count,
            Yen(int(row.cancelled_yen)),
            row.cancelled_count,
        )
        for row in connection.execute(select(t.result_shops).where(h.day == day.isoformat()))
    }
    for account in sorted(shops.keys() | sums.shops.keys()):
        if shops.get(account) != sums.shops.get(account):
            yield (
                f"results: {day}: shop account {account}: {shops.get(account)} is written, "
                f"the ledger says {sums.shops.get(account)}"
            )


def _reached(cut: Cut) -> Cut:
    """Without lanes at 0: one that was opened later is in no cut that was written before."""
    return {lane: until for lane, until in cut.items() if until}


def _by_rows(connection: Connection) -> Days:
    """What the rows of the transactions' list add up to, by day."""
    rows = union_all(*parts(Wanted())).subquery("found")
    c = rows.c
    day = (c.at + _TOKYO) // DAY
    found = connection.execute(
        select(day, c.service_id, c.operation, func.sum(c.amount), func.count()).group_by(
            day, c.service_id, c.operation
        )
    )
    days: Days = {}
    for number, service, operation, amount, count in found:
        of_day = days.setdefault(date.fromordinal(int(number) + date(1970, 1, 1).toordinal()), {})
        key = Unit(service), _OF_OPERATION[Operation(operation)]
        of_day[key] = of_day.get(key, Moved()) + Moved(Yen(int(amount)), count)
    return days


def _differing(what: str, one: Movements, other: Movements) -> Iterator[str]:
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            service, movement = key
            a, b = one.get(key, Moved()), other.get(key, Moved())
            yield (
                f"{what}: {service}: {movement.value}: {a.amount:,} yen of {a.count:,}, "
                f"the ledger says {b.amount:,} of {b.count:,}"
            )
