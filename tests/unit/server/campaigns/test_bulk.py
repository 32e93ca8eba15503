"""Files of grants: looked at first, all or nothing, never twice."""

import io
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from protos.units import Micros, UserId, Yen
from server.campaigns import verify_grants
from server.campaigns.bulk import (
    BatchState,
    BulkCode,
    BulkDesk,
    BulkRefusal,
    Fate,
    KeptLine,
    Preview,
    Problem,
    StagedLine,
)
from server.campaigns.grants import prepare
from server.clock import DAY
from server.db import LedgerUnavailable
from server.ledger import process_clock
from server.oversight import acts_between
from server.payments import Paid
from tests.support.books import NOON, POINTS, VOUCHER, Town, legs, moment, new_key, ticket_of
from tests.support.bulk import HEADER, bulk_desk, csv, looked_at, points, runner, with_rules


@pytest.fixture
def town(town: Town) -> Town:
    return with_rules(town)


def ten_lines(town: Town, first: int = 0) -> list[str]:
    names = ("花子", "太郎")
    return [
        points(town, names[i % 2], f"2024-06-{i:03}", 100 + i) for i in range(first, first + 10)
    ]


def confirmed(town: Town, file: io.BytesIO, key: str = "c1") -> Preview:
    desk = bulk_desk(town)
    preview, _ = looked_at(desk, file)
    desk.confirm(key, preview.batch_id, preview.shown_digest, "6月の清掃", "係")
    return preview


def assert_whole(town: Town) -> None:
    town.assert_books_hold()
    assert town.database.read_now(verify_grants) == []


def refused_with(code: BulkCode, call: Any, *arguments: Any) -> None:
    with pytest.raises(BulkRefusal) as refused:
        call(*arguments)
    assert refused.value.code is code
    assert refused.value.ja.endswith(("。", "）。"))


def test_preview_confirm_run(town: Town) -> None:
    desk = bulk_desk(town)
    before = town.holdings()
    preview, shown = looked_at(desk, csv(ten_lines(town)))
    assert (preview.lines, preview.new_lines, preview.amount) == (10, 10, Yen(1045))
    assert all(isinstance(line, StagedLine) and line.fate is Fate.NEW for line in shown)
    assert {line.expires_at for line in shown if isinstance(line, StagedLine)} == {
        moment(2024, 9, 1)
    }
    assert town.holdings() == before, "a dry run grants nothing"
    assert desk.status(preview.batch_id).state is BatchState.PREVIEWED
    status = desk.confirm("c1", preview.batch_id, preview.shown_digest, "6月の清掃", "係")
    assert (status.state, status.granted_lines) == (BatchState.RUNNING, 0)
    told: list[tuple[int, int]] = []
    runner(town).run(preview.batch_id, lambda done, of: told.append((done, of)))
    assert told == [(3, 10), (6, 10), (9, 10), (10, 10)]
    status = desk.status(preview.batch_id)
    assert (status.state, status.granted_lines, status.granted) == (BatchState.COMPLETE, 10, 1045)
    assert town.holdings()["太郎", POINTS] == 101 + 103 + 105 + 107 + 109
    gained = sum(town.holdings().values()) - sum(before.values())
    assert gained == 1045
    assert town.count("bulk_lines") == 0, "what was staged is gone, the books have it"
    acts = town.database.read_now(lambda c: list(acts_between(c, NOON, Micros(NOON + DAY))))
    assert [(act.what, act.subject, act.why) for act in acts] == [
        ("bulk.confirm", preview.batch_id, "6月の清掃")
    ]
    assert_whole(town)


def test_the_same_file_twice_does_nothing_twice(town: Town) -> None:
    desk = bulk_desk(town)
    first = confirmed(town, csv(ten_lines(town)))
    runner(town).run(first.batch_id)
    runner(town).run(first.batch_id)
    held = town.holdings()
    again, shown = looked_at(desk, csv(ten_lines(town)))
    assert again.same_file_as == first.batch_id
    assert {line.fate for line in shown if isinstance(line, StagedLine)} == {Fate.REPEATED}
    refused_with(
        BulkCode.NOTHING_NEW, desk.confirm, "c2", again.batch_id, again.shown_digest, "再", "係"
    )
    longer = confirmed(town, csv([*ten_lines(town), points(town, "花子", "more", 7)]), "c3")
    assert (longer.new_lines, longer.repeated_lines, longer.amount) == (1, 10, 7)
    runner(town).run(longer.batch_id)
    assert sum(town.holdings().values()) == sum(held.values()) + 7
    assert_whole(town)


def test_a_confirm_sent_again_and_keys(town: Town) -> None:
    desk = bulk_desk(town)
    preview = confirmed(town, csv(ten_lines(town)))
    asked = (preview.batch_id, preview.shown_digest, "6月の清掃", "係")
    assert desk.confirm("c1", *asked).state is BatchState.RUNNING
    assert town.count("operator_acts") == town.count("bulk_confirmations") == 1
    other, _ = looked_at(desk, csv(ten_lines(town, 50)))
    rest = (other.batch_id, other.shown_digest, "x", "係")
    refused_with(BulkCode.KEY_REUSED, desk.confirm, "c1", *rest)
    refused_with(BulkCode.BUSY, desk.confirm, "c2", *rest)
    runner(town).run_unfinished()
    refused_with(BulkCode.DIGEST, desk.confirm, "c2", other.batch_id, "0" * 64, "x", "係")
    refused_with(BulkCode.DIGEST, desk.confirm, "c2", other.batch_id, "", "x", "係")
    refused_with(BulkCode.BATCH_UNKNOWN, desk.confirm, "c2", "x" * 20, "0", "x", "係")
    refused_with(BulkCode.NOT_CONFIRMED, runner(town).run, other.batch_id)
    assert desk.confirm("c2", *rest).state is BatchState.RUNNING


def test_one_wrong_line_and_nothing_of_the_file_is_done(town: Town) -> None:
    desk = bulk_desk(town)
    user = town.users["花子"].user_id
    file = csv(
        [
            *ten_lines(town),
            f"a,nobody,{POINTS},OP2,100",
            f"b,{user},nothing,OP2,100",
            f"c,{user},{POINTS},OP2,0",
        ]
    )
    preview, shown = looked_at(desk, file)
    wrong = [(p.line, p.column, p.code) for p in shown if isinstance(p, Problem)]
    assert wrong == [
        (12, "uid", "CHOBA_GRANT_USER_UNKNOWN"),
        (13, "serviceId", "CHOBA_GRANT_SERVICE_UNKNOWN"),
        (14, "amount", "CHOBA_GRANT_AMOUNT_ZERO"),
    ]
    assert (preview.lines, preview.wrong_lines, preview.shown_digest) == (13, 3, "")
    refused_with(BulkCode.WRONG_LINES, desk.confirm, "c1", preview.batch_id, "", "x", "係")
    assert town.count("bulk_lines") == 0


def test_a_key_that_granted_something_else_is_wrong(town: Town) -> None:
    runner(town).run(confirmed(town, csv([points(town, "花子", "k1", 100)])).batch_id)
    _, shown = looked_at(bulk_desk(town), csv([points(town, "花子", "k1", 101)]))
    (wrong,) = shown
    assert isinstance(wrong, Problem)
    assert wrong.code == "CHOBA_GRANT_KEY_REUSED"


def test_what_changed_since_the_preview_is_not_done(town: Town) -> None:
    """Another expiry, another batch's lines, a user who left: never other than shown."""
    desk = bulk_desk(town)
    preview, _ = looked_at(desk, csv(ten_lines(town)))
    asked = ("c1", preview.batch_id, preview.shown_digest, "x", "係")
    noon = town.clock.now
    town.clock.now = moment(2024, 7, 1)
    refused_with(BulkCode.STALE, desk.confirm, *asked)
    town.clock.now = noon
    left = BulkDesk(town.database, process_clock(town.clock), who_left=lambda _c, u: set(u))
    refused_with(BulkCode.STALE, left.confirm, *asked)
    runner(town).run(confirmed(town, csv(ten_lines(town)[3:5]), "other").batch_id)
    refused_with(BulkCode.STALE, desk.confirm, *asked)
    town.database.write_now(lambda c: c.execute(text("DELETE FROM bulk_lines WHERE line = 4")))
    refused_with(BulkCode.STALE, desk.confirm, *asked)
    assert town.count("bulk_confirmations") == 1
    assert_whole(town)


def test_an_interrupted_batch_goes_on_where_it_stood(town: Town) -> None:
    preview = confirmed(town, csv(ten_lines(town)))

    def interrupt(done: int, _of: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner(town).run(preview.batch_id, interrupt)
    status = bulk_desk(town).status(preview.batch_id)
    assert (status.state, status.granted_lines) == (BatchState.RUNNING, 6)
    assert_whole(town)
    town.clock.now = moment(2024, 10, 1)  # after the lots' expiry: what was decided is done
    assert runner(town).run_unfinished() == [preview.batch_id]
    assert bulk_desk(town).status(preview.batch_id).state is BatchState.COMPLETE
    assert runner(town).run_unfinished() == []
    assert_whole(town)


def test_a_database_that_stays_away_for_a_moment_does_not_end_a_batch(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = confirmed(town, csv(ten_lines(town)))
    failures = iter(range(3))

    def failing(connection: Any, grants: Any) -> Any:
        if next(failures, None) is not None:
            raise LedgerUnavailable("database: gone")
        return prepare(connection, grants)

    monkeypatch.setattr("server.campaigns.bulk.running.prepare", failing)
    runner(town).run(preview.batch_id)
    assert next(failures, None) is None
    assert bulk_desk(town).status(preview.batch_id).state is BatchState.COMPLETE
    assert_whole(town)


async def pay(town: Town, name: str, sale: int, amount: int) -> Any:
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(sale), town)
        user = UserId(town.users[name].user_id)
        return await desk.pay(user, new_key(), ticket, Yen(amount), legs(0, amount))


async def test_a_batch_is_taken_back_but_for_what_was_spent(town: Town) -> None:
    desk, bulk = bulk_desk(town), runner(town)
    preview = confirmed(town, csv(ten_lines(town)))
    refused_with(BulkCode.RUNNING, bulk.cancel, "x", preview.batch_id, "誤り", "係", print)
    bulk.run(preview.batch_id)
    assert isinstance(await pay(town, "太郎", 7, 150), Paid)  # 101 and a part of 103
    kept: list[KeptLine] = []
    summary = bulk.cancel("x", preview.batch_id, "誤り", "係", kept.extend)
    assert (summary.cancelled_lines, summary.kept_lines, summary.repeated_lines) == (8, 2, 0)
    assert [line.line for line in kept] == [3, 5]
    assert {line.problem.code for line in kept} == {"CHOBA_GRANT_CANCEL_SPENT"}
    assert summary.cancelled == 1045 - 101 - 103
    again = bulk.cancel("y", preview.batch_id, "誤り", "係", kept.extend)
    assert (again.cancelled_lines, again.kept_lines, again.repeated_lines) == (0, 2, 8)
    status = desk.status(preview.batch_id)
    assert (status.cancelled_lines, status.cancelled) == (8, summary.cancelled)
    assert town.holdings()["太郎", POINTS] == 101 + 103 - 150
    assert_whole(town)


def test_notes_go_to_a_table_that_can_be_deleted(town: Town) -> None:
    line = points(town, "花子", "k1") + ",花壇,,春"
    file = csv([line], HEADER + ",note1,note2,note3")
    runner(town).run(confirmed(town, file).batch_id)
    notes = town.database.read_now(
        lambda c: c.execute(text("SELECT note1, note2, note3 FROM grant_notes")).all()
    )
    assert [tuple(row) for row in notes] == [("花壇", "", "春")]
    assert_whole(town)
    town.database.write_now(lambda c: c.execute(text("DELETE FROM grant_notes")))
    assert_whole(town)


def test_old_previews_are_forgotten(town: Town) -> None:
    desk = bulk_desk(town)
    looked_at(desk, csv(ten_lines(town)))
    kept = confirmed(town, csv(ten_lines(town, 20)))
    town.clock.now = Micros(NOON + 8 * DAY)
    desk.forget()
    assert town.count("bulk_batches") == 1
    assert town.count("bulk_lines") == 10
    runner(town).run(kept.batch_id)
    assert_whole(town)


def test_staged_lines_that_are_lost_are_not_called_complete(town: Town) -> None:
    preview = confirmed(town, csv(ten_lines(town)))
    town.database.write_now(lambda c: c.execute(text("DELETE FROM bulk_lines WHERE line > 8")))
    refused_with(BulkCode.LINES_LOST, runner(town).run, preview.batch_id)
    assert bulk_desk(town).status(preview.batch_id).state is BatchState.RUNNING


def test_the_audit_compares_what_was_booked_with_what_was_shown(sqlite_town: Town) -> None:
    town = with_rules(sqlite_town)
    runner(town).run(confirmed(town, csv(ten_lines(town))).batch_id)
    for spoil in ("shown_digest = 'x'", "new_lines = 9", "amount = 1"):
        was = town.database.read_now(
            lambda c: c.execute(text("SELECT * FROM bulk_confirmations")).mappings().one()
        )
        column = spoil.split()[0]

        def change(connection: Any, spoil: str = spoil) -> None:
            connection.execute(text("DROP TRIGGER IF EXISTS bulk_confirmations_no_update"))
            connection.execute(text(f"UPDATE bulk_confirmations SET {spoil}"))

        town.database.write_now(change)
        assert town.database.read_now(verify_grants)
        back = text(f"UPDATE bulk_confirmations SET {column} = :was").bindparams(was=was[column])
        town.database.write_now(partial(_execute, statement=back))
        assert town.database.read_now(verify_grants) == []


def _execute(connection: Connection, statement: Any) -> None:
    connection.execute(statement)


def test_a_voucher_charge_from_a_file(town: Town) -> None:
    user = town.users["太郎"].user_id
    file = csv([f'k1,{user},{VOUCHER},OP3,"12,000","10,000"'], HEADER + ",price")
    runner(town).run(confirmed(town, file).batch_id)
    assert town.holdings()["太郎", VOUCHER] == 15000
    row = town.database.read_now(
        lambda c: c.execute(
            text("SELECT operation, price, expires_at FROM grants WHERE amount = 12000")
        ).one()
    )
    assert tuple(row) == (3, 10000, moment(2024, 9, 1))
    assert_whole(town)
