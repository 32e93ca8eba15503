"""TerminalService: a terminal speaks for itself alone; its identity is the certificate's."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import date

from protos.choba.v1 import terminal_service_pb2 as pb
from protos.choba.v1.terminal_service_pb2_grpc import TerminalServiceServicer
from protos.operation.logs import say
from protos.units import Micros, PaymentId, SaleNumber, Sequence, Yen
from server.announcements.messages import KINDS, payment_message
from server.clock import Clock
from server.directory import ShopId
from server.fleet import DeviceEvent, DeviceEventKind, Fleet, Hello, TerminalIdentity
from server.fleet.configuration import ConfigurationSource, TerminalConfiguration
from server.payments import (
    CancelRequest,
    PaymentCancels,
    PaymentDesk,
    ResolveMode,
    SaleState,
    by_terminal,
)
from server.rpc.calls import Context, principal
from server.rpc.cancel_messages import accept_expired, cancellation_message
from server.rpc.errors import invalid_field, plain_text, whole_number
from server.rpc.guards import TerminalGuard

log = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS = 5.0
_MOST_EVENTS = 500
_NUMBER_32 = 2**32 - 1
_LATEST_MICROS = 2**62
_MODES = {
    pb.RESOLVE_MODE_ASK: ResolveMode.ASK,
    pb.RESOLVE_MODE_VOID: ResolveMode.VOID,
}
_OUTCOMES = {
    SaleState.OPEN: pb.SALE_OUTCOME_OPEN,
    SaleState.PAID: pb.SALE_OUTCOME_PAID,
    SaleState.VOID: pb.SALE_OUTCOME_VOID,
}


class ConfigurationWatch:
    """Wakes the streams of configurations: something may have changed, or the server stops."""

    def __init__(self) -> None:
        self.stopping = False
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Every stream looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """Every stream ends, so that the server can."""
        self.stopping = True
        self.changed()

    async def wait(self) -> None:
        """Until a change, or a few seconds: another process may have made one."""
        changed = self._changed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                await changed.wait()


class TerminalServicer(TerminalServiceServicer):
    """Translates; fleet and payment desk decide."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        desk: PaymentDesk,
        cancels: PaymentCancels,
        guard: TerminalGuard,
        configuration: ConfigurationSource,
        watch: ConfigurationWatch,
        clock: Clock,
    ) -> None:
        self._fleet = fleet
        self._desk = desk
        self._cancels = cancels
        self._guard = guard
        self._configuration = configuration
        self._watch = watch
        self._clock = clock

    async def Connect(self, request: pb.ConnectRequest, context: Context) -> pb.ConnectResponse:
        """Two living starts of a device on one certificate: blocked, and the operator is told."""
        identity = _terminal()
        boot_id = plain_text("boot_id", request.boot_id, 1, 64)
        hello = Hello(
            boot_id=boot_id,
            highest_sale_number=SaleNumber(request.highest_sale_number),
            last_sequence=Sequence(
                whole_number("last_sequence", request.last_sequence, 0, _LATEST_MICROS)
            ),
            software_version=request.software_version[:64],
        )
        device_time = whole_number(
            "device_time_micros", request.device_time_micros, 0, _LATEST_MICROS
        )
        present = await self._fleet.connect(identity, hello, Micros(device_time))
        self._guard.connected(identity, context, boot_id)
        await self._compare(identity, hello.last_sequence)
        settled = await self._desk.highest_sale_number(identity.number)
        return pb.ConnectResponse(
            ledger_id=self._fleet.ledger_id,
            highest_sale_number=max(settled, present.highest_sale_number),
            last_sequence=await self._desk.last_sequence(identity.number),
            server_time_micros=self._clock(),
            connection_number=present.connection_number,
        )

    async def _compare(self, identity: TerminalIdentity, heard: Sequence) -> None:
        """A device that is ahead has announced what these books do not hold: they are an older
        copy. Its stream jumps, so that nothing new is taken for what it has heard."""
        ahead = await self._desk.skip_heard(identity.number, heard)
        if ahead:
            say(
                log,
                logging.ERROR,
                "these books are older than a terminal's journal; were they restored?",
                code="CHOBA_LEDGER_OLDER_THAN_DEVICE",
                terminal=identity.terminal_id,
                lost_announcements=ahead,
            )

    async def PullPayments(
        self, request: pb.PullPaymentsRequest, context: Context
    ) -> pb.PullPaymentsResponse:
        """In order of sequence, without a gap."""
        limit = whole_number("limit", request.limit, 1, 500)
        after = whole_number("after_sequence", request.after_sequence, 0, _LATEST_MICROS)
        page = await self._desk.payments_after(_terminal().number, Sequence(after), limit)
        return pb.PullPaymentsResponse(
            payments=[payment_message(payment) for payment in page.payments],
            last_sequence=page.last_sequence,
            server_time_micros=self._clock(),
            resumes_after=page.resumes_after,
        )

    async def ResolveSale(
        self, request: pb.ResolveSaleRequest, context: Context
    ) -> pb.ResolveSaleResponse:
        """ASK changes nothing; VOID writes "void" unless the sale is paid already."""
        mode = _MODES.get(request.mode)
        if mode is None:
            raise invalid_field("mode", "must be RESOLVE_MODE_ASK or RESOLVE_MODE_VOID")
        sale = SaleNumber(whole_number("sale_number", request.sale_number, 1, _NUMBER_32))
        resolution = await self._desk.resolve(_terminal().number, sale, mode)
        payment = resolution.payment
        return pb.ResolveSaleResponse(
            outcome=_OUTCOMES[resolution.state],
            payment=payment_message(payment) if payment is not None else None,
            server_time_micros=self._clock(),
        )

    async def PushEvents(
        self, request: pb.PushEventsRequest, context: Context
    ) -> pb.PushEventsResponse:
        """The same event sent twice is one."""
        whole_number("events", len(request.events), 0, _MOST_EVENTS)
        told = tuple(_event(index, event) for index, event in enumerate(request.events))
        await self._fleet.keep_events(_terminal(), told)
        return pb.PushEventsResponse(event_ids=[event.event_id for event in told])

    async def WatchConfiguration(
        self, request: pb.WatchConfigurationRequest, context: Context
    ) -> AsyncIterator[pb.WatchConfigurationResponse]:
        """The configuration if it is another than the device's, then each newer one. The
        certificate is looked up again on every turn."""
        identity = _terminal()
        known = request.version[:64]
        while not self._watch.stopping:
            current = await self._configuration(identity.terminal_id)
            if current.version != known:
                known = current.version
                yield pb.WatchConfigurationResponse(configuration=configuration_message(current))
            await self._watch.wait()
            await self._guard("WatchConfiguration", context)

    async def GetDayTotals(
        self, request: pb.GetDayTotalsRequest, context: Context
    ) -> pb.GetDayTotalsResponse:
        """One day in Japan."""
        try:
            day = date.fromisoformat(request.day)
        except ValueError as error:
            raise invalid_field("day", "must be a date, YYYY-MM-DD") from error
        totals = await self._desk.day_totals(_terminal().number, day)
        services = [
            pb.ServiceDayTotal(
                service_id=total.service_id,
                service_name=total.name_ja,
                use_yen=total.use_amount,
                use_count=total.use_count,
                cancel_yen=total.cancel_amount,
                cancel_count=total.cancel_count,
            )
            for total in totals.services
        ]
        return pb.GetDayTotalsResponse(services=services, last_sequence=totals.last_sequence)

    async def RenewCertificate(
        self, request: pb.RenewCertificateRequest, context: Context
    ) -> pb.RenewCertificateResponse:
        """The old certificate holds until the new one has been used."""
        whole_number("csr_der", len(request.csr_der), 64, 4096)
        pem = await self._fleet.renew(_terminal(), request.csr_der)
        return pb.RenewCertificateResponse(certificate_pem=pem)

    async def CancelPayment(
        self, request: pb.TerminalServiceCancelPaymentRequest, context: Context
    ) -> pb.TerminalServiceCancelPaymentResponse:
        """A payment that this terminal announces; staff have entered their PIN there."""
        identity = _terminal()
        cancel = CancelRequest(
            request.idempotency_key,
            PaymentId(plain_text("payment_id", request.payment_id, 20, 20)),
            ShopId(plain_text("shop_id", request.shop_id, 1, 64)),
            Yen(request.amount_yen),
            accept_expired(request.accept_expired),
            why="",
        )
        by = by_terminal(identity.terminal_id, identity.number)
        cancelled = await asyncio.to_thread(self._cancels.cancel, cancel, by)
        return pb.TerminalServiceCancelPaymentResponse(
            cancellation=cancellation_message(cancelled), server_time_micros=self._clock()
        )


def configuration_message(configuration: TerminalConfiguration) -> pb.TerminalConfiguration:
    """A configuration as it travels."""
    facts = configuration.facts
    return pb.TerminalConfiguration(
        version=configuration.version,
        shop_id=configuration.shop_id,
        shop_name=configuration.shop_name,
        terminal_name=configuration.terminal_name,
        wallet_host=facts.wallet_host,
        wallet_scheme=facts.wallet_scheme,
        amount_limit_yen=facts.amount_limit,
        slip_copies=facts.slip_copies,
        office_name=facts.office_name,
        office_phone=facts.office_phone,
        schedules=[
            pb.ServiceSchedule(
                service_id=schedule.service_id,
                service_name=schedule.name_ja,
                kind=KINDS[schedule.kind],
                closes_at_micros=schedule.closes_at,
                pay_day=schedule.pay_day.isoformat(),
            )
            for schedule in configuration.schedules
        ],
        notices=[
            pb.Notice(notice_id=notice.notice_id, title=notice.title, body=notice.body)
            for notice in configuration.notices
        ],
    )


def _terminal() -> TerminalIdentity:
    identity: TerminalIdentity = principal(TerminalIdentity)
    return identity


def _event(index: int, event: pb.DeviceEvent) -> DeviceEvent:
    where = f"events[{index}]"
    try:
        kind = DeviceEventKind(event.kind)
    except ValueError as error:
        raise invalid_field(f"{where}.kind", "is not a kind of event") from error
    return DeviceEvent(
        event_id=plain_text(f"{where}.event_id", event.event_id, 20, 20),
        kind=kind,
        at=Micros(whole_number(f"{where}.at_micros", event.at_micros, 0, _LATEST_MICROS)),
        payment_id=event.payment_id and plain_text(f"{where}.payment_id", event.payment_id, 20, 20),
        sale_number=SaleNumber(event.sale_number),
        detail=event.detail[:200],
    )
