"""From transfers to the bytes that a bank takes. The same transfers give the same bytes."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from server.campaigns import is_bank_day, next_bank_day
from server.refusal import Refusal
from server.settlement.bankfile import refusals as refuse
from server.settlement.bankfile.banks import BankDirectory
from server.settlement.bankfile.layout import DATA, END, HEADER, TRAILER, record
from server.settlement.bankfile.transfers import (
    Payer,
    Transfer,
    UnknownBanks,
    payer_name,
    place_name,
    recipient_name,
)


def check_pay_day(day: date) -> None:
    """Raises Refusal PAY_DAY, PAY_DAY_HORIZON."""
    try:
        open_on_day = is_bank_day(day)
    except Refusal as error:
        raise refuse.past_the_horizon(day) from error
    if not open_on_day:
        raise refuse.not_a_bank_day(day, _next(day))


def check_totals(transfers: Sequence[Transfer]) -> int:
    """The sum. Raises Refusal EMPTY, COUNT, SUM."""
    if not transfers:
        raise refuse.no_transfers()
    if len(transfers) > refuse.MOST_COUNT:
        raise refuse.too_many(len(transfers))
    total = sum(transfer.amount for transfer in transfers)
    if total > refuse.MOST_SUM:
        raise refuse.sum_too_large(total)
    return total


def bank_file(
    payer: Payer,
    pay_day: date,
    transfers: Sequence[Transfer],
    banks: BankDirectory,
    *,
    allow_unknown_bank: bool = False,
) -> bytes:
    """The whole file: header, a record per transfer in their order, trailer, end.

    ``allow_unknown_bank``: for a bank's own test numbers; names stay blank then.
    Raises Refusal: PAY_DAY, PAY_DAY_HORIZON, BANK_UNKNOWN, BRANCH_UNKNOWN, EMPTY, COUNT, SUM.
    """
    check_pay_day(pay_day)
    total = check_totals(transfers)
    places: Final = UnknownBanks(banks, allowed=allow_unknown_bank)
    own = places.branch(payer.account)
    header = record(
        HEADER,
        {
            "payer_code": payer.code,
            "payer_name": payer_name(payer.name),
            "pay_date": f"{pay_day:%m%d}",
            "bank_code": payer.account.bank_code,
            "bank_name": own.bank,
            "branch_code": payer.account.branch_code,
            "branch_name": own.branch,
            "account_type": payer.account.account_type,
            "account_number": payer.account.number,
        },
    )
    lines = [_data(transfer, places) for transfer in transfers]
    trailer = record(TRAILER, {"count": len(transfers), "sum": total})
    return b"".join([header, *lines, trailer, record(END, {})])


def _data(transfer: Transfer, places: UnknownBanks) -> bytes:
    account = transfer.account
    known = places.branch(account)
    bank, branch = transfer.bank_name, transfer.branch_name
    return record(
        DATA,
        {
            "bank_code": account.bank_code,
            "bank_name": place_name(bank, "bank_name_kana") if bank else known.bank,
            "branch_code": account.branch_code,
            "branch_name": place_name(branch, "branch_name_kana") if branch else known.branch,
            "account_type": account.account_type,
            "account_number": account.number,
            "recipient": recipient_name(transfer.recipient),
            "amount": transfer.amount,
            "customer_code1": transfer.customer_code1,
            "customer_code2": transfer.customer_code2,
        },
    )


def _next(day: date) -> date | None:
    try:
        return next_bank_day(day)
    except Refusal:
        return None
