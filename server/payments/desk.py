"""The desk: one object that the web, gRPC and the relay talk to."""

from datetime import date
from types import TracebackType
from typing import Self

from protos.units import Micros, PaymentId, SaleNumber, Sequence, TerminalNumber, UserId, Yen
from server.checkpoints import CheckpointPort, no_checkpoint
from server.clock import Clock
from server.db import Database
from server.directory import Keyring
from server.payments.refusals import Refused
from server.payments.settings import DeskHooks, DeskSettings
from server.payments.types import (
    AgainOnStand,
    Announcement,
    AnnouncementId,
    Claim,
    DayTotals,
    HistoryPage,
    LegRequest,
    NotKnown,
    Paid,
    Payment,
    PaymentsPage,
    Quote,
    ResolveMode,
    SaleOffer,
    SaleResolution,
    ServiceBalance,
)


class PaymentDesk:
    """Checks QR codes, takes claims and payments, and answers what became of them.

    Use it as an asynchronous context manager: the posting engine runs from enter to exit. All
    methods are safe to call at the same time from one event loop. A method that returns
    ``Refused`` has moved no money. ``LedgerUnavailable`` (from ``server.db``) is raised where the
    database did not answer: the outcome is unknown and the same request has to be sent again.
    """

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        clock: Clock,
        settings: DeskSettings,
        hooks: DeskHooks | None = None,
        checkpoint: CheckpointPort = no_checkpoint,
    ) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    # For customers

    async def look_up(self, qr_text: str, arrived_at: Micros) -> SaleOffer | Refused:
        """Check a scanned QR, MAC before any other work. Changes nothing (WIRE.md 1).

        ``arrived_at`` is the server's clock when the request arrived. ``qr_text`` is the QR's
        whole text or its 44 characters. Refused: QR_*, TERMINAL_*, STAND_NOT_ALLOWED,
        SHOP_CLOSED, SALE_PAID, SALE_VOID.
        """

    async def claim(self, user: UserId, ticket: str, amount: Yen) -> Claim | Refused:
        """Take the sale for this customer; the counter is told (hook ``on_claim_changed``).

        Called again with a newer ``amount`` it updates what the counter shows, without lasting
        longer. A customer holds one sale: an earlier one is let go. On a stand nothing is held
        and the answer is only that. ``amount`` 0: not entered yet; where the QR fixes the amount
        it must be 0 or the same.
        Refused: TICKET_*, USER_UNKNOWN, AMOUNT_*, SALE_*, CLAIM_*.
        """

    async def release(self, user: UserId, ticket: str) -> None:
        """Let a claimed sale go. Does nothing when this customer does not hold it."""

    async def quote(self, user: UserId, ticket: str, amount: Yen) -> Quote | Refused:
        """Propose a split: earliest expiry first, of services that this shop takes now.

        Refused: TICKET_*, USER_UNKNOWN, AMOUNT_*. Too little money is no refusal: ``short``.
        """

    async def pay(
        self,
        user: UserId,
        idempotency_key: str,
        ticket: str,
        amount: Yen,
        legs: tuple[LegRequest, ...],
        again: AgainOnStand = AgainOnStand.NOT_SAID,
    ) -> Paid | Refused:
        """Pay, or refuse with nothing moved. Never answers ``Paid`` before the commit.

        ``idempotency_key``: 16 to 64 of A-Z a-z 0-9 - _, made before the first try and kept
        until answered. The same key and request give the same answer, for good when paid, for
        30 days when the ledger refused; a new try after a refusal takes a new key. The same key
        with another request: KEY_REUSED. A request is its sale, amount, legs and ``again``; a
        second scan of the same sale is the same request.
        STAND_AGAIN: same customer, stand and amount within 2 minutes; ask, then send with
        ``AgainOnStand.CONFIRMED`` under a new key.
        """

    async def outcome(self, user: UserId, idempotency_key: str) -> Paid | Refused | NotKnown:
        """What is stored under a key. NotKnown: nothing was decided; send the request again."""

    async def balances(self, user: UserId) -> tuple[ServiceBalance, ...]:
        """All services with what this customer holds of them, unexpired lots only."""

    async def history(self, user: UserId, limit: int, cursor: str = "") -> HistoryPage:
        """Payments, newest first. ``limit`` 1 to 100. ValueError for a cursor not given here."""

    async def payment(self, user: UserId, payment_id: PaymentId) -> Payment | None:
        """One payment of this customer; None when there is none or it is another's."""

    # For terminals: the caller has proved which terminal number it speaks for

    async def payments_after(
        self, terminal: TerminalNumber, sequence: Sequence, limit: int
    ) -> PaymentsPage:
        """What this device has to announce after ``sequence``, in order. ``limit`` 1 to 500."""

    async def resolve(
        self, terminal: TerminalNumber, sale: SaleNumber, mode: ResolveMode
    ) -> SaleResolution:
        """The outcome of a sale; VOID writes "void" where nothing is, the first insert wins."""

    async def last_sequence(self, terminal: TerminalNumber) -> Sequence:
        """The highest sequence given to this device; 0 before the first payment."""

    async def highest_sale_number(self, terminal: TerminalNumber) -> SaleNumber:
        """The highest sale number with an outcome; the device's next must be above it."""

    async def day_totals(self, terminal: TerminalNumber, day: date) -> DayTotals:
        """Sums of one day in Japan over what this device announced, per service."""

    # For the relay

    async def unsent_announcements(self, limit: int) -> tuple[Announcement, ...]:
        """Committed payments not yet marked, in order per terminal. ``limit`` 1 to 500."""

    async def mark_announced(self, announcements: tuple[AnnouncementId, ...]) -> None:
        """The broker has them. Marking twice does nothing; an unmarked one is given again."""
