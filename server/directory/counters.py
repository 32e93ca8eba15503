"""Where a payment is taken: a terminal number with its shop, for many numbers at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from protos.units import TerminalId, TerminalNumber
from server.db.kinds import DatabaseKind
from server.db.schema import directory as t
from server.db.sets import RowSet
from server.directory.types import ServiceId, ShopId, ShopState, TerminalKind
from server.ledger import AccountId


@dataclass(frozen=True, slots=True)
class Counter:
    """A terminal number as it stands now."""

    number: TerminalNumber
    retired: bool
    """A newer enrolment has taken its place."""
    drift: int
    """The device's clock less the server's, microseconds."""
    terminal_id: TerminalId
    kind: TerminalKind
    terminal_name_ja: str
    terminal_name_en: str
    shop_id: ShopId
    shop_name_ja: str
    shop_name_en: str
    shop_state: ShopState
    announced_to: TerminalNumber | None
    """The device that announces: itself, a stand's home device, or None without one."""
    accounts: dict[ServiceId, AccountId]
    """What the shop takes, and the account that is credited."""


class CounterReader:
    """Prebuilt: two statements for any number of terminals."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._numbers: Final = RowSet(kind, "numbers", number=int)
        home = t.terminal_numbers.alias("home")
        wanted = select(self._numbers.source.c.number)
        self._terminals: Final = (
            select(
                t.terminal_numbers.c.number,
                t.terminal_numbers.c.retired_at,
                t.terminal_numbers.c.drift,
                t.terminals.c.terminal_id,
                t.terminals.c.kind,
                t.terminals.c.name_ja.label("terminal_ja"),
                t.terminals.c.name_en.label("terminal_en"),
                t.shops.c.shop_id,
                t.shops.c.name_ja.label("shop_ja"),
                t.shops.c.name_en.label("shop_en"),
                t.shops.c.state,
                home.c.number.label("home"),
            )
            .join_from(t.terminal_numbers, t.terminals)
            .join(t.shops)
            .join(
                home,
                (home.c.terminal_id == t.terminals.c.home_terminal_id)
                & home.c.retired_at.is_(None),
                isouter=True,
            )
            .where(t.terminal_numbers.c.number.in_(wanted))
        )
        self._accounts: Final = (
            select(
                t.terminal_numbers.c.number,
                t.shop_services.c.service_id,
                t.shop_services.c.account_id,
            )
            .join_from(t.terminal_numbers, t.terminals)
            .join(t.shop_services, t.shop_services.c.shop_id == t.terminals.c.shop_id)
            .where(t.terminal_numbers.c.number.in_(wanted))
        )

    def read(
        self, connection: Connection, numbers: Iterable[TerminalNumber]
    ) -> dict[TerminalNumber, Counter]:
        """The counters of those numbers that exist."""
        params = self._numbers.params([(number,) for number in sorted(set(numbers))])
        accounts: dict[int, dict[ServiceId, AccountId]] = {}
        for number, service, account in connection.execute(self._accounts, params):
            accounts.setdefault(number, {})[ServiceId(service)] = AccountId(account)
        return {
            TerminalNumber(row.number): _counter(row, accounts.get(row.number, {}))
            for row in connection.execute(self._terminals, params)
        }


def _counter(row: Any, accounts: dict[ServiceId, AccountId]) -> Counter:
    kind = TerminalKind(row.kind)
    announcing = row.number if kind is TerminalKind.DEVICE else row.home
    return Counter(
        number=TerminalNumber(row.number),
        retired=row.retired_at is not None,
        drift=row.drift,
        terminal_id=TerminalId(row.terminal_id),
        kind=kind,
        terminal_name_ja=row.terminal_ja,
        terminal_name_en=row.terminal_en,
        shop_id=ShopId(row.shop_id),
        shop_name_ja=row.shop_ja,
        shop_name_en=row.shop_en,
        shop_state=ShopState(row.state),
        announced_to=None if announcing is None else TerminalNumber(announcing),
        accounts=accounts,
    )
