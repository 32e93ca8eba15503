"""The composition root: the one place that knows every part of the server.

``build_server(settings, state, ...)`` picks the real parts; ``__main__`` calls it with the
machine's clock and ``no_checkpoint``, the harness of the kill tests with its own.
Longer than the house's 400 lines because it is the one list of every part; it decides nothing.
"""

import asyncio
import contextlib
import logging
import secrets
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Connection, text

from protos.operation.logs import say
from protos.units import Micros, TerminalId, Yen
from server.announcements.broker import Broker
from server.announcements.claims import Claims
from server.announcements.publisher import BrokerAddress, Publisher
from server.announcements.relay import Relay
from server.campaigns import GrantDesk, learn_calendar
from server.campaigns.bulk import BulkDesk, BulkRunner, BulkWorker
from server.campaigns.selling import ELIGIBILITY_PURPOSE, CampaignDesk
from server.checkpoints import CheckpointPort, no_checkpoint
from server.clock import Clock, system_clock, tokyo_day
from server.directory import known_units, shops, terminals
from server.directory.signin import SignIn
from server.directory.sms import FileSmsGateway
from server.fleet import Fleet, Revoked
from server.fleet.configuration import ConfigurationReader, OperatorFacts
from server.foundations import Foundations, lay_foundations
from server.identity import SERVER_USER
from server.ledger import (
    PayIns,
    restored_at,
    trial_balance,
)
from server.operators import Operators
from server.paperwork import Paperwork
from server.payments import Committed, DeskHooks, DeskSettings, PaymentCancels, PaymentDesk
from server.rpc.enrolment import EnrolmentServicer
from server.rpc.guards import CustomerGuard, OperatorGuard, TerminalGuard
from server.rpc.listeners import Listener, device_listener, public_listener
from server.rpc.operator import HouseCalls, TerminalLine, operator_servicer
from server.rpc.operator_acts import ActsCalls
from server.rpc.operator_books import BooksCalls
from server.rpc.operator_campaigns import CampaignCalls
from server.rpc.operator_cancels import CancelCalls
from server.rpc.operator_closes import CloseCalls
from server.rpc.operator_documents import DocumentCalls
from server.rpc.operator_grants import GrantCalls
from server.rpc.operator_payments import PaymentCalls
from server.rpc.operator_payouts import PayoutCalls
from server.rpc.operator_reports import ReportCalls
from server.rpc.terminal import ConfigurationWatch, TerminalServicer
from server.rpc.wallet import WalletServicer
from server.settings import Settings
from server.settlement.bankfile import ZenginBanks
from server.settlement.closes import CloseDesk
from server.settlement.paper import PdfPool
from server.settlement.payouts import PayeeDesk, PayoutDesk
from server.standing_jobs import standing_jobs
from server.state import StateFolder
from server.web.wallet import PlainHttp, WalletSettings, create_wallet_app
from server.web_listener import WebListener

log = logging.getLogger(__name__)

_GRACE_SECONDS = 5.0
_HEALTH_SECONDS = 5.0
_REVOCATION_PAUSE = 0.2
_WILDCARDS = frozenset({"0.0.0.0", "::", ""})


class ChobaServer:
    """Every part of one server process. ``start``, then ``run`` until told to stop, ``stop``."""

    def __init__(self, base: Foundations) -> None:
        """On the event loop that will serve. Raises ListenError, WebPortError."""
        settings = base.settings
        self._base = base
        self._broker = None if settings.broker.url else Broker(base.state.broker, settings.broker)
        self._publisher = _publisher(base, self._broker_connected)
        self._claims = Claims(self._publisher, base.keyring, base.ledger_id, base.clock)
        self._desk = _desk(base, self._committed, self._claims)
        self._relay = Relay(
            outbox=self._desk,
            wire=self._publisher,
            keyring=base.keyring,
            ledger_id=base.ledger_id,
            in_flight=settings.broker.in_flight,
            checkpoint=base.checkpoint,
        )
        self._fleet = Fleet(
            database=base.database,
            keyring=base.keyring,
            authority=base.authority,
            clock=base.clock,
            certificate_clock=system_clock,
            ledger_id=base.ledger_id,
            on_revoked=self._certificates_ended,
            checkpoint=base.checkpoint,
        )
        self._signin = _signin(base)
        self._watch = ConfigurationWatch()
        self._revoked = asyncio.Event()
        self._cut = False
        self._cancels = PaymentCancels(base.database, base.clock, checkpoint=base.checkpoint)
        self._devices = _devices(base, self._fleet, self._desk, self._cancels, self._watch)
        self._bulk = BulkWorker(base.database, base.ledger_clock)
        key = base.keyring.derive(ELIGIBILITY_PURPOSE)
        self._campaigns = CampaignDesk(base.database, base.ledger_clock, key)
        self._closes = CloseDesk(base.database, base.ledger_clock, base.head_key, base.checkpoint)
        self._papers = PdfPool()  # one process: payments have the other core
        self._public = _public(
            base,
            self._fleet,
            self._desk,
            self._cancels,
            self._signin,
            self._bulk,
            self._campaigns,
            self._closes,
            self._papers,
        )
        self._webs = _webs(base, self._desk, self._signin)
        self._jobs = standing_jobs(base, self._desk, self._campaigns, self._closes)
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._parts = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Returns when every listener accepts. The broker may need longer: payments do not."""
        await self._parts.enter_async_context(self._desk)
        if self._broker is not None:
            base = self._base
            await self._broker.start(base.identity, base.authority.pem, await self._revocations())
        self._publisher.start()
        self._tasks = (
            asyncio.create_task(self._relay.run(), name="relay"),
            asyncio.create_task(self._keep_revocations(), name="revocations"),
            asyncio.create_task(self._jobs.run(), name="due jobs"),
            asyncio.create_task(self._base.lane.keep(), name="lane's lease"),
            asyncio.create_task(self._bulk.run(), name="bulk"),
        )
        # pay days need it; loaded while the first phone is still on its way
        self._calendar = asyncio.get_running_loop().run_in_executor(
            None, learn_calendar, tokyo_day(self._base.clock())
        )
        await asyncio.gather(
            self._devices.start(), self._public.start(), *(web.start() for web in self._webs)
        )
        say(
            log,
            logging.INFO,
            "serving",
            devices=self._base.settings.devices.port,
            public=self._base.settings.public.port,
            wallet=self._base.wallet_url,
            ledger=self._base.ledger_id,
            lane=self._base.lane.lane,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``, or until a part ends that never should: then that part's error."""
        stopping = asyncio.create_task(stop.wait(), name="stop")
        done, _ = await asyncio.wait({stopping, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in done - {stopping}:
            task.result()
            raise RuntimeError(f"{task.get_name()} ended by itself")

    async def stop(self) -> None:
        """New calls are refused, running ones end, what was committed stays to be announced."""
        self._watch.stop()
        await asyncio.gather(*(web.stop() for web in self._webs))
        await asyncio.gather(self._devices.stop(_GRACE_SECONDS), self._public.stop(_GRACE_SECONDS))
        await asyncio.to_thread(self._papers.close)
        await self._parts.aclose()
        await self._bulk.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._publisher.stop()
        if self._broker is not None:
            await self._broker.stop()
        await self._base.lane.release()
        await self._base.database.close()

    async def healthy(self) -> bool:
        """The loop turns (or this would not run), the database answers, no part has ended."""
        try:
            async with asyncio.timeout(_HEALTH_SECONDS):
                await self._base.database.read(lambda c: c.execute(text("SELECT 1")).scalar())
        except Exception as error:  # whatever it is, it is no sign of life
            say(log, logging.ERROR, "health check failed", error=error)
            return False
        return not any(task.done() for task in self._tasks)

    def _committed(self, payments: Sequence[Committed]) -> None:
        self._relay.fresh(payments)

    def _broker_connected(self) -> None:
        self._relay.broker_returned()
        self._claims.broker_returned()

    def _certificates_ended(self, because: Revoked) -> None:
        # after a renewal the old certificate is in the hands of the same device still
        self._cut = self._cut or because is not Revoked.RENEWED
        self._revoked.set()

    async def _keep_revocations(self) -> None:
        """Tell the broker of each certificate that ended; several at once in one go."""
        while True:
            await self._revoked.wait()
            await asyncio.sleep(_REVOCATION_PAUSE)
            self._revoked.clear()
            cut, self._cut = self._cut, False
            crl = await self._revocations()
            if self._broker is None:
                # a broker of the operator's own reads it from here
                self._base.keys.write("revoked.pem", crl)
            elif cut:
                self._broker.cut(crl)
            else:
                self._broker.refuse(crl)

    async def _revocations(self) -> bytes:
        serials = await self._fleet.revoked_serials()
        return self._base.authority.revocation_list(serials, datetime.now(UTC))


async def build_server(
    settings: Settings,
    state: StateFolder,
    environment: Mapping[str, str],
    checkpoint: CheckpointPort = no_checkpoint,
    clock: Clock = system_clock,
) -> ChobaServer:
    """A server of real parts, not yet started. Raises what ``lay_foundations`` and the listeners
    raise; each error has a stable ``code`` and a sentence that names the remedy."""
    base = lay_foundations(settings, state, environment, clock, checkpoint)
    try:
        return ChobaServer(base)
    except BaseException:
        await base.database.close()
        raise


def _publisher(base: Foundations, on_connected: Callable[[], None]) -> Publisher:
    broker = base.settings.broker
    now = datetime.now(UTC)
    own = base.authority.issue_identity(SERVER_USER, now, client=True)
    base.keys.write("broker-client.key", own.key_pem.reveal())
    base.keys.write("broker-client.pem", own.chain_pem)
    if broker.url:
        parts = urlsplit(broker.url)
        address = BrokerAddress(parts.hostname or "", parts.port or 8883)
        tls = ssl.create_default_context(cafile=broker.ca_file or None)
    else:
        host = "127.0.0.1" if broker.host in _WILDCARDS else broker.host
        address = BrokerAddress(host, broker.port)
        tls = ssl.create_default_context(cadata=base.authority.pem)
    tls.load_cert_chain(base.keys.path("broker-client.pem"), base.keys.path("broker-client.key"))
    client_id = f"choba-server-{secrets.token_hex(6)}"  # n processes share one broker
    return Publisher(address, tls, client_id, broker.in_flight, on_connected)


def _desk(
    base: Foundations, on_committed: Callable[[Sequence[Committed]], None], claims: Claims
) -> PaymentDesk:
    return PaymentDesk(
        database=base.database,
        keyring=base.keyring,
        clock=base.clock,
        settings=DeskSettings(
            own_hosts=frozenset({urlsplit(base.wallet_url).netloc.lower()}),
            lane=base.lane.lane,
            reopened_at=base.database.read_now(restored_at),
        ),
        hooks=DeskHooks(on_claim_changed=claims.tell, on_committed=on_committed),
        checkpoint=base.checkpoint,
        owners=base.owners,
    )


def _signin(base: Foundations) -> SignIn:
    web = base.settings.web
    file = Path(web.sms_file) if web.sms_file else base.state.root / "sms.jsonl"
    return SignIn(
        database=base.database,
        gateway=FileSmsGateway(file),
        secret=base.keyring.derive(b"choba-signin-v1"),
        clock=base.clock,
        sender=web.name_ja,
        autofill_host=urlsplit(base.wallet_url).hostname or "",
        owners=base.owners,
    )


def _devices(
    base: Foundations,
    fleet: Fleet,
    desk: PaymentDesk,
    cancels: PaymentCancels,
    watch: ConfigurationWatch,
) -> Listener:
    settings = base.settings
    guard = TerminalGuard(fleet)
    url = urlsplit(base.wallet_url)
    facts = OperatorFacts(
        wallet_host=url.netloc,
        wallet_scheme=url.scheme,
        amount_limit=Yen(settings.terminals.amount_limit_yen),
        slip_copies=settings.terminals.slip_copies,
        office_name=settings.office.name,
        office_phone=settings.office.phone,
    )
    servicer = TerminalServicer(
        fleet=fleet,
        desk=desk,
        cancels=cancels,
        guard=guard,
        configuration=ConfigurationReader(base.database, facts, base.clock),
        watch=watch,
        clock=base.clock,
    )
    return device_listener(
        address=_address(settings.devices.host, settings.devices.port),
        identity=base.identity,
        ca_pem=base.authority.pem,
        guard=guard,
        terminals=servicer,
    )


def _public(
    base: Foundations,
    fleet: Fleet,
    desk: PaymentDesk,
    cancels: PaymentCancels,
    signin: SignIn,
    bulk: BulkWorker,
    campaigns: CampaignDesk,
    closes: CloseDesk,
    papers: PdfPool,
) -> Listener:
    settings = base.settings

    async def terminal_lines() -> tuple[TerminalLine, ...]:
        seen = await fleet.last_seen()
        return await base.database.read(lambda c: _terminal_lines(c, seen))

    house = HouseCalls(
        fleet=fleet,
        terminals=terminal_lines,
        trial_balance=lambda at: base.database.read(lambda c: trial_balance(c, at)),
        code_seconds=settings.terminals.pairing_minutes * 60,
    )
    books = BooksCalls(
        database=base.database,
        pay_ins=PayIns(base.database, base.ledger_clock, known_units),
        key=base.head_key,
        clock=base.clock,
    )
    return public_listener(
        address=_address(settings.public.host, settings.public.port),
        identity=base.identity,
        enrolment=EnrolmentServicer(fleet),
        wallet=WalletServicer(desk, signin, base.clock, campaigns),
        wallet_guard=CustomerGuard(signin),
        operator=operator_servicer(
            house,
            books,
            PaymentCalls(desk),
            ActsCalls(base.database),
            _grants(base, bulk),
            CampaignCalls(campaigns),
            CancelCalls(base.database, cancels, base.clock, signin.believe_no_more),
            CloseCalls(base.database, closes, base.ledger_clock),
            ReportCalls(base.database, base.settings.office.id),
            _payouts(base),
            DocumentCalls(
                Paperwork(base.database, base.keyring, settings, base.ledger_clock, papers)
            ),
        ),
        operator_guard=OperatorGuard(Operators(base.keys)),
    )


def _payouts(base: Foundations) -> PayoutCalls:
    of = (base.database, base.clock, ZenginBanks(), base.ledger_clock)
    return PayoutCalls(base.database, PayoutDesk(*of), PayeeDesk(*of))


def _grants(base: Foundations, bulk: BulkWorker) -> GrantCalls:
    clock = base.ledger_clock
    return GrantCalls(
        grants=GrantDesk(base.database, clock),
        bulk=BulkDesk(base.database, clock),
        runner=BulkRunner(base.database, clock),
        wake=bulk.wake,
    )


def _terminal_lines(
    connection: Connection, seen: Mapping[TerminalId, Micros]
) -> tuple[TerminalLine, ...]:
    names = {shop.shop_id: shop.name_ja for shop in shops(connection)}
    return tuple(
        TerminalLine(
            terminal.terminal_id,
            terminal.name_ja,
            names[terminal.shop_id],
            terminal.number,
            seen.get(terminal.terminal_id, Micros(0)),
        )
        for terminal in terminals(connection)
    )


def _webs(base: Foundations, desk: PaymentDesk, signin: SignIn) -> tuple[WebListener, ...]:
    web, office = base.settings.web, base.settings.office
    app = create_wallet_app(
        desk=desk,
        signin=signin,
        clock=base.clock,
        settings=WalletSettings(
            secret=base.keyring.derive(b"choba-wallet-v1"),
            qr_hosts=frozenset({urlsplit(base.wallet_url).netloc.lower()}),
            name_ja=web.name_ja,
            name_en=web.name_en,
            help_phone=office.phone,
            help_hours_ja=office.hours_ja,
            help_hours_en=office.hours_en,
            plain_http=PlainHttp.DEMO if web.plain_http_port else PlainHttp.REFUSED,
        ),
    )
    tls = (base.keys.path("server.key"), base.keys.path("server.pem"))
    https = WebListener(app, web.host, web.https_port, "web.https_port", tls)
    if not web.plain_http_port:
        return (https,)
    return (https, WebListener(app, web.host, web.plain_http_port, "web.plain_http_port"))


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
