"""The journal: what was written is there after a power cut, whole or not at all."""

import os
import signal
import sqlite3
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.checkpoints import Checkpoint, Point
from device.core.outgoing import EventKind, OutgoingEvent
from device.core.page_data import Lockout
from device.core.printing_data import (
    JobPhase,
    PaymentSubject,
    PrintJob,
    ProvisionalSubject,
    SlipCopy,
    SlipMark,
)
from device.core.records import (
    ConfigurationKept,
    EventQueued,
    EventsDelivered,
    JobChanged,
    JobQueued,
    JournalOrigin,
    JournalRecord,
    LockoutSaved,
    PaymentReceived,
    SaleNumberRaised,
    SaleSaved,
    SequencesSkipped,
    TellingChanged,
)
from device.core.sale_data import Attention, Doubt, Sale, SalePhase
from device.core.state import OutOfService, Received
from device.core.telling_data import Telling
from device.journal.journal import Journal, JournalError
from device.journal.schema import MIGRATIONS
from protos.qr_token import SALE_EPOCH, next_sale_number
from protos.units import Micros, PaymentId, SaleNumber, Sequence, TerminalNumber, UnixSeconds, Yen
from tests.support.counter import CONFIGURATION, NOON, TERMINAL, payment


def sale(number: int, phase: SalePhase = SalePhase.SHOWING, minted_at: int = NOON) -> Sale:
    return Sale(SaleNumber(number), Yen(0), phase, NOON, Micros(minted_at))


def journal(folder: Path, now: Micros = NOON, terminal: TerminalNumber = TERMINAL) -> Journal:
    return Journal(folder / "journal.db", terminal, now)


def test_a_new_journal_knows_nothing_and_is_nobody_elses(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        snapshot = opened.load()
    assert (snapshot.origin, snapshot.began_at) == (JournalOrigin.NEW, NOON)
    assert (snapshot.last_sale, snapshot.open_sales, snapshot.payments) == (0, (), ())
    assert stat.S_IMODE((tmp_path / "journal.db").stat().st_mode) == 0o600
    with journal(tmp_path, now=Micros(NOON + 5)) as opened:
        assert opened.load().origin is JournalOrigin.KEPT
        assert opened.load().began_at == NOON


def test_it_is_wal_with_full_synchronisation(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        connection = opened._connection
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_everything_comes_back_as_it_was_written(tmp_path: Path) -> None:
    doubtful = replace(
        sale(7, SalePhase.UNRESOLVED),
        claimed_amount=Yen(1_200),
        doubt=Doubt.CANCELLING,
        attention=Attention.TOLD,
    )
    accepted = replace(sale(8, SalePhase.ACCEPTED), claimed_amount=Yen(300), code="004213")
    first, second = (
        payment(SaleNumber(5), 1_200, 1, NOON, points=200),
        payment(SaleNumber(6), 800, 2, Micros(NOON + 1)),
    )
    slip = PrintJob(
        "a/customer/1", PaymentSubject(first), SlipCopy.CUSTOMER, SlipMark.ORIGINAL, 1, NOON
    )
    provisional = PrintJob(
        "sale-8/shop/1",
        ProvisionalSubject(SaleNumber(8), Yen(300), "004213", NOON, NOON),
        SlipCopy.SHOP,
        SlipMark.ORIGINAL,
        1,
        NOON,
    )
    event = OutgoingEvent("E" * 20, EventKind.ANNOUNCED, NOON, first.payment_id, None, "spoken")
    other = OutgoingEvent("F" * 20, EventKind.CODE_ACCEPTED, NOON, None, SaleNumber(8), "300")
    with journal(tmp_path) as opened:
        opened.write(
            (
                SaleSaved(doubtful, NOON),
                SaleSaved(accepted, NOON),
                SaleSaved(sale(4, SalePhase.EXPIRED), NOON),
                PaymentReceived(first, Telling.WAITING, NOON),
                PaymentReceived(second, Telling.LATE, NOON),
                TellingChanged(first.payment_id, Telling.STARTED, NOON),
                JobQueued(slip),
                JobQueued(provisional),
                JobChanged(slip.job_id, JobPhase.PRINTING, NOON),
                EventQueued(event),
                EventQueued(other),
                ConfigurationKept(CONFIGURATION, NOON),
                LockoutSaved(Lockout(2, 1, NOON, Micros(NOON + 60))),
            )
        )
    with journal(tmp_path) as opened:
        found = opened.load()
    assert found.open_sales == (doubtful, accepted)
    assert found.last_sale == 8
    assert [(k.payment, k.telling) for k in found.payments] == [
        (first, Telling.STARTED),
        (second, Telling.LATE),
    ]
    assert found.received == Received(Sequence(2), frozenset())
    assert found.jobs == (replace(slip, phase=JobPhase.PRINTING), provisional)
    assert dict(found.sheets) == {"a/customer": 1, "sale-8/shop": 1}
    assert found.outbox == (event, other)
    assert found.configuration == CONFIGURATION
    assert found.lockout == Lockout(2, 1, NOON, Micros(NOON + 60))


def test_a_payment_is_one_row_by_its_id_and_by_its_sequence(tmp_path: Path) -> None:
    first = payment(SaleNumber(5), 1_200, 1, NOON)
    same_sequence = replace(payment(SaleNumber(6), 900, 1, NOON), payment_id=PaymentId("Other"))
    with journal(tmp_path) as opened:
        opened.write((PaymentReceived(first, Telling.STARTED, NOON),))
        opened.write((PaymentReceived(first, Telling.LATE, NOON),))
        opened.write((PaymentReceived(same_sequence, Telling.LATE, NOON),))
        (known,) = opened.load().payments
    assert (known.payment, known.telling) == (first, Telling.STARTED)


def test_gaps_in_the_sequence_are_known(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        for sequence in (1, 2, 3, 5, 9):
            paid = payment(SaleNumber(sequence), 100, sequence, NOON)
            opened.write((PaymentReceived(paid, Telling.SPOKEN, NOON),))
        assert opened.load().received == Received(
            Sequence(3), frozenset({Sequence(5), Sequence(9)})
        )


def test_a_missing_first_payment_is_a_gap_too(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        opened.write((PaymentReceived(payment(SaleNumber(1), 1, 2, NOON), Telling.LATE, NOON),))
        assert opened.load().received == Received(Sequence(0), frozenset({Sequence(2)}))


def test_an_event_twice_is_one_and_a_delivered_one_is_gone(tmp_path: Path) -> None:
    event = OutgoingEvent("E" * 20, EventKind.STARTED, NOON)
    with journal(tmp_path) as opened:
        opened.write((EventQueued(event), EventQueued(event)))
        assert opened.load().outbox == (event,)
        opened.write((EventsDelivered((event.event_id,)),))
        assert opened.load().outbox == ()


def test_a_new_enrolment_starts_afresh_but_never_repeats_a_number(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        opened.write(
            (
                SaleSaved(sale(900), NOON),
                PaymentReceived(payment(SaleNumber(5), 100, 1, NOON), Telling.LATE, NOON),
            )
        )
    with journal(tmp_path, terminal=TerminalNumber(43)) as opened:
        found = opened.load()
    assert (found.last_sale, found.open_sales, found.payments) == (900, (), ())
    assert found.received == Received()


def test_the_servers_higher_number_is_kept(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        for number in (500, 90, 1_200, 1_100):
            opened.write((SaleNumberRaised(SaleNumber(number)),))
        assert opened.load().last_sale == 1_200


def test_what_a_restored_ledger_skipped_is_no_gap_after_a_restart(tmp_path: Path) -> None:
    def received(*sequences: int) -> tuple[JournalRecord, ...]:
        return tuple(
            PaymentReceived(payment(SaleNumber(n), 100, n, NOON), Telling.LATE, NOON)
            for n in sequences
        )

    with journal(tmp_path) as opened:
        opened.write(received(1, 2, 1003, 1004, 1006))
        assert opened.load().received.contiguous == 2
        opened.write((SequencesSkipped(Sequence(1002)),))
    with journal(tmp_path) as opened:
        assert opened.load().received == Received(Sequence(1004), frozenset({Sequence(1006)}))
        opened.write((SequencesSkipped(Sequence(2000)),))
        assert opened.load().received == Received(Sequence(2000))
        opened.write(received(2001, 2002))
        assert opened.load().received == Received(Sequence(2002))


def test_only_the_newest_twenty_lapsed_numbers_come_back(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        opened.write(tuple(SaleSaved(sale(n, SalePhase.LAPSED), NOON) for n in range(1, 31)))
        assert [each.number for each in opened.load().open_sales] == list(range(11, 31))


def test_a_damaged_file_is_moved_aside_and_numbers_still_rise(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    now = NOON
    last = next_sale_number(SaleNumber(0), UnixSeconds(now // 1_000_000))
    with journal(tmp_path) as opened:
        opened.write((SaleSaved(sale(last), NOON),))
    path.write_bytes(b"not a database at all " * 400)
    later = Micros(now + 5_000_000)
    with journal(tmp_path, now=later) as opened:
        found = opened.load()
        assert (found.origin, found.began_at) == (JournalOrigin.REPLACED, later)
        assert opened.moved_aside is not None
        assert opened.moved_aside.exists()
        assert next_sale_number(found.last_sale, UnixSeconds(later // 1_000_000)) > last
    assert last == now // 1_000_000 - SALE_EPOCH


def test_a_page_overwritten_in_the_middle_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with journal(tmp_path) as opened:
        for start in range(0, 2_000, 100):
            opened.write(tuple(SaleSaved(sale(n), NOON) for n in range(start, start + 100)))
    raw = bytearray(path.read_bytes())
    raw[8_192:40_960] = os.urandom(32_768)
    path.write_bytes(bytes(raw))
    with journal(tmp_path) as opened:
        assert opened.origin is JournalOrigin.REPLACED
        opened.write((SaleSaved(sale(5_000), NOON),))


def test_a_journal_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    with journal(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(JournalError, match="CHOBA_JOURNAL_NEWER"):
        journal(tmp_path)
    assert not list(tmp_path.glob("*.damaged-*"))


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="CHOBA_JOURNAL_FAILED") as caught:
        Journal(tmp_path / "file" / "journal.db", TERMINAL, NOON)
    assert caught.value.trouble is OutOfService.JOURNAL_FAILED


def test_a_full_disk_is_a_clear_error_and_nothing_is_half_written(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        opened.write((SaleSaved(sale(1), NOON),))
        (pages,) = opened._connection.execute("PRAGMA page_count").fetchone()
        opened._connection.execute(f"PRAGMA max_page_count = {pages}")
        many = tuple(
            PaymentReceived(payment(SaleNumber(n), 100, n, NOON), Telling.LATE, NOON)
            for n in range(1, 200)
        )
        with pytest.raises(JournalError, match="CHOBA_JOURNAL_FULL") as caught:
            opened.write(many)
        assert caught.value.trouble is OutOfService.JOURNAL_FULL
        assert opened.load().payments == ()
        opened._connection.execute("PRAGMA max_page_count = 1000000")
        opened.probe()
        opened.write(many)
        assert len(opened.load().payments) == 199


def test_a_record_that_fails_takes_its_whole_transaction_back(tmp_path: Path) -> None:
    with journal(tmp_path) as opened:
        bad = replace(payment(SaleNumber(2), 100, 2, NOON), amount=Yen(0))
        with pytest.raises(JournalError, match="CHOBA_JOURNAL_FAILED"):
            opened.write((SaleSaved(sale(1), NOON), PaymentReceived(bad, Telling.LATE, NOON)))
        assert opened.load().last_sale == 0


def test_pruning_keeps_what_is_young_open_or_the_highest_number(tmp_path: Path) -> None:
    year = 366 * 86_400_000_000
    with journal(tmp_path) as opened:
        opened.write(
            (
                SaleSaved(sale(1, SalePhase.EXPIRED), NOON),
                SaleSaved(sale(2, SalePhase.UNRESOLVED), NOON),
                SaleSaved(sale(3, SalePhase.PAID), Micros(NOON + year)),
                SaleSaved(sale(4, SalePhase.EXPIRED), NOON),
            )
        )
        opened.prune(Micros(NOON + year + 60 * 86_400_000_000))
        rows = opened._connection.execute("SELECT number FROM sales ORDER BY number").fetchall()
    assert rows == [(2,), (3,), (4,)]


# --- power cuts: a real child process killed at each point of each write -------------------------

BATCHES: tuple[tuple[JournalRecord, ...], ...] = tuple(
    (
        SaleSaved(sale(number, SalePhase.PAID), NOON),
        PaymentReceived(payment(SaleNumber(number), 100, number, NOON), Telling.STARTED, NOON),
        JobQueued(
            PrintJob(
                f"{number}/customer/1",
                PaymentSubject(payment(SaleNumber(number), 100, number, NOON)),
                SlipCopy.CUSTOMER,
                SlipMark.ORIGINAL,
                1,
                NOON,
            )
        ),
        EventQueued(OutgoingEvent(f"{number:020d}", EventKind.ANNOUNCED, NOON)),
    )
    for number in range(1, 5)
)


def in_child(work: Callable[[], None]) -> int:
    """Run it in a process of its own; how that process ended."""
    assert threading.active_count() == 1, "a fork with threads would not be a fair power cut"
    child = os.fork()
    if child == 0:  # pragma: no cover - the child never comes back
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status


def killed_after(calls: int) -> Checkpoint:
    left = [calls]

    def checkpoint(point: Point) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    return checkpoint


@pytest.mark.parametrize("calls", range(6 * len(BATCHES)))
def test_killed_at_any_point_each_batch_is_whole_or_absent(tmp_path: Path, calls: int) -> None:
    def work() -> None:
        opened = Journal(tmp_path / "journal.db", TERMINAL, NOON, killed_after(calls))
        for batch in BATCHES:
            opened.write(batch)

    status = in_child(work)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    with journal(tmp_path) as opened:
        found = opened.load()
    # points of a batch: before, after each of its 4 records, after the commit
    whole = calls // 6 + (1 if calls % 6 == 5 else 0)
    assert found.last_sale == whole
    assert len(found.payments) == whole
    assert len(found.jobs) == whole
    assert len(found.outbox) == whole
    assert found.received.contiguous == whole
    assert found.origin is JournalOrigin.KEPT


def test_migrating_an_empty_file_that_a_power_cut_left(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    with journal(tmp_path) as opened:
        opened.write((SaleSaved(sale(3), NOON),))
        assert opened.load().last_sale == 3
