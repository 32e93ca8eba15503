"""The desk: one object that the web, gRPC and the relay talk to."""

from collections.abc import Sequence as Many
from dataclasses import replace
from datetime import date
from functools import partial
from types import TracebackType
from typing import Final, Self

from protos.units import Micros, PaymentId, SaleNumber, Sequence, TerminalNumber, UserId, Yen
from server.checkpoints import Checkpoint, CheckpointPort, no_checkpoint
from server.clock import Clock
from server.db import Database, LedgerOverloaded
from server.directory import Keyring, KnownOwners
from server.ledger import (
    LedgerClock,
    Poster,
    PostingEngine,
    StreamId,
    deciding_clock,
    open_lane,
    skip_heard,
)
from server.payments import counter_work
from server.payments.assembly import payment_of
from server.payments.claims import Claimed, ClaimRaced
from server.payments.commands import PayCommand, command_of
from server.payments.many import MOST_OF_MANY, ManyPayment, ManyPayments, PaidOfMany
from server.payments.queries import Queries, mark_sent, prune
from server.payments.reads import DeskReads
from server.payments.refusals import RefusalCode, Refused
from server.payments.requests import amount_refusal, request_refusal
from server.payments.rules import Committed, PayAnswer
from server.payments.scanning import genuine_token
from server.payments.settings import DeskHooks, DeskSettings
from server.payments.store import PayRules
from server.payments.tickets import Ticket, TicketError, open_ticket
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
    SaleKind,
    SaleOffer,
    SaleResolution,
    ServiceBalance,
)

_RACES: Final = 5
_MOST_PULLED: Final = 500
_MOST_HISTORY: Final = 100
_SALE_NUMBERS: Final = 2**32


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
        ledger_clock: LedgerClock | None = None,
        checkpoint: CheckpointPort = no_checkpoint,
        owners: KnownOwners | None = None,
    ) -> None:
        """``ledger_clock`` decides payments; None takes what production takes: PostgreSQL's own
        clock, or ``clock`` on SQLite. Tests pass one to put a payment into another year.
        """
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._settings = settings
        self._hooks = hooks or DeskHooks()
        self._ledger_clock = ledger_clock or deciding_clock(database.kind, clock)
        self._checkpoint = checkpoint
        self._queries = Queries(database.kind, keyring)
        self._reads = DeskReads(database.kind, keyring, settings, self._queries)
        self._owners = owners or KnownOwners(database)
        self._many = ManyPayments(database, keyring, settings, self._queries, self._owners)
        self._engine: PostingEngine[PayCommand, PayAnswer] | None = None

    async def __aenter__(self) -> Self:
        lane = await self._database.write(
            partial(open_lane, name=self._settings.lane), repeatable=True
        )
        rules = PayRules(self._database.kind, stand_repeat=self._settings.stand_repeat)
        poster = Poster(self._database.kind, rules, lane, self._ledger_clock, self._checkpoint)
        self._engine = PostingEngine(
            self._database,
            poster.post,
            batch_size=self._settings.batch_size,
            queue_size=self._settings.queue_size,
            on_commit=self._tell,
            checkpoint=self._checkpoint,
        )
        await self._engine.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._engine is not None:
            await self._engine.close()
            self._engine = None

    def _tell(self, answers: Many[PayAnswer]) -> None:
        committed = [answer for answer in answers if isinstance(answer, Committed)]
        if committed:
            self._hooks.on_committed(committed)

    # For customers

    async def look_up(self, qr_text: str, arrived_at: Micros) -> SaleOffer | Refused:
        """Check a scanned QR, MAC before any other work. Changes nothing (WIRE.md 1).

        ``arrived_at`` is the server's clock when the request arrived. ``qr_text`` is the QR's
        whole text or its 44 characters. Refused: QR_*, TERMINAL_*, STAND_NOT_ALLOWED,
        SHOP_CLOSED, SALE_PAID, SALE_VOID.
        """
        token = genuine_token(qr_text, self._keyring, self._settings, arrived_at)
        if isinstance(token, Refused):
            return token
        return await self._database.read(partial(self._reads.offer, token=token, at=arrived_at))

    async def claim(self, user: UserId, ticket: str, amount: Yen) -> Claim | Refused:
        """Take the sale for this customer; the counter is told (hook ``on_claim_changed``).

        Called again with a newer ``amount`` it updates what the counter shows, without lasting
        longer. A customer holds one sale: an earlier one is let go. On a stand nothing is held
        and the answer is only that. ``amount`` 0: not entered yet; where the QR fixes the amount
        it must be 0 or the same.
        Refused: TICKET_*, USER_UNKNOWN, AMOUNT_*, SALE_*, CLAIM_*, TERMINAL_RETIRED.
        """
        now = self._clock()
        opened = self._open_ticket(ticket, now)
        if isinstance(opened, Refused):
            return opened
        if amount != 0:
            refused = amount_refusal(amount, opened, self._settings.max_amount, now)
            if refused is not None:
                return refused
        if await self._owners.of(user) is None:
            return Refused(RefusalCode.USER_UNKNOWN, at=now)
        shown = Yen(amount or opened.amount)
        if opened.kind is SaleKind.STAND:
            return Claim(ticket, shown, self._deadline(opened))
        taken = await self._take(user, opened, shown, now)
        if isinstance(taken, Refused):
            return taken
        for change in taken.changes:
            self._hooks.on_claim_changed(change)
        return Claim(ticket, taken.amount, taken.expires_at)

    async def release(self, user: UserId, ticket: str) -> None:
        """Let a claimed sale go. Does nothing when this customer does not hold it."""
        now = self._clock()
        opened = self._open_ticket(ticket)
        if isinstance(opened, Refused) or opened.kind is SaleKind.STAND:
            return
        changes = await self._database.write(
            partial(counter_work.release, user=user, ticket=opened, at=now), repeatable=True
        )
        for change in changes:
            self._hooks.on_claim_changed(change)

    async def quote(self, user: UserId, ticket: str, amount: Yen) -> Quote | Refused:
        """Propose a split: earliest expiry first, of services that this shop takes now.

        Refused: TICKET_*, USER_UNKNOWN, AMOUNT_*, TERMINAL_*, SHOP_CLOSED. Too little money is
        no refusal: ``short``.
        """
        now = self._clock()
        opened = self._open_ticket(ticket, now)
        if isinstance(opened, Refused):
            return opened
        refused = amount_refusal(amount, opened, self._settings.max_amount, now)
        if refused is not None:
            return refused
        owner = await self._owners.of(user)
        if owner is None:
            return Refused(RefusalCode.USER_UNKNOWN, at=now)
        return await self._database.read(
            partial(self._reads.quote, owner=owner, ticket=opened, amount=amount, at=now)
        )

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
        OVERLOADED: nothing was started and nothing is stored; send the same request again.
        """
        command = await self._command(user, idempotency_key, ticket, amount, legs, again)
        if isinstance(command, Refused):
            return command
        if self._engine is None:
            raise RuntimeError("PaymentDesk: enter it before paying")
        try:
            answer = await self._engine.submit(command)
        except LedgerOverloaded:
            return Refused(RefusalCode.OVERLOADED, at=self._clock())
        if isinstance(answer, Refused):
            return answer
        if isinstance(answer, Committed):
            return Paid(payment_of(answer, self._keyring))
        found = await self._database.read(
            partial(self._queries.payment, payment_id=answer.payment_id)
        )
        assert found is not None, "a key names a payment that is not in the books"
        return Paid(found)

    async def pay_many(self, requests: Many[ManyPayment]) -> tuple[PaidOfMany | Refused, ...]:
        """``pay`` for up to 500 at once, for an operator's own wallet backend; outcomes in the
        order of the requests, each by itself. The caller answers for the customers it names.

        ``LedgerUnavailable``: unknown of one or more; send the same requests again.
        """
        if not 1 <= len(requests) <= MOST_OF_MANY:
            raise ValueError(f"requests: from 1 to {MOST_OF_MANY}")
        if self._engine is None:
            raise RuntimeError("PaymentDesk: enter it before paying")
        return await self._many.pay(requests, self._engine, self._clock())

    async def outcome(self, user: UserId, idempotency_key: str) -> Paid | Refused | NotKnown:
        """What is stored under a key. NotKnown: nothing was decided; send the request again."""
        return await self._database.read(
            partial(self._queries.outcome, user=user, key=idempotency_key)
        )

    async def balances(self, user: UserId) -> tuple[ServiceBalance, ...]:
        """All services with what this customer holds of them, unexpired lots only."""
        owner = await self._owners.of(user)
        if owner is None:
            return ()
        at = self._clock()
        return await self._database.read(partial(self._reads.balances, owner=owner, at=at))

    async def history(self, user: UserId, limit: int, cursor: str = "") -> HistoryPage:
        """Payments, newest first. ``limit`` 1 to 100. ValueError for a cursor not given here."""
        if not 1 <= limit <= _MOST_HISTORY:
            raise ValueError("limit: from 1 to 100")
        return await self._database.read(
            partial(self._queries.history, user=user, limit=limit, cursor=cursor)
        )

    async def payment(self, user: UserId, payment_id: PaymentId) -> Payment | None:
        """One payment of this customer; None when there is none or it is another's."""
        found = await self._database.read(partial(self._queries.payment, payment_id=payment_id))
        return found if found is not None and found.user_id == user else None

    # For terminals: the caller has proved which terminal number it speaks for

    async def payments_after(
        self, terminal: TerminalNumber, sequence: Sequence, limit: int
    ) -> PaymentsPage:
        """What this device has to announce after ``sequence``, in order. ``limit`` 1 to 500."""
        if not 1 <= limit <= _MOST_PULLED:
            raise ValueError("limit: from 1 to 500")
        return await self._database.read(
            partial(self._queries.payments_after, terminal=terminal, sequence=sequence, limit=limit)
        )

    async def resolve(
        self, terminal: TerminalNumber, sale: SaleNumber, mode: ResolveMode
    ) -> SaleResolution:
        """The outcome of a sale; VOID writes "void" where nothing is, the first insert wins.

        ValueError for a sale number outside 1 to 4294967295.
        """
        if not 0 < sale < _SALE_NUMBERS:
            raise ValueError("sale: from 1 to 4294967295")
        if mode is ResolveMode.VOID:
            await self._database.write(
                partial(
                    counter_work.void,
                    terminal=terminal,
                    sale=sale,
                    at=self._clock(),
                    checkpoint=self._checkpoint,
                ),
                repeatable=True,
            )
            self._checkpoint(Checkpoint.VOID_AFTER_COMMIT)
        return await self._database.read(
            partial(self._queries.resolution, terminal=terminal, sale=sale)
        )

    async def skip_heard(self, terminal: TerminalNumber, heard: Sequence) -> int:
        """This device says that it has heard up to ``heard``. When the ledger has not given that
        out (an older copy of the books was restored), its sequences jump beyond it. Returns by how
        many the device is ahead; 0 is the rule."""
        if heard <= await self.last_sequence(terminal):
            return 0
        return await self._database.write(
            partial(skip_heard, stream=StreamId(terminal), heard=heard, clock=self._ledger_clock),
            repeatable=True,
        )

    async def last_sequence(self, terminal: TerminalNumber) -> Sequence:
        """The highest sequence given to this device; 0 before the first payment."""
        return await self._database.read(partial(self._queries.last_sequence, terminal=terminal))

    async def highest_sale_number(self, terminal: TerminalNumber) -> SaleNumber:
        """The highest sale number that this terminal is known to have used; 0 for none.

        Of outcomes and claims; the device's next sale must be above it.
        """
        return await self._database.read(partial(self._queries.highest_sale, terminal=terminal))

    async def day_totals(self, terminal: TerminalNumber, day: date) -> DayTotals:
        """Sums of one day in Japan over what this device announced, per service."""
        return await self._database.read(
            partial(self._queries.day_totals, terminal=terminal, day=day)
        )

    # For the relay

    async def unsent_announcements(
        self, limit: int, skip: frozenset[AnnouncementId] = frozenset()
    ) -> tuple[Announcement, ...]:
        """The first ``limit`` (1 to 500) committed payments not yet marked, in order per terminal;
        those of ``skip`` are counted and left out."""
        if not 1 <= limit <= _MOST_PULLED:
            raise ValueError("limit: from 1 to 500")
        return await self._database.read(partial(self._queries.unsent, limit=limit, skip=skip))

    async def mark_announced(self, announcements: tuple[AnnouncementId, ...]) -> None:
        """The broker has them. Marking twice does nothing; an unmarked one is given again."""
        self._checkpoint(Checkpoint.OUTBOX_BEFORE_MARK)
        await self._database.write(
            partial(mark_sent, announcements=announcements, at=self._clock()), repeatable=True
        )
        self._checkpoint(Checkpoint.OUTBOX_AFTER_MARK)

    # For the house

    async def prune(self) -> None:
        """Delete what has served its time: declines after 30 days, claims after a day, announced
        outbox rows after 7 days. A due job, once a day or so.
        """
        await self._database.write(partial(prune, at=self._clock()), repeatable=True)

    async def _command(
        self,
        user: UserId,
        key: str,
        ticket: str,
        amount: Yen,
        legs: tuple[LegRequest, ...],
        again: AgainOnStand,
    ) -> PayCommand | Refused:
        """A late ticket is no reason here: its key may have paid already."""
        now = self._clock()
        opened = self._open_ticket(ticket)
        if isinstance(opened, Refused):
            return replace(opened, at=now)
        refused = request_refusal(key, amount, opened, legs, self._settings.max_amount, now)
        if refused is not None:
            return refused
        owner = await self._owners.of(user)
        if owner is None:
            return Refused(RefusalCode.USER_UNKNOWN, at=now)
        announced_to = await self._announcer(opened)
        deadline = self._deadline(opened)
        return command_of(opened, user, owner, key, amount, legs, again, announced_to, deadline)

    def _open_ticket(self, text: str, now: Micros | None = None) -> Ticket | Refused:
        """``now`` None: however old it is."""
        try:
            ticket = open_ticket(text, self._keyring.ticket_key)
        except TicketError:
            return Refused(RefusalCode.TICKET_INVALID, field="ticket", at=Micros(now or 0))
        if now is not None and now >= self._deadline(ticket):
            return Refused(RefusalCode.TICKET_EXPIRED, field="ticket", at=now)
        return ticket

    def _deadline(self, ticket: Ticket) -> Micros:
        if ticket.arrived_at < self._settings.reopened_at:
            return ticket.arrived_at  # from before the books were restored: never in time
        return Micros(ticket.arrived_at + self._settings.commit_within)

    async def _announcer(self, ticket: Ticket) -> TerminalNumber | None:
        """Whose stream a payment will raise; only a stand needs a look into the directory."""
        if ticket.kind is SaleKind.DYNAMIC:
            return ticket.terminal
        counter = await self._database.read(partial(self._reads.counter, number=ticket.terminal))
        return None if counter is None else counter.announced_to

    async def _take(
        self, user: UserId, ticket: Ticket, amount: Yen, now: Micros
    ) -> Claimed | Refused:
        work = partial(
            counter_work.claim,
            user=user,
            ticket=ticket,
            amount=amount,
            at=now,
            limits=self._settings.claims,
            checkpoint=self._checkpoint,
        )
        for _ in range(_RACES):
            try:
                taken = await self._database.write(work, repeatable=True)
            except ClaimRaced:
                continue
            self._checkpoint(Checkpoint.CLAIM_AFTER_COMMIT)
            return taken
        return Refused(RefusalCode.OVERLOADED, at=now)
