"""The two ways to pay: one payment a call as a customer, or many as the operator's own backend."""

import itertools
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from protos.choba.v1 import operator_payments_pb2, wallet_service_pb2
from protos.qr_token import SALE_EPOCH, Token, TokenKind, mint
from protos.units import SaleNumber, TerminalNumber, UnixSeconds, Yen
from tests.benchmarks.plan import Load
from tests.benchmarks.wire_client import WireClient

LOOK_UP: Final = "/choba.v1.WalletService/LookUpSale"
MANY: Final = 500
"""Payments in one PayMany: as many as it takes."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One payment to come: the QR that a counter shows, and who scans it."""

    qr: str
    user_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Call:
    """What goes over the wire, and how many payments are in it."""

    message: bytes
    token: str
    payments: int


class Sales:
    """Counters (number and QR key) and customers (user id and token) in turn; a counter's sale
    numbers rise by one, from those of ``seconds_ago`` on."""

    def __init__(
        self,
        counters: Sequence[tuple[int, str]],
        customers: Sequence[tuple[str, str]],
        seconds_ago: int = 0,
    ) -> None:
        self._counters = [(TerminalNumber(n), bytes.fromhex(key)) for n, key in counters]
        self._customers = customers
        self._turn = itertools.count()
        self._first = int(time.time()) - SALE_EPOCH - seconds_ago

    def take(self, count: int) -> Iterator[Sale]:
        """Each minted when it is taken: a QR is fresh for two minutes."""
        for turn in itertools.islice(self._turn, count):
            number, key = self._counters[turn % len(self._counters)]
            sale = SaleNumber(self._first + turn // len(self._counters))
            now = UnixSeconds(int(time.time()))
            qr = mint(Token(TokenKind.DYNAMIC, number, sale, now, Yen(0)), key)
            yield Sale(qr, *self._customers[turn % len(self._customers)])


class Way(ABC):
    """One method of the server."""

    path: ClassVar[str]
    looks_up: ClassVar[bool]

    def __init__(self, load: Load) -> None:
        self._legs = [
            wallet_service_pb2.LegRequest(service_id=service, amount_yen=yen)
            for service, yen in load.legs
        ]
        self._amount = sum(yen for _, yen in load.legs)
        self._operator_token = load.operator_token

    @abstractmethod
    def calls(self, sales: Iterator[Sale], client: WireClient | None) -> AsyncIterator[Call]:
        """Calls that pay these sales; several of these run on one iterator."""

    @abstractmethod
    def count(self, answers: Sequence[bytes]) -> tuple[int, dict[str, int]]:
        """How many were paid, and the others by reason. Raises RuntimeError for an answer that
        is none."""


class Unary(Way):
    """``WalletService.Pay``. The QR was looked up before: ``client`` does it here."""

    path = "/choba.v1.WalletService/Pay"
    looks_up = True

    async def calls(self, sales: Iterator[Sale], client: WireClient | None) -> AsyncIterator[Call]:
        assert client is not None
        for sale in sales:
            asked = wallet_service_pb2.LookUpSaleRequest(qr_text=sale.qr)
            answer = await client.call(asked.SerializeToString())
            request = wallet_service_pb2.PayRequest(
                idempotency_key=secrets.token_urlsafe(18),
                ticket=wallet_service_pb2.LookUpSaleResponse.FromString(answer).ticket,
                amount_yen=self._amount,
                legs=self._legs,
            )
            yield Call(request.SerializeToString(), sale.token, 1)

    def count(self, answers: Sequence[bytes]) -> tuple[int, dict[str, int]]:
        for answer in answers:
            payment = wallet_service_pb2.PayResponse.FromString(answer).payment
            if payment.amount_yen != self._amount or len(payment.legs) != len(self._legs):
                raise RuntimeError(f"Pay: answered with another payment: {payment}")
        return len(answers), {}


class Many(Way):
    """``OperatorService.PayMany``, full calls."""

    path = "/choba.v1.OperatorService/PayMany"
    looks_up = False

    async def calls(self, sales: Iterator[Sale], client: WireClient | None) -> AsyncIterator[Call]:
        while some := list(itertools.islice(sales, MANY)):
            payments = [
                operator_payments_pb2.ManyPayment(
                    user_id=sale.user_id,
                    idempotency_key=secrets.token_urlsafe(18),
                    qr_text=sale.qr,
                    amount_yen=self._amount,
                    legs=self._legs,
                )
                for sale in some
            ]
            request = operator_payments_pb2.PayManyRequest(payments=payments)
            yield Call(request.SerializeToString(), self._operator_token, len(some))

    def count(self, answers: Sequence[bytes]) -> tuple[int, dict[str, int]]:
        paid, refused = 0, dict[str, int]()
        for answer in answers:
            for one in operator_payments_pb2.PayManyResponse.FromString(answer).outcomes:
                if one.HasField("paid") and len(one.paid.transaction_ids) == len(self._legs):
                    paid += 1
                else:
                    reason = one.refused.reason or f"no outcome: {one}"
                    refused[reason] = refused.get(reason, 0) + 1
        return paid, refused


WAYS: Final[Mapping[str, type[Way]]] = {"unary": Unary, "many": Many}
