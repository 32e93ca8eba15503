"""実績: daily and monthly results, of all shops, of a merchant or of one shop, by service.

Of a shop there is what was used and cancelled there; what customers were given, and what they lost,
belongs to no shop.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from sqlalchemy import Connection

from protos.units import Yen
from server.directory import (
    MerchantId,
    Service,
    ServiceId,
    ServiceKind,
    ShopId,
    merchant_by_id,
    services,
    shop_by_id,
    shop_owners,
    shops,
)
from server.ledger import (
    AccountId,
    AccountKind,
    CustomerMoves,
    Moved,
    Movement,
    Movements,
    OwnerKey,
    Unit,
    accounts_of_owners,
)
from server.reports import refusals as refuse
from server.reports.days import service_days, shop_days
from server.settlement.paper import csv_bytes, text_cell

P = TypeVar("P", date, "Month")

_LONGEST_DAYS: Final = 3_700
"""Ten years in one question."""
_WORDS: Final = {
    ServiceKind.MONEY: "マネー",
    ServiceKind.POINTS: "ポイント",
    ServiceKind.VOUCHER: "商品券",
}
DAILY_HEADER: Final = (
    "date",
    "serviceType",
    "type",
    "service",
    "serviceId",
    "addAmount",
    "addCount",
    "subAmount",
    "subCount",
    "addCancelAmount",
    "addCancelCount",
    "subCancelAmount",
    "subCancelCount",
)
MONTHLY_HEADER: Final = ("year", "month", *DAILY_HEADER[1:])


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose results: everybody's, or one merchant's, or one shop's; of all services or of one."""

    shop: ShopId | None = None
    merchant: MerchantId | None = None
    service: ServiceId | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One service's results of one day or month. Amounts in yen, counts in transactions."""

    service: Service
    given: Moved = field(default_factory=Moved)
    """付与 and チャージ (OP2, OP3)."""
    spent: Moved = field(default_factory=Moved)
    """利用 (OP1)."""
    taken_back: Moved = field(default_factory=Moved)
    """付与キャンセル (OP5)."""
    returned: Moved = field(default_factory=Moved)
    """利用キャンセル (OP4); it counts on its own day, not on that of the use."""
    expired: Moved = field(default_factory=Moved)
    forfeited: Moved = field(default_factory=Moved)

    @property
    def net(self) -> Yen:
        """利用 − 利用キャンセル: what the shops have earned."""
        return Yen(self.spent.amount - self.returned.amount)

    @property
    def net_count(self) -> int:
        return self.spent.count - self.returned.count

    def __add__(self, other: "Result") -> "Result":
        return Result(
            self.service,
            self.given + other.given,
            self.spent + other.spent,
            self.taken_back + other.taken_back,
            self.returned + other.returned,
            self.expired + other.expired,
            self.forfeited + other.forfeited,
        )


@dataclass(frozen=True, slots=True)
class Results:
    """Rows by time, then by service in the order of their ids."""

    daily: tuple[tuple[date, Result], ...]

    @property
    def monthly(self) -> tuple[tuple[Month, Result], ...]:
        """The same, added up by month."""
        sums: dict[tuple[Month, ServiceId], Result] = {}
        for day, result in self.daily:
            key = Month.of(day), result.service.service_id
            sums[key] = sums[key] + result if key in sums else result
        return tuple((month, result) for (month, _), result in sorted(sums.items(), key=_first))

    @property
    def totals(self) -> tuple[Result, ...]:
        """By service, over the whole time."""
        sums: dict[ServiceId, Result] = {}
        for _, result in self.daily:
            service = result.service.service_id
            sums[service] = sums[service] + result if service in sums else result
        return tuple(result for _, result in sorted(sums.items(), key=_first))


def results(connection: Connection, first: date, last: date, scope: Scope | None = None) -> Results:
    """From ``first`` to ``last``, both included, days in Asia/Tokyo.

    Raises Refusal: PERIOD, SERVICE_UNKNOWN, SHOP_UNKNOWN, MERCHANT_UNKNOWN.
    """
    scope = scope or Scope()
    if not 0 <= (last - first).days < _LONGEST_DAYS:
        raise refuse.period(first, last, _LONGEST_DAYS)
    known = {service.service_id: service for service in services(connection)}
    if scope.service is not None and scope.service not in known:
        raise refuse.service_unknown(scope.service)
    wanted = known if scope.service is None else {scope.service: known[scope.service]}
    owners = _owners(connection, scope)
    days = (
        service_days(connection, first, last)
        if owners is None
        else _of_owners(connection, owners, first, last)
    )
    return Results(
        tuple(
            (day, result)
            for day, moved in days
            for service in sorted(wanted)
            if (result := _result(wanted[service], moved)) is not None
        )
    )


def daily_csv(found: Results) -> bytes:
    """日別実績: exactly the columns that people's spreadsheets know. Days on which nothing was
    given, used or cancelled have no row."""
    rows = ((_day_text(day), *_cells(result)) for day, result in found.daily if _in_csv(result))
    return csv_bytes(DAILY_HEADER, rows)


def monthly_csv(found: Results) -> bytes:
    """月別実績."""
    rows = (
        (month.year, month.month, *_cells(result))
        for month, result in found.monthly
        if _in_csv(result)
    )
    return csv_bytes(MONTHLY_HEADER, rows)


def kind_word(kind: ServiceKind) -> str:
    """商品券, ポイント, マネー."""
    return _WORDS[kind]


def _owners(connection: Connection, scope: Scope) -> frozenset[OwnerKey] | None:
    """The shops that are meant, by their numbers in the ledger; None: everybody."""
    if scope.shop is not None:
        shop = shop_by_id(connection, scope.shop)
        if shop is None or scope.merchant not in (None, shop.merchant_id):
            raise refuse.shop_unknown(scope.shop)
        of = {shop.shop_id}
    elif scope.merchant is not None:
        if merchant_by_id(connection, scope.merchant) is None:
            raise refuse.merchant_unknown(scope.merchant)
        of = {s.shop_id for s in shops(connection) if s.merchant_id == scope.merchant}
    else:
        return None
    return shop_owners(connection, of)


def _of_owners(
    connection: Connection, owners: Collection[OwnerKey], first: date, last: date
) -> Iterator[tuple[date, Movements]]:
    accounts = accounts_of_owners(connection, AccountKind.SHOP, owners)
    for day, moves in shop_days(connection, accounts.keys(), first, last):
        yield day, _by_unit(moves, accounts)


def _by_unit(
    moves: Mapping[AccountId, CustomerMoves], units: Mapping[AccountId, Unit]
) -> Movements:
    total: Movements = {}
    for account, one in moves.items():
        for movement, moved in (
            (Movement.SPENT, Moved(one.paid, one.paid_entries)),
            (Movement.RETURNED, Moved(one.returned, one.returned_entries)),
        ):
            key = units[account], movement
            total[key] = total.get(key, Moved()) + moved
    return total


def _result(service: Service, moved: Movements) -> Result | None:
    """None: nothing moved."""
    found = {movement: moved.get((Unit(service.service_id), movement)) for movement in Movement}
    if not any(one is not None and one.count for one in found.values()):
        return None
    return Result(service, **{kind.value: one or Moved() for kind, one in found.items()})


def _in_csv(result: Result) -> bool:
    return any(
        one.count for one in (result.given, result.spent, result.taken_back, result.returned)
    )


def _cells(result: Result) -> Sequence[str | int]:
    service = result.service
    moved = (result.given, result.spent, result.taken_back, result.returned)
    return (
        kind_word(service.kind),
        int(service.kind),
        text_cell(service.name_ja),
        text_cell(service.service_id),
        *(number for one in moved for number in (one.amount, one.count)),
    )


def _day_text(day: date) -> str:
    """As the briefing's sheets write it: ``2023/11/10 0:00``."""
    return f"{day.year}/{day.month:02}/{day.day:02} 0:00"


def _first(item: tuple[object, Result]) -> tuple[object, ...]:
    key = item[0]
    return key if isinstance(key, tuple) else (key,)
