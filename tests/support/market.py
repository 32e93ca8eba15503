"""Four shops and two weeks of the reference campaign, with everything that can become of a payout.

| shop      | week 1              | week 2 | what becomes of week 1                         |
|-----------|---------------------|--------|------------------------------------------------|
| まつや    | 1,500, 300 of it back | 400  | a transfer of 1,200                            |
| みほんパン | 800                | 300    | held: no bank details                          |
| 本町酒店   | 500                 | 600    | a correction of -700: carried over as negative |
| 駅前薬局   | 90                  | 200    | under the least amount: carried over           |
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection

from protos.units import TerminalId, TerminalNumber, Yen
from server.directory import (
    Merchant,
    MerchantId,
    Shop,
    ShopId,
    ShopState,
    TerminalKind,
    create_merchant,
    create_shop,
    create_terminal,
    enrol_terminal,
)
from server.payments import Paid, Payment
from tests.support.books import NOON, VOUCHER, Town, legs, moment, new_key, ticket_of
from tests.support.cancels import CLERK, at, cancels_of, request_for

MATSUYA: Final = ShopId("S-0001")
BAKERY, SAKE, PHARMACY = ShopId("S-0011"), ShopId("S-0012"), ShopId("S-0013")
_NEW: Final = {
    BAKERY: ("M-0011", "みほんパン", "Mihon Bakery"),
    SAKE: ("M-0012", "本町酒店", "Honcho Sake"),
    PHARMACY: ("M-0013", "駅前薬局", "Station Pharmacy"),
}
WEEKS: Final[tuple[dict[ShopId, int], ...]] = (
    {MATSUYA: 1200, BAKERY: 800, SAKE: 500, PHARMACY: 90},
    {MATSUYA: 400, BAKERY: 300, SAKE: 600, PHARMACY: 200},
)
"""What each shop is owed by the close of each week."""
CORRECTION: Final = -700
"""Of 本町酒店, after the first close."""


@dataclass(frozen=True)
class Market:
    """The device of each shop."""

    town: Town
    devices: dict[ShopId, TerminalNumber]

    async def sell(self, sale: int, shop: ShopId, voucher: int = 0, points: int = 0) -> Payment:
        """花子 pays; the clock goes on by a second."""
        town = self.town
        async with town.desk() as desk:
            qr = town.qr(sale, terminal=self.devices[shop])
            ticket = await ticket_of(desk, qr, town)
            paid = await desk.pay(
                town.users["花子"].user_id,
                new_key(),
                ticket,
                Yen(voucher + points),
                legs(voucher, points),
            )
        assert isinstance(paid, Paid), paid
        town.clock.forward(1)
        return paid.payment


async def two_weeks(town: Town) -> Market:
    """Everything is sold, nothing is closed."""
    devices = town.database.write_now(partial(_open_shops, town=town))
    market = Market(town, {MATSUYA: town.matsuya, **devices})
    first, second = WEEKS
    for sale, (shop, amount) in enumerate(first.items(), start=101):
        await market.sell(sale, shop, amount)
    mistaken = await market.sell(110, MATSUYA, 300)
    cancels_of(town).cancel(request_for(mistaken), CLERK)
    at(town, moment(2024, 6, 12, 12))
    for sale, (shop, amount) in enumerate(second.items(), start=201):
        await market.sell(sale, shop, amount)
    return market


def _open_shops(connection: Connection, town: Town) -> dict[ShopId, TerminalNumber]:
    found = {}
    for number, (shop, (merchant, ja, en)) in enumerate(_NEW.items(), start=1):
        create_merchant(connection, Merchant(MerchantId(merchant), ja, en))
        at_market = Shop(shop, MerchantId(merchant), ja, en, "みほん市駅前1", ShopState.OPEN)
        create_shop(connection, at_market, (VOUCHER,))
        terminal = TerminalId(f"T-0005{number:02}")
        create_terminal(
            connection,
            terminal_id=terminal,
            kind=TerminalKind.DEVICE,
            shop_id=shop,
            name_ja="レジ1",
            name_en="Register 1",
            home_terminal_id=None,
        )
        found[shop] = enrol_terminal(connection, terminal, NOON)
    return found
