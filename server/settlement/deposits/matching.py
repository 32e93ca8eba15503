"""Which transfer a deposit is, and why not another: pure."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from server.settlement.bankfile import large
from server.settlement.deposits.types import Arrived, Fit, Match, Transfer
from server.settlement.paper.words import short_day, yen

_AHEAD: Final = re.compile(
    r"^(フリコミ|フリコミニユウキン|ソウゴウフリコミ|ソウキン|シンキン|振込\*?|振込入金)"
)
"""What banks write before a name."""
_SHORTEST: Final = 4
"""Kana that a cut name must still have, to be taken for the beginning of one."""
_NEAR: Final = {Fit.MATCHED: 0, Fit.DAY: 1, Fit.NAME: 2, Fit.AMOUNT: 3}


def same_payer(bank: str, payer: str) -> bool:
    """Whether the bank's text may be that payer: blanks, width, small kana and what banks put
    before a name aside. Passbooks cut long names: a beginning is enough."""
    found, wanted = _AHEAD.sub("", _plain(bank)), _plain(payer)
    if not found or not wanted:
        return False
    if found.startswith(wanted):
        return True
    return len(found) >= min(_SHORTEST, len(wanted)) and wanted.startswith(found)


def match(arrived: Arrived, transfers: Iterable[Transfer]) -> Match:
    """The transfer that fits best; of two that fit alike the earlier pay day."""
    rated = [
        (_NEAR[fit], abs((arrived.day - one.pay_day).days), one.pay_day, one.payout_id, fit, one)
        for one in transfers
        if (fit := _fit(arrived, one)) is not None
    ]
    if not rated:
        return _unknown(arrived)
    *_, fit, transfer = min(rated, key=lambda rating: rating[:4])
    return _match(arrived, transfer, fit)


def _fit(arrived: Arrived, transfer: Transfer) -> Fit | None:
    name = same_payer(arrived.payer, transfer.payer)
    amount = arrived.amount == transfer.amount
    day = arrived.day == transfer.pay_day
    found = {
        (True, True, True): Fit.MATCHED,
        (True, True, False): Fit.DAY,
        (False, True, True): Fit.NAME,
        (True, False, True): Fit.AMOUNT,
    }
    return found.get((name, amount, day))


def _match(arrived: Arrived, transfer: Transfer, fit: Fit) -> Match:
    back_ja = "この振込は組戻しになっています。" if transfer.returned else ""
    back_en = " This transfer was returned." if transfer.returned else ""
    differs_ja, differs_en = {
        Fit.MATCHED: (
            f"{short_day(transfer.pay_day)} のお振込 {yen(transfer.amount)} です。",
            f"the transfer of {transfer.pay_day} over {transfer.amount:,}.",
        ),
        Fit.DAY: (
            f"{Fit.DAY.ja}（通帳 {short_day(arrived.day)}、"
            f"お振込 {short_day(transfer.pay_day)}）。",
            f"{Fit.DAY.en}: {arrived.day} at the bank, {transfer.pay_day} in the payout.",
        ),
        Fit.NAME: (
            f"{Fit.NAME.ja}（お振込の名義は {transfer.payer}）。",
            f"{Fit.NAME.en}: ours is {transfer.payer}.",
        ),
        Fit.AMOUNT: (
            f"{Fit.AMOUNT.ja}（通帳 {yen(arrived.amount)}、お振込 {yen(transfer.amount)}、"
            f"差 {yen(arrived.amount - transfer.amount)}）。",
            f"{Fit.AMOUNT.en}: {arrived.amount:,} at the bank, {transfer.amount:,} in the payout.",
        ),
    }[fit]
    return Match(fit, transfer, differs_ja + back_ja, differs_en + back_en)


def _unknown(arrived: Arrived) -> Match:
    return Match(
        Fit.UNKNOWN,
        None,
        f"{short_day(arrived.day)} の {yen(arrived.amount)} にあてはまるお振込はありません。"
        "ほかの相手からの入金かもしれません。",
        f"no transfer of {arrived.day} or over {arrived.amount:,} with that payer; it may be "
        "from somebody else.",
    )


def _plain(name: str) -> str:
    """Full-width, large kana, dashes alike, no blanks."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(large(sign) for sign in text if not sign.isspace())
    return re.sub("[-‐‑–—―ー−]", "-", text)
