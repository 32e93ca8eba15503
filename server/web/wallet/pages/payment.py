"""Paying and its answers: paid, refused, not known yet."""

import asyncio
import secrets
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from protos.units import PaymentId, Yen
from server.db import LedgerUnavailable
from server.directory import ServiceId
from server.payments import AgainOnStand, LegRequest, Paid, RefusalCode, Refused
from server.web.wallet import formats, views
from server.web.wallet.checkout import Checkout
from server.web.wallet.refusals import Told, Way
from server.web.wallet.visit import Visit
from server.web.wallet.words import Lang

_PATIENCE_S = 8
"""How long a browser is kept waiting before it is told 確認中; the payment goes on meanwhile."""
_FRESH = 180 * 1_000_000
"""A result older than this is a record, not a proof."""
_LEG = "leg."
_MOST_LEGS = 8
_MOST_DIGITS = 9


async def pay(visit: Visit) -> Response:
    """POST: pay with the key that the phone made and keeps until it is answered."""
    form = visit.form
    checkout = visit.read_checkout(form.get("sale", ""))
    amount = _whole(form.get("amount", ""))
    legs = _legs(visit)
    if checkout is None or amount is None or legs is None:
        return visit.refuse(Refused(RefusalCode.TICKET_INVALID, at=visit.now))
    again = AgainOnStand.CONFIRMED if form.get("again") == "1" else AgainOnStand.NOT_SAID
    # not cancelled when the browser's patience ends: the payment is decided either way
    attempt = asyncio.ensure_future(
        visit.house.desk.pay(
            visit.customer, form.get("key", ""), checkout.ticket, amount, legs, again
        )
    )
    done, _ = await asyncio.wait({attempt}, timeout=_PATIENCE_S)
    if not done:
        attempt.add_done_callback(_leave_to_the_ledger)
        return not_known(visit)
    try:
        answer = attempt.result()
    except LedgerUnavailable:
        return not_known(visit)
    if isinstance(answer, Paid):
        visit.keep_checkout(checkout.paid(answer.payment.payment_id))
        return visit.go(f"/paid/{answer.payment.payment_id}")
    if answer.code is RefusalCode.OVERLOADED and visit.wants_data:
        return not_known(visit)
    return _refused(visit, answer, checkout, amount, legs)


async def paid(visit: Visit) -> Response:
    """The one dark page: the ledger has it. Three minutes later it is the white record, and at
    once when it was taken back: what is cancelled proves nothing."""
    payment_id = PaymentId(visit.request.path_params["payment_id"])
    payment = await visit.house.desk.payment(visit.customer, payment_id)
    if payment is None:
        raise HTTPException(404)
    age = visit.now - payment.paid_at
    if age >= _FRESH or payment.cancelled_at is not None:
        return visit.go(f"/history/{payment_id}")
    response = visit.page(
        "paid.html",
        payment=views.payment_view(payment, visit.lang, visit.now),
        age=max(0, age // 1_000_000),
        record=f"/history/{payment_id}",
        left=max(1, (_FRESH - age) // 1_000_000),
    )
    response.headers["Refresh"] = (
        f"{max(1, (_FRESH - age) // 1_000_000)}; url=/history/{payment_id}"
    )
    return response


def not_known(visit: Visit) -> Response:
    """確認中: asks again with the very same request, by script or by hand."""
    if visit.wants_data:
        return visit.data({"asking": True}, 503)
    checkout = visit.read_checkout(visit.form.get("sale", ""))
    fields = {k: v for k, v in visit.form.items() if k not in {"csrf", "lang"}}
    return visit.page(
        "checking.html",
        status=503,
        shop=checkout.shop(visit.lang) if checkout else "",
        amount=_whole(visit.form.get("amount", "")) or 0,
        time=formats.minutes(visit.now),
        fields=fields,
    )


async def checking(visit: Visit) -> Response:
    """The page that goes on asking for what the phone's storage holds (its script does)."""
    return visit.page("checking.html", shop="", amount=0, time="", fields={})


async def refused(visit: Visit) -> Response:
    """Nothing moved, why, and what now."""
    told = visit.refused()
    if told is None:
        return visit.go("/")
    checkout = visit.read_checkout(told.checkout)
    mine = visit.checkout()
    same = checkout and mine and mine.ticket == checkout.ticket
    if told.code == RefusalCode.SALE_PAID and same and mine and mine.payment_id:
        return visit.go(f"/history/{mine.payment_id}")  # it was this customer, a moment ago
    words: dict[str, Any] = _sentences(told, visit.lang) | _period(visit, told)
    return visit.page(
        "refused.html",
        told=told,
        shop=checkout.shop(visit.lang) if checkout else "",
        terminal=checkout.terminal(visit.lang) if checkout else "",
        way=_way(told, checkout),
        key=secrets.token_urlsafe(24),
        retry=_retry(told),
        **words,
    )


def _refused(
    visit: Visit,
    answer: Refused,
    checkout: Checkout,
    amount: Yen,
    legs: tuple[LegRequest, ...],
) -> Response:
    mine = visit.checkout()
    same = mine is not None and mine.ticket == checkout.ticket
    sealed = visit.house.sealer.seal("sale", checkout.write())
    if not same:
        visit.keep_checkout(checkout)
    return visit.refuse(
        answer,
        asked=amount,
        checkout=sealed,
        legs=tuple((leg.service_id, int(leg.amount)) for leg in legs),
    )


def _leave_to_the_ledger(attempt: asyncio.Future[Paid | Refused]) -> None:
    """The phone asks again with its key; here nobody waits for the answer any more."""
    if not attempt.cancelled():
        attempt.exception()


def _way(told: Told, checkout: Checkout | None) -> Way:
    """The main button. A fixed amount can't be changed here, and without a sale there is none."""
    way = told.face.way
    if checkout is None and way in {Way.CHANGE, Way.SPLIT, Way.PAY_AGAIN}:
        return Way.RESCAN
    if checkout is not None and checkout.fixed and way is Way.CHANGE:
        return Way.RESCAN
    return way


def _retry(told: Told) -> str:
    """Where a corrected try begins."""
    if told.asked:
        return "/pay/confirm?" + urlencode({"amount": int(told.asked)})
    return "/pay"


def _sentences(told: Told, lang: Lang) -> dict[str, str]:
    face = told.face
    amount = told.usable if told.code == RefusalCode.BALANCE_SHORT else told.amount
    fields = {
        "ja": {
            "service": told.service_ja,
            "amount": formats.yen(amount),
            "time": formats.minutes(told.retry_at),
        },
        "en": {
            "service": told.service_en or told.service_ja,
            "amount": formats.yen(amount),
            "time": formats.minutes(told.retry_at),
        },
    }
    ja = (face.ja.format(**fields["ja"]), face.text_ja.format(**fields["ja"]))
    en = (face.en.format(**fields["en"]), face.text_en.format(**fields["en"]))
    (title, text), (other_title, other_text) = (ja, en) if lang is Lang.JA else (en, ja)
    return {"title": title, "text": text, "other_title": other_title, "other_text": other_text}


def _period(visit: Visit, told: Told) -> dict[str, str]:
    if not told.usable_until:
        return {"period_from": "", "period_until": "", "clock_now": ""}
    return {
        "period_from": formats.start(told.usable_from, visit.lang, visit.today),
        "period_until": formats.end(told.usable_until, visit.lang, visit.today),
        "clock_now": formats.start(told.at or visit.now, visit.lang, visit.today),
    }


def _legs(visit: Visit) -> tuple[LegRequest, ...] | None:
    """The legs that stood on the page; a zero one is left out. None: not a form of ours."""
    legs: list[LegRequest] = []
    for name, value in visit.form.items():
        if name.startswith(_LEG):
            amount = _whole(value)
            if amount is None or len(legs) >= _MOST_LEGS:
                return None
            if amount:
                legs.append(LegRequest(ServiceId(name.removeprefix(_LEG)), amount))
    return tuple(legs)


def _whole(text: str) -> Yen | None:
    """Digits that the page itself filled in; a minus sign stays for the desk to refuse."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        return None
    return Yen(int(text))
