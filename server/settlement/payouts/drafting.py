"""A bulk's draft: everything that is open for a service and due, planned and kept."""

import hashlib
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, insert

from protos.units import Micros, Yen
from server.campaigns import terms_at
from server.db import new_public_id
from server.db.schema import payouts as t
from server.directory import ServiceId
from server.ledger import allocate
from server.settlement.bankfile import (
    BankDirectory,
    Payer,
    Transfer,
    bank_file,
    check_pay_day,
    check_totals,
    payer_name,
)
from server.settlement.closes import shop_sums
from server.settlement.payouts import refusals as refuse
from server.settlement.payouts.acting import COUNTER
from server.settlement.payouts.bank_details import details_by_request, standings
from server.settlement.payouts.bulks import find_bulk, insert_event, insert_payouts, payouts_of
from server.settlement.payouts.open_items import open_closes, open_items
from server.settlement.payouts.rules import Planned, plan
from server.settlement.payouts.settings import payees_of, settings_of
from server.settlement.payouts.types import (
    BankDetails,
    Bulk,
    BulkEvent,
    Outcome,
    Payout,
    PayoutSettings,
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would hold now. Nothing is decided by it."""

    service_id: ServiceId
    pay_day: date
    payer_name: str
    planned: tuple[Planned, ...]

    @property
    def transfers(self) -> tuple[Planned, ...]:
        return tuple(one for one in self.planned if one.outcome is Outcome.TRANSFER)

    @property
    def total(self) -> Yen:
        return Yen(sum(one.amount for one in self.planned))


def preview(
    connection: Connection,
    service: ServiceId,
    pay_day: date | None,
    today: date,
    now: Micros,
    banks: BankDirectory,
) -> tuple[Preview, PayoutSettings]:
    """Raises Refusal NO_SETTINGS, PAY_DAY_*, and what the bank file refuses a pay day or payer
    for."""
    settings = settings_of(connection, service)
    if settings is None:
        raise refuse.no_settings(service)
    day = pay_day or _default_day(connection, service)
    if day < today:
        raise refuse.pay_day_past(day, today)
    check_pay_day(day)
    terms = terms_at(connection, now).get(service)
    if terms is None:
        raise refuse.no_settings(service)
    name = payer_name(terms.payer_name)
    items = open_items(connection, service, day)
    payees = payees_of(connection, {item.shop_id for item in items})
    standing = standings(connection, set(payees.values()), banks, test_banks=settings.test_banks)
    return Preview(service, day, name, plan(items, payees, standing, settings)), settings


def _default_day(connection: Connection, service: ServiceId) -> date:
    """Of the first close that nobody was paid for yet."""
    for close in open_closes(connection, service):
        if shop_sums(connection, close.close_id):
            return close.pay_day
    raise refuse.pay_day_missing()


def keep_draft(
    connection: Connection,
    key: str,
    found: Preview,
    settings: PayoutSettings,
    by: str,
    at: Micros,
) -> Bulk:
    """The caller holds the settlement's lock. Raises Refusal NOTHING_TO_PAY, and COUNT, SUM and
    AMOUNT_TOO_LARGE of the bank file."""
    transfers = found.transfers
    if not transfers:
        held = sum(one.outcome is Outcome.HELD for one in found.planned)
        carried = sum(one.carried != 0 for one in found.planned) - held
        raise refuse.nothing_to_pay(held, carried)
    bulk_id = new_public_id()
    made = [
        (_payout(bulk_id, line, one), one.items) for line, one in enumerate(found.planned, start=1)
    ]
    details = details_by_request(connection, {one.details_id for one in transfers})
    total = check_totals([_transfer(payout, details, 0) for payout, _ in made if payout.amount])
    number = allocate(connection, COUNTER)[0]
    connection.execute(
        insert(t.payout_bulks).values(
            bulk_id=bulk_id,
            number=number,
            idempotency_key=key,
            service_id=found.service_id,
            pay_day=found.pay_day.isoformat(),
            settings_version=settings.version,
            payer_name=found.payer_name,
            count=len(transfers),
            total=total,
        )
    )
    insert_payouts(connection, made)
    insert_event(connection, bulk_id, 1, BulkEvent.DRAFTED, by, at)
    return find_bulk(connection, bulk_id)


def check_unchanged(connection: Connection, bulk: Bulk, banks: BankDirectory) -> None:
    """Raises Refusal CHANGED when a payee would be paid elsewhere, or not at all, by now."""
    settings = settings_of(connection, bulk.service_id, bulk.settings_version)
    assert settings is not None, "a bulk names its settings"
    paid = [one for one in payouts_of(connection, bulk.bulk_id) if one.amount]
    now = standings(connection, {one.payee for one in paid}, banks, test_banks=settings.test_banks)
    for one in paid:
        standing = now[one.payee]
        if standing.hold is not None or standing.details_id != one.details_id:
            raise refuse.changed_since(one.payee.payee_id)


def render(connection: Connection, bulk: Bulk, banks: BankDirectory) -> bytes:
    """The bank's file of a bulk. Raises what the bank file refuses."""
    settings = settings_of(connection, bulk.service_id, bulk.settings_version)
    assert settings is not None, "a bulk names its settings"
    paid = [one for one in payouts_of(connection, bulk.bulk_id) if one.amount]
    details = details_by_request(connection, {one.details_id for one in paid})
    return bank_file(
        Payer(settings.payer_code, bulk.payer_name, settings.account),
        bulk.pay_day,
        [_transfer(one, details, bulk.number) for one in paid],
        banks,
        allow_unknown_bank=settings.test_banks,
    )


def keep_file(connection: Connection, bulk: Bulk, content: bytes) -> None:
    connection.execute(
        insert(t.payout_files).values(
            bulk_id=bulk.bulk_id, sha256=hashlib.sha256(content).digest(), length=len(content)
        )
    )
    connection.execute(insert(t.payout_file_contents).values(bulk_id=bulk.bulk_id, content=content))


def _transfer(payout: Payout, details: dict[str, BankDetails], number: int) -> Transfer:
    """顧客コード1 is the bulk's number, 2 the line: what comes back from the bank names both."""
    found = details[payout.details_id]
    return Transfer(found.account, found.recipient, payout.amount, str(number), str(payout.line))


def _payout(bulk_id: str, line: int, one: Planned) -> Payout:
    return Payout(
        new_public_id(),
        bulk_id,
        line,
        one.payee,
        one.outcome,
        one.hold,
        one.details_id,
        one.gross,
        one.fee,
        one.operator_fee,
        one.amount,
        one.carried,
        one.shares,
    )
