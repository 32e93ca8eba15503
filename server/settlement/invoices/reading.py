"""A month's invoice from the ledger: per lot, who bears what was used of it.

Of a lot the paid share of what was used is ``floor(used × price ÷ face)``, the rest is its
source's: premium (A), age bonus (B), points (C, D). A close bills the difference that it makes to
the lot's own sums, so that all closes together bill exactly what the lot says, however its use was
spread.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros
from server.campaigns import Origin, grant_origins, next_period, previous_bank_day, terms_of
from server.campaigns.selling import campaigns_at
from server.clock import tokyo_day
from server.directory import Service, services
from server.ledger import AccountKind, LotFlow, Unit, entry_by_id, lot_flows
from server.settlement.closes import Close, closes_of, lane_ranges, shop_sums
from server.settlement.invoices.refusals import InvoiceCode, invoice_refusal
from server.settlement.invoices.types import (
    Claim,
    CloseLine,
    Invoice,
    InvoiceFacts,
    PointLine,
    PremiumFrame,
    last_of_month,
    month_after,
)

_AT_ONCE: Final = 500
_CLAIMS: Final = {AccountKind.PREMIUM: Claim.PREMIUM, AccountKind.BONUS: Claim.BONUS}


@dataclass(slots=True)
class _Tally:
    """One close, as its lots go by."""

    lots: int = 0
    paid_share: int = 0
    claims: Counter[Claim] = field(default_factory=Counter)
    granted: Counter[Claim] = field(default_factory=Counter)
    billed_before: Counter[Claim] = field(default_factory=Counter)
    lost: Counter[Claim] = field(default_factory=Counter)
    left: Counter[Claim] = field(default_factory=Counter)

    def add(self, flow: LotFlow, claim: Claim | None) -> None:
        self.lots += flow.used_inside != 0
        self.paid_share += flow.paid_inside
        if claim is None:
            return
        before, used = flow.used_before, flow.used_before + flow.used_inside
        self.claims[claim] += flow.used_inside - flow.paid_inside
        self.billed_before[claim] += before - flow.paid_share(before)
        granted = 0 if flow.taken_back else flow.face - flow.price
        self.granted[claim] += granted
        gone = used + flow.lost
        lost = flow.lost - (flow.paid_share(gone) - flow.paid_share(used))
        self.lost[claim] += lost
        self.left[claim] += granted - (used - flow.paid_share(used)) - lost


class InvoiceReader:
    """Reads on the caller's connection."""

    def __init__(self, facts: InvoiceFacts, activity: frozenset[Origin]) -> None:
        """``activity``: by which ways points for activities (C) are granted; the others are D."""
        self._facts = facts
        self._activity = activity

    def invoice(
        self,
        connection: Connection,
        year: int,
        month: int,
        issued_on: date | None = None,
        due_on: date | None = None,
    ) -> Invoice:
        """Every close, of every service, whose last moment lies in that month.

        ``issued_on``: the first day after the month by default; ``due_on``: the last bank business
        day of the month after it. Raises Refusal CHOBA_INVOICE_*, CHOBA_SCHEDULE_CALENDAR.
        """
        if not self._facts.addressee:
            raise invoice_refusal(InvoiceCode.ADDRESSEE)
        lines: list[CloseLine] = []
        points: defaultdict[Claim, Counter[str]] = defaultdict(Counter)
        premium: Counter[str] = Counter()
        for service in services(connection):
            closes = self._closes(connection, service, year, month)
            tally = _Tally()
            for close in closes:
                tally = self._tally(connection, close)
                lines.append(self._line(connection, service, close, tally))
            _add_points(points, tally, lines, service)
            premium[service.service_id] = (
                tally.billed_before[Claim.PREMIUM] + tally.claims[Claim.PREMIUM]
            )
        if not lines:
            raise invoice_refusal(InvoiceCode.NOTHING, field="month", month=f"{year}-{month:02}")
        following = month_after(year, month)
        return Invoice(
            facts=self._facts,
            year=year,
            month=month,
            issued_on=issued_on or date(*following, 1),
            due_on=due_on or previous_bank_day(last_of_month(*following)),
            closes=tuple(lines),
            points=tuple(_point_line(claim, points[claim]) for claim in list(Claim)[1:]),
            frames=tuple(self._frames(connection, lines, premium)),
        )

    def _closes(
        self, connection: Connection, service: Service, year: int, month: int
    ) -> list[Close]:
        found = closes_of(connection, service.service_id)
        self._check_closed(connection, service, found, year, month)
        return [close for close in found if _month_of(close.boundary) == (year, month)]

    def _check_closed(
        self,
        connection: Connection,
        service: Service,
        found: Sequence[Close],
        year: int,
        month: int,
    ) -> None:
        """Nothing of the month, or of one before, is still to be closed."""
        versions = terms_of(connection, service.service_id)
        coming = next_period(versions, found[-1].boundary if found else None)
        if coming is not None and _month_of(coming.closes_at) <= (year, month):
            raise invoice_refusal(
                InvoiceCode.OPEN,
                field="month",
                month=f"{year}-{month:02}",
                service=service.service_id,
                day=tokyo_day(Micros(coming.closes_at - 1)).isoformat(),
            )

    def _tally(self, connection: Connection, close: Close) -> _Tally:
        tally = _Tally()
        flows = lot_flows(
            connection, Unit(close.service_id), lane_ranges(connection, close.close_id)
        )
        for chunk in _chunks(flows):
            origins = grant_origins(
                connection, [f.entry_id for f in chunk if f.source is AccountKind.ISSUED]
            )
            for flow in chunk:
                tally.add(flow, self._claim(flow, origins.get(flow.entry_id)))
        return tally

    def _claim(self, flow: LotFlow, origin: Origin | None) -> Claim | None:
        if flow.source is None:
            return None
        if flow.source is AccountKind.ISSUED:
            return Claim.ACTIVITY if origin in self._activity else Claim.OTHER
        return _CLAIMS[flow.source]

    def _line(
        self, connection: Connection, service: Service, close: Close, tally: _Tally
    ) -> CloseLine:
        entry = entry_by_id(connection, close.close_id)
        return CloseLine(
            service.service_id,
            service.name_ja,
            service.kind,
            close.number,
            close.first_day,
            close.last_day,
            close.pay_day,
            entry.hash.hex() if entry else "",
            sum(one.net for one in shop_sums(connection, close.close_id)),
            tally.lots,
            tally.paid_share,
            {claim: tally.claims[claim] for claim in Claim},
        )

    def _frames(
        self, connection: Connection, lines: Sequence[CloseLine], premium: Counter[str]
    ) -> Iterator[PremiumFrame]:
        billed = {line.service_id for line in lines}
        until = Micros(2**62)
        for terms in campaigns_at(connection, until):
            if terms.service_id in billed:
                yield PremiumFrame(terms.name_ja, terms.total_premium, premium[terms.service_id])


def _add_points(
    points: defaultdict[Claim, Counter[str]],
    tally: _Tally,
    lines: Iterable[CloseLine],
    service: Service,
) -> None:
    """``tally``: of the service's last close of the month. What its earlier closes of the month
    have billed counts as this month's, not as before."""
    mine = [line for line in lines if line.service_id == service.service_id]
    for claim in Claim:
        earlier = sum(line.claims[claim] for line in mine[:-1])
        points[claim].update(
            {
                "granted": tally.granted[claim],
                "billed_before": tally.billed_before[claim] - earlier,
                "billed": sum(line.claims[claim] for line in mine),
                "lost": tally.lost[claim],
                "left": tally.left[claim],
            }
        )


def _point_line(claim: Claim, sums: Counter[str]) -> PointLine:
    return PointLine(
        claim, sums["granted"], sums["billed_before"], sums["billed"], sums["lost"], sums["left"]
    )


def _month_of(boundary: Micros) -> tuple[int, int]:
    day = tokyo_day(Micros(boundary - 1))
    return day.year, day.month


def _chunks(flows: Iterator[LotFlow]) -> Iterator[list[LotFlow]]:
    while chunk := list(itertools.islice(flows, _AT_ONCE)):
        yield chunk
