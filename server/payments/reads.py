"""What the desk reads before a payment: the offer behind a QR, quotes, balances."""

from typing import Final

from sqlalchemy import Connection

from protos.qr_token import Token
from protos.units import Micros, TerminalNumber, Yen
from server.campaigns import terms_at
from server.db import DatabaseKind
from server.directory import (
    Counter,
    CounterReader,
    Keyring,
    OwnerKey,
    StandPayments,
    services,
)
from server.ledger import WalletReader
from server.payments.queries import Queries
from server.payments.quoting import balances_of, propose
from server.payments.refusals import RefusalCode, Refused
from server.payments.rules import counter_refusal, sale_taken
from server.payments.scanning import freshness, sale_kind
from server.payments.settings import DeskSettings
from server.payments.tickets import Ticket, seal_ticket
from server.payments.types import Quote, SaleKind, SaleOffer, ServiceBalance


class DeskReads:
    """Every method runs on the caller's connection and writes nothing."""

    def __init__(
        self, kind: DatabaseKind, keyring: Keyring, settings: DeskSettings, queries: Queries
    ) -> None:
        self._keyring: Final = keyring
        self._settings: Final = settings
        self._queries: Final = queries
        self._counters: Final = CounterReader(kind)
        self._wallets: Final = WalletReader(kind)

    def offer(self, connection: Connection, token: Token, at: Micros) -> SaleOffer | Refused:
        """What a genuine token offers, or why it offers nothing."""
        kind = sale_kind(token)
        counter = self.counter(connection, token.terminal)
        refused = counter_refusal(counter, kind, at)
        if refused is not None or counter is None:
            return refused or Refused(RefusalCode.TERMINAL_UNKNOWN, at=at)
        refused = freshness(token, counter.drift, self._settings, at) or self._sale_refusal(
            connection, token, counter, at
        )
        if refused is not None:
            return refused
        ticket = Ticket(kind, token.terminal, token.sale, token.amount, at)
        return SaleOffer(
            ticket=seal_ticket(ticket, self._keyring.ticket_key),
            kind=kind,
            shop_id=counter.shop_id,
            shop_name_ja=counter.shop_name_ja,
            shop_name_en=counter.shop_name_en,
            terminal_id=counter.terminal_id,
            terminal_name_ja=counter.terminal_name_ja,
            terminal_name_en=counter.terminal_name_en,
            amount=token.amount,
            expires_at=Micros(at + self._settings.commit_within),
        )

    def quote(
        self, connection: Connection, owner: OwnerKey, ticket: Ticket, amount: Yen, at: Micros
    ) -> Quote | Refused:
        counter = self.counter(connection, ticket.terminal)
        refused = counter_refusal(counter, ticket.kind, at)
        if refused is not None or counter is None:
            return refused or Refused(RefusalCode.TERMINAL_UNKNOWN, at=at)
        return propose(
            amount,
            self._wallets.read(connection, (owner,)),
            {service.service_id: service for service in services(connection)},
            terms_at(connection, at),
            counter,
            ticket.kind,
            at,
        )

    def balances(
        self, connection: Connection, owner: OwnerKey, at: Micros
    ) -> tuple[ServiceBalance, ...]:
        wallets = self._wallets.read(connection, (owner,))
        return balances_of(wallets, services(connection), terms_at(connection, at), at)

    def counter(self, connection: Connection, number: TerminalNumber) -> Counter | None:
        return self._counters.read(connection, (number,)).get(number)

    def _sale_refusal(
        self, connection: Connection, token: Token, counter: Counter, at: Micros
    ) -> Refused | None:
        """A dynamic sale must be open; a stand needs a service that may be paid with there."""
        if sale_kind(token) is SaleKind.DYNAMIC:
            return sale_taken(self._queries.state(connection, token.terminal, token.sale), at)
        allowed = any(
            service.service_id in counter.accounts
            and service.stand_payments is StandPayments.ALLOWED
            for service in services(connection)
        )
        return None if allowed else Refused(RefusalCode.STAND_NOT_ALLOWED, at=at)
