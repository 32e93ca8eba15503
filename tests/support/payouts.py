"""Payouts in the town of ``tests.support.books``: bank details, bulks, corrections."""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, text

from protos.units import Yen
from server.directory import ServiceId, ShopId
from server.ledger import AccountKind, Unit, accounts_of, process_clock
from server.settlement.bankfile import Account
from server.settlement.payouts import (
    BankRequest,
    Bulk,
    Correction,
    FeeBearer,
    Item,
    Payee,
    PayeeDesk,
    Payout,
    PayoutDesk,
    PayoutSettings,
    find_bulk,
    items_of,
    payouts_of,
    verify_payouts,
)
from server.settlement.payouts.open_items import open_items
from tests.support.bankfiles import BANKS
from tests.support.books import VOUCHER, Town, moment, new_key
from tests.support.cancels import at, pay
from tests.support.closes import assert_closes_hold, close

HANAKO, JIRO = "経理 花子", "課長 次郎"
"""Two people: one drafts, the other approves."""
WHY = "第1回の精算"
MATSUYA, KODAMA = ShopId("S-0001"), ShopId("S-0002")
OWN_ACCOUNT = Account("0001", "001", "1", "1234567")
SHOP_ACCOUNT = Account("0005", "002", "1", "7654321")
FRIDAY = moment(2024, 6, 8)
TUESDAY = dt.date(2024, 6, 18)


def payout_desk(town: Town, **changes: Any) -> PayoutDesk:
    return PayoutDesk(town.database, town.clock, BANKS, process_clock(town.clock), **changes)


def payee_desk(town: Town) -> PayeeDesk:
    return PayeeDesk(town.database, town.clock, BANKS, process_clock(town.clock))


def settings_for(service: ServiceId = VOUCHER, **changes: Any) -> PayoutSettings:
    values: dict[str, Any] = {
        "service_id": service,
        "payer_code": "1234567890",
        "account": OWN_ACCOUNT,
        "minimum": Yen(1),
        "fee": Yen(0),
        "fee_bearer": FeeBearer.SHOP,
    }
    return PayoutSettings(**values | changes)


def set_up(town: Town, *shops: ShopId, **changes: Any) -> None:
    """The service's account, and approved bank details of these shops."""
    payee_desk(town).change_settings(settings_for(**changes), by=HANAKO, why="開始")
    for shop in shops or (MATSUYA,):
        give_details(town, Payee.shop(shop))


def give_details(
    town: Town, payee: Payee, account: Account = SHOP_ACCOUNT, name: str = "カ)マチノミセ"
) -> BankRequest:
    desk = payee_desk(town)
    asked = desk.ask_for_bank_details(new_key(), payee, account, name, by=HANAKO, why="届出")
    return desk.decide_bank_details(asked.request_id, True, by=JIRO, why="通帳を確認")


def correct(
    town: Town, amount: int, shop: ShopId = MATSUYA, service: ServiceId = VOUCHER
) -> Correction:
    desk = payee_desk(town)
    asked = desk.propose_correction(new_key(), service, shop, amount, by=HANAKO, why="二重計上")
    return desk.decide_correction(asked.correction_id, True, by=JIRO, why="確認した")


async def first_week(town: Town, *vouchers: int) -> None:
    """Payments at まつや, then the first close of the vouchers."""
    for sale, amount in enumerate(vouchers, start=7):
        await pay(town, sale, voucher=amount)
    at(town, FRIDAY)
    close(town, 1)


def draft(town: Town, pay_day: dt.date | None = None, service: ServiceId = VOUCHER) -> Bulk:
    return payout_desk(town).draft(new_key(), service, pay_day, by=HANAKO, why=WHY)


def send(town: Town, bulk: Bulk) -> Bulk:
    """Approved, its file made and handed over."""
    desk = payout_desk(town)
    desk.approve(bulk.bulk_id, by=JIRO, why=WHY)
    desk.make_file(bulk.bulk_id, by=HANAKO, why=WHY)
    return desk.sent(bulk.bulk_id, by=HANAKO, why=WHY)


def bulk_of(town: Town, bulk: Bulk) -> Bulk:
    """As it is now."""
    return town.database.read_now(lambda c: find_bulk(c, bulk.bulk_id))


def lines_of(town: Town, bulk: Bulk) -> tuple[Payout, ...]:
    return town.database.read_now(lambda c: payouts_of(c, bulk.bulk_id))


def items_in(town: Town, payout: Payout) -> tuple[Item, ...]:
    found = town.database.read_now(lambda c: items_of(c, [payout.payout_id]))
    return found.get(payout.payout_id, ())


def still_open(town: Town, service: ServiceId = VOUCHER) -> int:
    """What a bulk could take, however late it is paid."""
    items = town.database.read_now(lambda c: open_items(c, service, dt.date.max))
    return sum(item.amount for item in items)


def moved(town: Town, kind: AccountKind, service: ServiceId = VOUCHER) -> int:
    """Credits less debits of every account of a kind, straight from the postings."""

    def work(connection: Connection) -> int:
        total = 0
        for account in accounts_of(connection, kind, Unit(service)):
            for side, sign in (("credit", 1), ("debit", -1)):
                statement = text(
                    f"SELECT coalesce(sum(amount), 0) FROM postings WHERE {side}_account = :account"
                )
                found = connection.execute(statement, {"account": account}).scalar_one()
                total += sign * int(found)
        return total

    return town.database.read_now(work)


def assert_payouts_hold(town: Town) -> None:
    assert_closes_hold(town)
    assert town.database.read_now(verify_payouts) == []
