"""What the customer holds and has used."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from protos.units import PaymentId
from server.directory import ServiceKind
from server.web.wallet import views
from server.web.wallet.visit import Visit

_RECENT = 3
_PAGE = 30
_KINDS = {"voucher": ServiceKind.VOUCHER, "points": ServiceKind.POINTS}


async def home(visit: Visit) -> Response:
    """Balances as tickets, the total, the last three payments."""
    balances = await visit.house.desk.balances(visit.customer)
    recent = await visit.house.desk.history(visit.customer, _RECENT)
    usable = (b for b in balances if b.usable_from <= visit.now < b.usable_until)
    return visit.page(
        "home.html",
        balances=[views.balance_view(b, visit.lang, visit.now) for b in balances],
        total=sum(b.amount for b in usable),
        days=views.by_day(recent.payments, visit.lang, visit.now),
    )


async def history(visit: Visit) -> Response:
    """Payments by day, newest first, filtered by kind of service, a page at a time."""
    kind = visit.request.query_params.get("kind", "")
    cursor = visit.request.query_params.get("after", "")
    try:
        page = await visit.house.desk.history(visit.customer, _PAGE, cursor)
    except ValueError as error:
        raise HTTPException(404) from error
    wanted = _KINDS.get(kind)
    shown = [
        payment
        for payment in page.payments
        if wanted is None or any(leg.kind is wanted for leg in payment.legs)
    ]
    return visit.page(
        "history.html",
        days=views.by_day(shown, visit.lang, visit.now),
        kind=kind if wanted is not None else "",
        next_cursor=page.next_cursor,
    )


async def detail(visit: Visit) -> Response:
    """The white page: a record."""
    payment = await visit.house.desk.payment(
        visit.customer, PaymentId(visit.request.path_params["payment_id"])
    )
    if payment is None:
        raise HTTPException(404)
    view = views.payment_view(payment, visit.lang, visit.now)
    return visit.page("detail.html", payment=view)


async def menu(visit: Visit) -> Response:
    """Language, help, licences, sign out."""
    return visit.page("menu.html")
