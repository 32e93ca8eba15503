"""WalletService: for an operator's own apps, on the same desk as the web wallet."""

from protos.choba.v1 import wallet_service_pb2 as pb
from protos.choba.v1.wallet_service_pb2_grpc import WalletServiceServicer
from protos.units import UserId, Yen
from server.announcements.messages import KINDS, lot_message, payment_message
from server.campaigns.selling import CampaignDesk
from server.clock import Clock
from server.directory import ServiceId
from server.directory.signin import SignIn
from server.payments import LegRequest, PaymentDesk, Refused
from server.rpc.calls import Context, principal
from server.rpc.errors import invalid_field, whole_number
from server.rpc.guards import Customer
from server.rpc.refusals import payment_error
from server.rpc.wallet_campaigns import WalletCampaignCalls

_LONGEST_TEXT = 512
_MOST_LEGS = 16
_MOST_YEN = 2**53


class WalletServicer(WalletCampaignCalls, WalletServiceServicer):
    """Translates; the payment desk decides."""

    def __init__(
        self, desk: PaymentDesk, signin: SignIn, clock: Clock, campaigns: CampaignDesk
    ) -> None:
        WalletCampaignCalls.__init__(self, campaigns)
        self._desk = desk
        self._signin = signin
        self._clock = clock

    async def SignIn(self, request: pb.SignInRequest, context: Context) -> pb.SignInResponse:
        """Without a code: one is sent. With it: a token."""
        phone = _text("phone", request.phone, 64)
        if not request.code:
            await self._signin.ask(phone, _client_of(context))
            return pb.SignInResponse()
        session = await self._signin.enter_latest(phone, _text("code", request.code, 64))
        return pb.SignInResponse(token=session.token)

    async def ListBalances(
        self, request: pb.ListBalancesRequest, context: Context
    ) -> pb.ListBalancesResponse:
        """Unexpired lots only."""
        balances = [
            pb.ServiceBalance(
                service_id=balance.service_id,
                service_name=balance.name_ja,
                kind=KINDS[balance.kind],
                balance_yen=balance.amount,
                lots=[lot_message(lot) for lot in balance.lots],
            )
            for balance in await self._desk.balances(_user())
        ]
        return pb.ListBalancesResponse(balances=balances)

    async def LookUpSale(
        self, request: pb.LookUpSaleRequest, context: Context
    ) -> pb.LookUpSaleResponse:
        """Changes nothing."""
        arrived_at = self._clock()
        offer = await self._desk.look_up(_text("qr_text", request.qr_text), arrived_at)
        if isinstance(offer, Refused):
            raise payment_error(offer)
        return pb.LookUpSaleResponse(
            ticket=offer.ticket,
            shop_name=offer.shop_name_ja,
            terminal_name=offer.terminal_name_ja,
            amount_yen=offer.amount,
            expires_at_micros=offer.expires_at,
        )

    async def ClaimSale(
        self, request: pb.ClaimSaleRequest, context: Context
    ) -> pb.ClaimSaleResponse:
        """The counter is told."""
        ticket = _text("ticket", request.ticket)
        claim = await self._desk.claim(_user(), ticket, _yen(request.amount_yen))
        if isinstance(claim, Refused):
            raise payment_error(claim)
        return pb.ClaimSaleResponse(expires_at_micros=claim.expires_at)

    async def Quote(self, request: pb.QuoteRequest, context: Context) -> pb.QuoteResponse:
        """Nothing is reserved."""
        ticket = _text("ticket", request.ticket)
        quote = await self._desk.quote(_user(), ticket, _yen(request.amount_yen))
        if isinstance(quote, Refused):
            raise payment_error(quote)
        legs = [
            pb.LegRequest(service_id=leg.service_id, amount_yen=leg.amount) for leg in quote.legs
        ]
        return pb.QuoteResponse(legs=legs, short_yen=quote.short)

    async def Pay(self, request: pb.PayRequest, context: Context) -> pb.PayResponse:
        """Answered after the commit, never before."""
        whole_number("legs", len(request.legs), 0, _MOST_LEGS)
        legs = tuple(
            LegRequest(ServiceId(_text("legs.service_id", leg.service_id)), _yen(leg.amount_yen))
            for leg in request.legs
        )
        paid = await self._desk.pay(
            _user(),
            _text("idempotency_key", request.idempotency_key),
            _text("ticket", request.ticket),
            _yen(request.amount_yen),
            legs,
        )
        if isinstance(paid, Refused):
            raise payment_error(paid)
        return pb.PayResponse(
            payment=payment_message(paid.payment), shop_name=paid.payment.shop_name_ja
        )

    async def ListHistory(
        self, request: pb.ListHistoryRequest, context: Context
    ) -> pb.ListHistoryResponse:
        """Newest first."""
        limit = whole_number("limit", request.limit, 1, 100)
        cursor = _text("cursor", request.cursor) if request.cursor else ""
        try:
            page = await self._desk.history(_user(), limit, cursor)
        except ValueError as error:
            raise invalid_field("cursor", "was not given by this server") from error
        items = [
            pb.HistoryItem(
                payment=payment_message(payment),
                shop_name=payment.shop_name_ja,
                cancelled_at_micros=payment.cancelled_at or 0,
            )
            for payment in page.payments
        ]
        return pb.ListHistoryResponse(items=items, next_cursor=page.next_cursor)


def _user() -> UserId:
    customer: Customer = principal(Customer)
    return customer.user


def _text(name: str, value: str, most: int = _LONGEST_TEXT) -> str:
    if not 0 < len(value) <= most:
        raise invalid_field(name, f"needs 1 to {most} characters")
    return value


def _yen(amount: int) -> Yen:
    """Whatever fits a number; the desk refuses zero, negative and too large in its own words."""
    return Yen(whole_number("amount_yen", amount, -_MOST_YEN, _MOST_YEN))


def _client_of(context: Context) -> str:
    """The caller's network address, for the limits of signing in: ``ipv4:1.2.3.4:5``."""
    family, _, rest = context.peer().partition(":")
    address = rest.rpartition(":")[0]
    return address.replace("%5B", "").replace("%5D", "").strip("[]") if family else ""
