"""From the QR to the confirm page: arrive, claim, amount, split. Only the POSTs change anything."""

import secrets
from urllib.parse import urlencode

from starlette.responses import Response

from protos.units import Yen
from server.payments import Claim, Quote, RefusalCode, Refused, SaleOffer
from server.typed_amount import AmountProblem, parse_amount
from server.web.wallet.checkout import Checkout
from server.web.wallet.split import split_view
from server.web.wallet.visit import Visit
from server.web.wallet.words import say

_NOTHING = Yen(0)


async def arrive(visit: Visit) -> Response:
    """``/Q/<token>``, opened by a phone's camera. Verifies and shows the shop; changes nothing."""
    offer = await visit.house.desk.look_up(visit.request.path_params["token"], visit.now)
    if not isinstance(offer, SaleOffer):
        return visit.refuse(offer)
    visit.keep_checkout(Checkout.of(offer))
    return _arrived(visit, Checkout.of(offer))


async def come_back(visit: Visit) -> Response:
    """``/pay``: the sale that was scanned before signing in."""
    checkout = visit.checkout()
    if checkout is None:
        return visit.go("/")
    if checkout.payment_id:
        return visit.go(f"/history/{checkout.payment_id}")
    return _arrived(visit, checkout)


async def scan(visit: Visit) -> Response:
    """The camera's page."""
    hosts = sorted({*visit.house.settings.qr_hosts, visit.request.headers.get("host", "").lower()})
    return visit.page("scan.html", hosts=" ".join(hosts))


async def scanned(visit: Visit) -> Response:
    """POST: what the camera read, or a pasted link. The customer asked for it: claim at once."""
    text = visit.form.get("qr_text", "").strip()[:200]
    offer = await visit.house.desk.look_up(text, visit.now)
    if not isinstance(offer, SaleOffer):
        return visit.refuse(offer)
    return await _claim(visit, Checkout.of(offer))


async def claim(visit: Visit) -> Response:
    """POST: the customer goes on to pay; the counter is told."""
    checkout = visit.read_checkout(visit.form.get("sale", ""))
    return await _claim(visit, checkout) if checkout else _stale(visit)


async def amount(visit: Visit) -> Response:
    """The keypad."""
    checkout = visit.checkout()
    if checkout is None:
        return visit.go("/")
    if checkout.payment_id or checkout.fixed:
        return visit.go("/pay/confirm")
    typed = visit.request.query_params.get("amount", "")
    return await _amount_page(visit, checkout, typed[:12] if typed.isdigit() else "")


async def amount_entered(visit: Visit) -> Response:
    """POST: the amount; the counter shows it before anything is paid."""
    checkout = visit.read_checkout(visit.form.get("sale", ""))
    if checkout is None:
        return _stale(visit)
    typed = visit.form.get("amount", "")
    wanted = parse_amount(typed, visit.house.settings.max_amount)
    if isinstance(wanted, AmountProblem):
        most = f"¥{visit.house.settings.max_amount:,}"
        sentence = say(f"pay.amount_{wanted.value}", visit.lang, amount=most)
        return await _amount_page(visit, checkout, typed[:20], sentence)
    answer = await visit.house.desk.claim(visit.customer, checkout.ticket, wanted)
    if isinstance(answer, Refused):
        return _refuse(visit, answer, checkout, wanted)
    visit.keep_checkout(checkout.claimed(answer))
    return visit.go("/pay/confirm?" + urlencode({"amount": int(wanted)}))


async def typing(visit: Visit) -> Response:
    """POST from the page's script: what is keyed in so far, for the counter's screen."""
    checkout = visit.read_checkout(visit.form.get("sale", ""))
    so_far = parse_amount(visit.form.get("amount", ""), visit.house.settings.max_amount)
    if checkout is None or isinstance(so_far, AmountProblem):
        return visit.data({"shown": False})
    answer = await visit.house.desk.claim(visit.customer, checkout.ticket, so_far)
    return visit.data({"shown": isinstance(answer, Claim)})


async def confirm(visit: Visit) -> Response:
    """Shop, amount, split: what two people look at before it is paid."""
    checkout = visit.checkout()
    if checkout is None:
        return visit.go("/")
    if checkout.payment_id:
        return visit.go(f"/history/{checkout.payment_id}")
    query = visit.request.query_params
    wanted = checkout.fixed or parse_amount(
        query.get("amount", ""), visit.house.settings.max_amount
    )
    if isinstance(wanted, AmountProblem):
        return visit.go("/pay/amount")
    quote = await visit.house.desk.quote(visit.customer, checkout.ticket, wanted)
    if isinstance(quote, Refused):
        return _refuse(visit, quote, checkout, wanted)
    if quote.short:
        return _refuse(visit, await _why_short(visit, quote), checkout, wanted)
    return visit.page(
        "confirm.html",
        checkout=checkout,
        shop=checkout.shop(visit.lang),
        terminal=checkout.terminal(visit.lang),
        amount=wanted,
        sale=visit.keep_checkout(checkout),
        key=secrets.token_urlsafe(24),
        seconds_left=_seconds_left(visit, checkout),
        split=split_view(
            quote, query.get("slide", ""), query.get("only", ""), visit.lang, visit.now
        ),
    )


async def release(visit: Visit) -> Response:
    """POST: the customer stops; the counter's QR comes back."""
    checkout = visit.read_checkout(visit.form.get("sale", "")) or visit.checkout()
    if checkout is not None:
        await visit.house.desk.release(visit.customer, checkout.ticket)
    return visit.go("/")


async def _claim(visit: Visit, checkout: Checkout) -> Response:
    answer = await visit.house.desk.claim(visit.customer, checkout.ticket, _NOTHING)
    if isinstance(answer, Refused):
        return _refuse(visit, answer, checkout, checkout.fixed)
    visit.keep_checkout(checkout.claimed(answer))
    return visit.go("/pay/confirm" if checkout.fixed else "/pay/amount")


async def _why_short(visit: Visit, quote: Quote) -> Refused:
    """Too little; or enough, but of a service whose period has not begun or is over."""
    usable = Yen(sum(b.amount for b in quote.usable))
    taken = {b.service_id for b in quote.usable}
    for balance in await visit.house.desk.balances(visit.customer):
        waiting = visit.now < balance.usable_from
        if balance.service_id in taken or balance.amount < quote.short or not waiting:
            continue
        return Refused(
            RefusalCode.WINDOW_NOT_OPEN,
            at=visit.now,
            usable=usable,
            service_id=balance.service_id,
            service_name_ja=balance.name_ja,
            service_name_en=balance.name_en,
            usable_from=balance.usable_from,
            usable_until=balance.usable_until,
        )
    return Refused(RefusalCode.BALANCE_SHORT, at=visit.now, short=quote.short, usable=usable)


def _refuse(visit: Visit, refused: Refused, checkout: Checkout, asked: Yen) -> Response:
    sealed = visit.keep_checkout(checkout)
    return visit.refuse(refused, asked=asked, checkout=sealed)


def _stale(visit: Visit) -> Response:
    return visit.refuse(Refused(RefusalCode.TICKET_INVALID, at=visit.now))


def _seconds_left(visit: Visit, checkout: Checkout) -> int | None:
    """Of the claim; None on a stand, where nothing is held."""
    if not checkout.claimed_until:
        return None
    return max(0, (checkout.claimed_until - visit.now) // 1_000_000)


def _arrived(visit: Visit, checkout: Checkout) -> Response:
    return visit.page(
        "arrive.html",
        checkout=checkout,
        shop=checkout.shop(visit.lang),
        terminal=checkout.terminal(visit.lang),
        sale=visit.keep_checkout(checkout),
        signed_in=visit.user is not None,
    )


async def _amount_page(visit: Visit, checkout: Checkout, typed: str, error: str = "") -> Response:
    balances = await visit.house.desk.balances(visit.customer)
    usable = (b for b in balances if b.usable_from <= visit.now < b.usable_until)
    return visit.page(
        "amount.html",
        status=422 if error else 200,
        shop=checkout.shop(visit.lang),
        terminal=checkout.terminal(visit.lang),
        usable=sum(b.amount for b in usable),
        limit=visit.house.settings.max_amount,
        typed=typed,
        error=error,
        sale=visit.keep_checkout(checkout),
    )
