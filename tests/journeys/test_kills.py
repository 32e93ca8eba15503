"""SIGKILL to server, counter, broker and printer at every step of a payment, then a new start.

One house for the whole file. Every payment is one sale: a phone reads the QR from the picture of
the window, claims, and pays; where no answer comes it asks again with the same key. After each
kill the promises are looked up where they are kept: books, journal, log, paper.
"""

import time
from collections.abc import Iterator

import grpc
import pytest

from device.checkpoints import Point
from protos.choba.v1.operator_closes_pb2 import RunCloseRequest
from server.checkpoints import Checkpoint
from server.directory import ServiceId
from tests.support.house import WAIT_S, House, a_house, link_of, until
from tools.harness.customer import Customer, Receipt, RefusedError
from tools.harness.pages import Page
from tools.harness.process import StageError

pytestmark = pytest.mark.journey

TOLD = {"spoken", "silent", "late", "seen", "by_code"}
DONE = {"printed", "doubtful"}

AT_CLAIM = (Point.BEFORE_JOURNAL, Point.IN_JOURNAL, Point.AFTER_JOURNAL, Point.AFTER_SHOW)
AT_PAYMENT = (
    Point.BEFORE_JOURNAL,
    Point.IN_JOURNAL,
    Point.AFTER_JOURNAL,
    Point.BEFORE_SHOW,
    Point.AFTER_SHOW,
    Point.BEFORE_SPEECH,
    Point.AFTER_SPEECH,
    Point.BEFORE_PRINT,
    Point.AFTER_PRINT,
    Point.BEFORE_PUSH,
    Point.AFTER_PUSH,
)
AT_BOOT = (Point.BEFORE_RESOLVE, Point.BEFORE_PULL)
UNHEARD = {Point.BEFORE_JOURNAL, Point.IN_JOURNAL, Point.BEFORE_SPEECH}
"""Nothing was said before the counter died here, so nothing is ever said."""

SERVER_AT_ENROLMENT = (Checkpoint.ENROL_BEFORE_COMMIT, Checkpoint.ENROL_AFTER_COMMIT)
SERVER_AT_CLAIM = (Checkpoint.CLAIM_BEFORE_COMMIT, Checkpoint.CLAIM_AFTER_COMMIT)
SERVER_AT_PAYMENT = (
    Checkpoint.POST_BEFORE_LOCK,
    Checkpoint.POST_AFTER_LOCK,
    Checkpoint.POST_AFTER_DECIDE,
    Checkpoint.POST_AFTER_INSERT,
    Checkpoint.POST_BEFORE_COMMIT,
    Checkpoint.POST_AFTER_COMMIT,
    Checkpoint.RELAY_BEFORE_PUBLISH,
    Checkpoint.RELAY_AFTER_PUBLISH,
    Checkpoint.RELAY_AFTER_ACK,
    Checkpoint.OUTBOX_BEFORE_MARK,
    Checkpoint.OUTBOX_AFTER_MARK,
)
SERVER_AT_VOID = (Checkpoint.VOID_BEFORE_COMMIT, Checkpoint.VOID_AFTER_COMMIT)
SERVER_AT_CLOSE = (
    Checkpoint.CLOSE_BEFORE_LOCK,
    Checkpoint.CLOSE_AFTER_LOCK,
    Checkpoint.CLOSE_AFTER_CUT,
    Checkpoint.CLOSE_AFTER_INSERT,
    Checkpoint.CLOSE_BEFORE_COMMIT,
    Checkpoint.CLOSE_AFTER_COMMIT,
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Opened with the server dying twice while the terminal enrols."""
    with a_house(tmp_path_factory.mktemp("kills")) as house:
        house.stack.start_server()
        house.furnish()
        house.new_printer()
        for point in SERVER_AT_ENROLMENT:
            house.server.arm(point)
            with pytest.raises(StageError, match="enrolment"):
                house.stack.enrol_device()
            house.wait_death(house.stack.server, house.server)
            house.stack.start_server()
        house.stack.enrol_device()
        house.start_device()
        yield house


@pytest.fixture(autouse=True)
def _harmless_again(house: House) -> Iterator[None]:
    """A test that fails must not kill in the next one; what it left dead is started."""
    yield
    house.server.disarm()
    house.device.disarm()
    for program, start in (
        (house.stack.server, house.stack.start_server),
        (house.stack.printer, house.new_printer),
        (house.stack.device, house.start_device),
    ):
        if program is None or not program.is_running():
            start()
    if house.unsettled:  # a phone may still hold the sale: a counter that starts voids it
        assert house.stack.device is not None
        house.stack.device.kill()
        house.start_device()
        house.unsettled = False
    house.next_customer()


# --- one payment --------------------------------------------------------------------------------


class Sale:
    """One sale, from the QR to everything that must be true afterwards."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.customer: Customer = house.customer()
        self.amount = house.amount()
        self.money = house.money()
        self.payments = self._payments()
        self.qr = house.stack.read_qr()
        self.page: Page | None = None
        house.unsettled = True

    def claim(self, *, seen: bool = True) -> None:
        """The phone opens the QR, the customer enters the amount; the counter shows it.

        A claim that finds the counter without its broker is lost on purpose (QoS 0).
        """
        assert self.house.stack.device is not None
        before = len(self.house.stack.device.lines)
        reachable = link_of(self.house.stack.device, "broker link") == "up"
        page = self.customer.open_sale(self.qr)
        if seen and reachable:
            self.house.stack.wait_screen("Claimed", after=before)
        self.page = self.customer.enter_amount(page, self.amount)

    def pay_once(self) -> Receipt | None:
        """「支払う」; None when no answer came."""
        assert self.page is not None
        return self.customer.ask_once(self.page)

    def pay(self) -> Receipt:
        """「支払う」, answered."""
        receipt = self.pay_once()
        assert receipt is not None
        return receipt

    def check(self, receipt: Receipt, *, spoken: tuple[int, ...] = (0, 1)) -> list[bool]:
        """All promises about this payment. Returns whether each slip was marked, in order."""
        house, payment = self.house, receipt.payment_id
        until(f"counter knows and has printed {payment}", lambda: self._is_settled(payment))
        # once: this payment alone moved money, by its amount
        assert self._payments() == self.payments + 1
        assert house.money() == self.money - self.amount
        rows = house.ask_books(
            "SELECT p.amount, o.state FROM payments p JOIN sale_outcomes o "
            "ON o.payment_id = p.payment_id WHERE p.payment_id = ?",
            payment,
        )
        assert rows == [(self.amount, 2)]
        assert house.findings() == []
        again = self.pay()  # whoever retries still gets the same payment
        assert again.payment_id == payment
        assert self._payments() == self.payments + 1
        # announced at most once, printed at most once without a mark
        told = house.told(payment)
        assert told is not None
        assert house.spoken(payment) in spoken
        if told.telling == "spoken":
            assert house.spoken(payment) == 1
        marked = [slip.marked for slip in house.slips(receipt)]
        assert marked, "no slip at all"
        assert marked.count(False) <= 1
        assert all(marked[1:]), f"an unmarked slip after another: {marked}"
        house.unsettled = False
        return marked

    def _is_settled(self, payment: str) -> bool:
        told = self.house.told(payment)
        return (
            told is not None
            and told.telling in TOLD
            and bool(told.prints)
            and all(phase in DONE for _, phase in told.prints)
        )

    def _payments(self) -> int:
        return int(self.house.ask_books("SELECT COUNT(*) FROM payments")[0][0])


# --- nobody dies ----------------------------------------------------------------------------------


def test_a_payment_that_nothing_disturbs_is_told_and_printed_once(house: House) -> None:
    sale = Sale(house)
    sale.claim()
    assert sale.check(sale.pay(), spoken=(1,)) == [False]


# --- the counter ----------------------------------------------------------------------------------


@pytest.mark.parametrize("point", AT_CLAIM, ids=lambda point: str(point.value))
def test_counter_dies_when_a_phone_claims(house: House, point: Point) -> None:
    sale = Sale(house)
    house.device.arm(point)
    sale.claim(seen=False)
    house.wait_death(house.stack.device, house.device)
    receipt = sale.pay()
    house.start_device()
    # it saw nothing of the payment in its own time: 先ほどの, silent; the slip is the original
    assert sale.check(receipt, spoken=(0,)) == [False]
    told = house.told(receipt.payment_id)
    assert told is not None
    assert told.telling == "late"


@pytest.mark.parametrize("point", AT_PAYMENT, ids=lambda point: str(point.value))
def test_counter_dies_at_a_step_of_the_payment(house: House, point: Point) -> None:
    sale = Sale(house)
    sale.claim()
    house.device.arm(point)
    receipt = sale.pay()
    house.wait_death(house.stack.device, house.device)
    house.start_device()
    marked = sale.check(receipt, spoken=(0,) if point in UNHEARD else (0, 1))
    if point is Point.BEFORE_PRINT:
        assert marked == [True]  # nobody knows that it never came out
    if point is Point.AFTER_PRINT:
        assert marked == [False, True]


@pytest.mark.parametrize("point", AT_BOOT, ids=lambda point: str(point.value))
def test_counter_dies_again_while_it_starts(house: House, point: Point) -> None:
    sale = Sale(house)
    sale.claim()
    assert house.stack.device is not None
    house.stack.device.kill()
    receipt = sale.pay()
    house.device.arm(point)
    house.start_device_to_die()
    house.start_device()
    sale.check(receipt, spoken=(0,))


# --- the server -----------------------------------------------------------------------------------


@pytest.mark.parametrize("point", SERVER_AT_CLAIM, ids=lambda point: str(point.value))
def test_server_dies_when_a_phone_claims(house: House, point: Checkpoint) -> None:
    sale = Sale(house)
    house.server.arm(point)
    assert not sale.customer.is_answered(lambda customer: customer.open_sale(sale.qr))
    house.wait_death(house.stack.server, house.server)
    house.stack.start_server()
    sale.claim(seen=False)
    assert sale.check(sale.pay()) == [False]


@pytest.mark.parametrize("point", SERVER_AT_PAYMENT, ids=lambda point: str(point.value))
def test_server_dies_at_a_step_of_the_payment(house: House, point: Checkpoint) -> None:
    sale = Sale(house)
    sale.claim()
    house.server.arm(point)
    receipt = sale.pay_once()
    house.wait_death(house.stack.server, house.server)
    house.stack.start_server()
    if receipt is None:
        receipt = sale.pay()
    assert sale.check(receipt, spoken=(1,)) == [False]


@pytest.mark.parametrize("point", SERVER_AT_VOID, ids=lambda point: str(point.value))
def test_server_dies_when_a_counter_in_doubt_voids_a_sale(house: House, point: Checkpoint) -> None:
    sale = Sale(house)
    sale.claim()
    assert house.stack.device is not None
    house.stack.device.kill()
    house.server.arm(point)
    house.start_device(online=False)
    house.wait_death(house.stack.server, house.server)
    house.stack.start_server()
    until(
        "the sale is void",
        lambda: (
            house.ask_books("SELECT state FROM sale_outcomes ORDER BY sale_number DESC")[0] == (3,)
        ),
    )
    with pytest.raises(RefusedError):
        sale.pay()
    assert house.money() == sale.money
    assert house.findings() == []
    house.unsettled = False


# --- the broker -----------------------------------------------------------------------------------


def test_broker_dies_before_the_claim(house: House) -> None:
    sale = Sale(house)
    house.kill_broker()
    sale.claim(seen=False)
    assert sale.check(sale.pay(), spoken=(1,)) == [False]


def test_broker_dies_between_claim_and_payment(house: House) -> None:
    sale = Sale(house)
    sale.claim()
    house.kill_broker()
    assert sale.check(sale.pay(), spoken=(1,)) == [False]


@pytest.mark.parametrize(
    "point",
    [Checkpoint.RELAY_BEFORE_PUBLISH, Checkpoint.RELAY_AFTER_PUBLISH, Checkpoint.RELAY_AFTER_ACK],
    ids=lambda point: str(point.value),
)
def test_broker_dies_while_the_payment_is_announced(house: House, point: Checkpoint) -> None:
    sale = Sale(house)
    sale.claim()
    house.server.arm(point, victim=house.broker_pid)
    receipt = sale.pay()
    until("broker is killed", lambda: not house.server.is_armed)
    assert sale.check(receipt, spoken=(1,)) == [False]


# --- the printer ----------------------------------------------------------------------------------


def test_printer_dies_in_the_middle_of_a_slip(house: House) -> None:
    sale = Sale(house)
    house.printer_says("slow 0.2")
    sale.claim()
    receipt = sale.pay()
    until("it prints", lambda: _phases(house, receipt.payment_id) == ["printing"])
    time.sleep(0.5)  # some lines are on the paper
    assert house.stack.printer is not None
    house.stack.printer.kill()
    house.new_printer()
    assert sale.check(receipt, spoken=(1,)) == [True]


def _phases(house: House, payment: str) -> list[str]:
    told = house.told(payment)
    return [phase for _, phase in told.prints] if told else []


# --- all together ---------------------------------------------------------------------------------


def test_server_and_counter_die_together(house: House) -> None:
    sale = Sale(house)
    sale.claim()
    house.device.arm(Point.AFTER_JOURNAL)
    house.server.arm(Checkpoint.OUTBOX_BEFORE_MARK)
    receipt = sale.pay_once()
    house.wait_death(house.stack.device, house.device)
    house.wait_death(house.stack.server, house.server)
    house.stack.start_server()
    house.start_device()
    sale.check(receipt or sale.pay())


@pytest.mark.parametrize("point", SERVER_AT_CLOSE, ids=lambda point: str(point.value))
def test_server_dies_at_a_step_of_a_close(house: House, point: Checkpoint) -> None:
    """Each with a service of its own, that the server's timer leaves alone."""
    service = ServiceId(f"fair-{SERVER_AT_CLOSE.index(point)}")
    house.past_service(service)
    run = RunCloseRequest(service_id=service, number=1, why="締め")
    house.server.arm(point)
    with pytest.raises(grpc.RpcError):
        house.stack.ask_operator("RunClose", run)
    house.wait_death(house.stack.server, house.server)
    whole = point is Checkpoint.CLOSE_AFTER_COMMIT
    made = "SELECT close_id FROM closes WHERE service_id = ? AND number = 1"
    before = house.ask_books(made, service)
    assert len(before) == int(whole)
    heads = house.ask_books("SELECT COUNT(*) FROM signed_heads")[0][0]
    house.stack.start_server()
    again = house.stack.ask_operator("RunClose", run)
    assert again.repeated is whole
    assert house.ask_books(made, service) == [(again.close.close_id,)]
    assert not whole or before == [(again.close.close_id,)]
    assert house.ask_books("SELECT COUNT(*) FROM signed_heads")[0][0] >= heads + 1 - int(whole)
    assert house.findings() == []


def test_in_the_end_every_payment_is_known_and_reported(house: House) -> None:
    """Nothing is left over anywhere once all programs have run undisturbed for a moment."""
    house.next_customer()
    until(
        "the counter has pushed all its events",
        lambda: house.ask_journal("SELECT COUNT(*) FROM outbox") == [(0,)],
        timeout_s=WAIT_S,
    )
    assert house.ask_books("SELECT COUNT(*) FROM outbox WHERE announced_at IS NULL") == [(0,)]
    paid = house.ask_books("SELECT payment_id, sequence, amount FROM payments ORDER BY sequence")
    known = house.ask_journal("SELECT payment_id, sequence, amount FROM payments ORDER BY sequence")
    assert known == paid
    assert [sequence for _, sequence, _ in known] == list(range(1, len(known) + 1))
    assert "the books hold" in house.audit_by_command()
    assert not list(house.stack.plan.folder.glob("paper-*/errors.txt"))


def test_every_declared_checkpoint_was_reached(house: House) -> None:
    """A fault point that no payment reaches guards nothing: it fails the run."""
    assert {point.value for point in Point} - house.device.reached() == set()
    assert {point.value for point in Checkpoint} - house.server.reached() == set()
    killed_at = {*AT_CLAIM, *AT_PAYMENT, *AT_BOOT}
    assert set(Point) == killed_at
    killed_at_server = {
        *SERVER_AT_ENROLMENT,
        *SERVER_AT_CLAIM,
        *SERVER_AT_PAYMENT,
        *SERVER_AT_VOID,
        *SERVER_AT_CLOSE,
    }
    assert set(Checkpoint) == killed_at_server
