"""有効期限切れ and 退会: what is left decides, whoever runs it and however often."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from sqlalchemy import Connection, text

from protos.units import Micros, UserId, Yen
from server.campaigns import (
    ExpiryRun,
    GrantCode,
    GrantDesk,
    GrantOrder,
    LeavingCode,
    Left,
    close_account,
    verify_lapses,
)
from server.campaigns.bulk import BatchState
from server.checkpoints import Checkpoint
from server.cli.books import audit_verify
from server.clock import SECOND
from server.db import Database, DatabaseKind, open_database
from server.directory import User, departed_users, user_by_id, user_by_phone
from server.ledger import (
    AccountKind,
    Operation,
    count_entries,
    lock_owner,
    process_clock,
    trial_balance,
)
from server.oversight import acts_between
from server.payments import Paid, RefusalCode, Refused
from tests.support.books import (
    END_OF_AUGUST,
    END_OF_JUNE,
    POINTS,
    VOUCHER,
    Town,
    legs,
    new_key,
    ticket_of,
)
from tests.support.bulk import bulk_desk, csv, looked_at, points, runner, with_rules
from tests.support.cancels import assert_all_holds, at, expire, leave, lots_of, pay, refused
from tests.support.results import assert_results_are_the_ledger


def in_account(town: Town, kind: AccountKind, service: str) -> int:
    lines = town.database.read_now(trial_balance).lines
    return sum(x.credit - x.debit for x in lines if x.kind is kind and x.unit == service)


async def test_only_what_has_expired_leaves_and_only_once(town: Town) -> None:
    at(town, Micros(END_OF_JUNE - 1))
    assert expire(town).customers == 0
    at(town, END_OF_JUNE)
    run = expire(town)
    assert {s.service_id: (s.amount, s.customers, s.lots) for s in run.services.values()} == {
        POINTS: (200, 1, 1)
    }
    assert expire(town).customers == 0
    assert town.holdings()["花子", POINTS] == 300
    at(town, END_OF_AUGUST)
    run = expire(town)
    assert {s.service_id: (s.amount, s.customers, s.lots) for s in run.services.values()} == {
        VOUCHER: (8000, 2, 2),
        POINTS: (300, 1, 1),
    }
    assert set(town.holdings().values()) == {0}
    assert in_account(town, AccountKind.EXPIRED, VOUCHER) == 8000
    assert in_account(town, AccountKind.EXPIRED, POINTS) == 500
    assert town.database.read_now(lambda c: count_entries(c, Operation.EXPIRE)) == 4
    assert_all_holds(town)


async def test_several_processes_and_payments_at_once(town: Town) -> None:
    soon = Micros(town.clock.now + 60 * SECOND)
    hanako = town.users["花子"]
    for _ in range(5):
        town.grant(hanako, VOUCHER, 100, soon)
    others = [town.add_user(f"客{number}") for number in range(30)]
    for user in others:
        town.grant(user, POINTS, 10, soon)
        town.grant(user, VOUCHER, 20, soon)
    at(town, soon)
    url = town.database._writing.url.render_as_string(hide_password=False)
    second = open_database(url) if town.database.kind is DatabaseKind.POSTGRESQL else town.database
    async with town.desk() as desk:
        tickets = [await ticket_of(desk, town.qr(sale), town) for sale in range(1, 11)]
        jobs = [
            asyncio.to_thread(expire, town if number % 2 else town_on(town, second))
            for number in range(4)
        ]
        answers = await asyncio.gather(
            *jobs,
            *(desk.pay(hanako.user_id, new_key(), t, Yen(100), legs(100)) for t in tickets),
        )
    runs = [answer for answer in answers if isinstance(answer, ExpiryRun)]
    if second is not town.database:
        second.close_now()
    assert all(isinstance(a, Paid) for a in answers[len(jobs) :])
    assert sum(run.amount for run in runs) == 500 + 30 * 30
    assert [run.busy for run in runs] == [0] * len(jobs)
    assert town.holdings()["花子", VOUCHER] == 4000
    assert town.count("expiries") == 61
    assert_all_holds(town)


def town_on(town: Town, database: Database) -> Town:
    other = town.moved_to(database)
    other.clock = town.clock
    return other


@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
@pytest.mark.postgres
async def test_a_customer_who_stays_busy_is_left_to_the_next_run(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.ledger.bulk_posting._BUSY_TRIES", 2)
    at(town, END_OF_AUGUST)

    def run_meanwhile(connection: Connection) -> int:
        lock_owner(connection, town.users["花子"].owner)
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(expire, town).result()
        assert {s.service_id: s.amount for s in run.services.values()} == {VOUCHER: 3000}
        return run.busy

    assert town.database.write_now(run_meanwhile) == 2
    assert expire(town).amount == 5500
    assert_all_holds(town)


@pytest.mark.parametrize("die_at", [1, 2, 7, 14, 20])
async def test_killed_anywhere_and_run_again(
    town: Town, die_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One customer in a chunk, so that some are committed and some are not."""
    monkeypatch.setattr("server.campaigns.expiry._CHUNK", 1)
    for number in range(3):
        town.grant(town.add_user(f"客{number}"), POINTS, 10, END_OF_AUGUST)
    at(town, END_OF_AUGUST)

    class Killed(Exception):  # noqa: N818
        pass

    steps = count(1)

    def kill(_name: Checkpoint) -> None:
        if next(steps) == die_at:
            raise Killed

    with pytest.raises(Killed):
        expire(town, checkpoint=kill)
    assert_all_holds(town)
    expire(town)
    assert set(town.holdings().values()) == {0}
    assert in_account(town, AccountKind.EXPIRED, POINTS) == 530
    assert town.count("expiries") == 6
    assert_all_holds(town)


async def test_who_leaves_takes_nothing_and_is_nobody_any_more(town: Town) -> None:
    hanako = town.users["花子"]
    session = text(
        "INSERT INTO sign_in_sessions (token_hash, user_id, started_at, expires_at) "
        "VALUES (:hash, :user, 1, 9000000000000000)"
    )
    values = {"hash": b"h" * 32, "user": hanako.user_id}
    town.database.write_now(lambda c: c.execute(session, values))
    at(town, END_OF_JUNE)
    left = leave(town, "花子")
    assert [(x.service_id, x.forfeited, x.expired) for x in left.services] == [
        (POINTS, 300, 200),
        (VOUCHER, 5000, 0),
    ]
    assert in_account(town, AccountKind.FORFEITED, POINTS) == 300
    assert in_account(town, AccountKind.EXPIRED, POINTS) == 200
    assert in_account(town, AccountKind.FORFEITED, VOUCHER) == 5000
    assert set(lots_of(town, "花子").values()) == {(END_OF_AUGUST, 0), (END_OF_JUNE, 0)}
    found = town.database.read_now(lambda c: user_by_id(c, hanako.user_id))
    assert found is not None
    assert (found.display_name, found.phone) == ("", "")
    assert town.database.read_now(lambda c: user_by_phone(c, hanako.phone)) is None
    assert town.count("sign_in_sessions") == 0
    both = [hanako.user_id, town.users["太郎"].user_id]
    assert town.database.read_now(lambda c: departed_users(c, both)) == {hanako.user_id}
    (act,) = town.database.read_now(lambda c: list(acts_between(c, Micros(0), END_OF_AUGUST)))
    assert (act.by, act.what, act.subject, act.why) == ("係", "user.leave", hanako.user_id, "転出")
    town.clock.forward(1)
    assert leave(town, "花子") == left
    assert town.count("user_departures") == 1
    assert_all_holds(town)


async def test_who_left_is_not_paid_for_and_keeps_no_grant(town: Town) -> None:
    """A grant that was decided before is issued and forfeited in one entry; by hand: refused."""
    with_rules(town)
    hanako = town.users["花子"]
    leave(town, "花子")
    forfeited = in_account(town, AccountKind.FORFEITED, VOUCHER)
    town.clock.forward(1)
    town.grant(hanako, VOUCHER, 100, END_OF_AUGUST)
    assert town.holdings()["花子", VOUCHER] == 0
    assert in_account(town, AccountKind.FORFEITED, VOUCHER) == forfeited + 100
    order = GrantOrder("k1", Operation.GRANT, hanako.user_id, VOUCHER, "100", "清掃")
    by_hand = GrantDesk(town.database, process_clock(town.clock))
    assert refused(lambda: by_hand.give(order, "係")).code is GrantCode.USER_LEFT
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        answer = await desk.pay(hanako.user_id, new_key(), ticket, Yen(1), legs(1))
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.BALANCE_SHORT
    assert_all_holds(town)


async def test_who_leaves_while_a_confirmed_file_waits_keeps_nothing_of_it(town: Town) -> None:
    """The file is decided: its lines are booked as they were shown, the lot is forfeited at once
    and can be taken back no more."""
    with_rules(town)
    lines = [points(town, "花子", "k1", 70), points(town, "太郎", "k2", 50)]
    desk = bulk_desk(town)
    preview, _ = looked_at(desk, csv(lines))
    desk.confirm("c1", preview.batch_id, preview.shown_digest, "清掃", "係")
    at(town, END_OF_JUNE)
    leave(town, "花子")
    forfeited = in_account(town, AccountKind.FORFEITED, POINTS)
    town.clock.forward(1)
    runner(town).run(preview.batch_id)
    assert desk.status(preview.batch_id).state is BatchState.COMPLETE
    assert town.holdings()["花子", POINTS] == 0
    assert town.holdings()["太郎", POINTS] == 50
    assert in_account(town, AccountKind.FORFEITED, POINTS) == forfeited + 70
    cancelled = runner(town).cancel("x1", preview.batch_id, "誤り", "係", lambda _: None)
    assert (cancelled.cancelled_lines, cancelled.cancelled, cancelled.kept_lines) == (1, 50, 1)
    assert_all_holds(town)
    assert town.database.read_now(audit_verify) == 0


async def test_what_has_expired_when_it_is_booked_for_who_left_is_expired_not_forfeited(
    town: Town,
) -> None:
    hanako = town.users["花子"]
    leave(town, "花子")
    kinds = (AccountKind.FORFEITED, AccountKind.EXPIRED)
    forfeited, expired = (in_account(town, kind, POINTS) for kind in kinds)
    town.clock.forward(1)
    town.grant(hanako, POINTS, 70, town.clock.now)
    town.grant(hanako, POINTS, 50, Micros(town.clock.now + 60 * SECOND))
    assert town.holdings()["花子", POINTS] == 0
    assert in_account(town, AccountKind.FORFEITED, POINTS) == forfeited + 50
    assert in_account(town, AccountKind.EXPIRED, POINTS) == expired + 70
    assert expire(town).amount == 0
    assert_results_are_the_ledger(town.database)
    assert_all_holds(town)


async def test_somebody_with_nothing_leaves_too(town: Town) -> None:
    town.add_user("空")
    left = leave(town, "空")
    assert left.services == ()
    town.clock.forward(5)
    assert leave(town, "空") == left
    assert town.count("forfeits") == 0
    town.grant(town.users["空"], POINTS, 100, END_OF_AUGUST)
    assert town.holdings()["空", POINTS] == 0
    assert in_account(town, AccountKind.FORFEITED, POINTS) == 100
    assert_all_holds(town)


async def test_leaving_races_with_payments_and_with_itself(town: Town) -> None:
    hanako = town.users["花子"]
    async with town.desk() as desk:
        tickets = [await ticket_of(desk, town.qr(sale), town) for sale in range(1, 9)]
        answers = await asyncio.gather(
            asyncio.to_thread(leave, town, "花子"),
            asyncio.to_thread(leave, town, "花子"),
            *(desk.pay(hanako.user_id, new_key(), t, Yen(100), legs(100)) for t in tickets),
        )
    first, second, *paid = answers
    assert isinstance(first, Left)
    assert first == second
    spent = sum(100 for answer in paid if isinstance(answer, Paid))
    assert {x.service_id: x.forfeited for x in first.services}[VOUCHER] == 5000 - spent
    assert town.count("user_departures") == 1
    assert_all_holds(town)


async def test_leaving_and_a_grant_of_a_service_that_is_new_to_the_customer(town: Town) -> None:
    """Whoever comes first: nothing is held by one who has left."""
    for number in range(4):
        name = f"客{number}"
        user = town.add_user(name)

        def grant(user: User = user) -> None:
            town.grant(user, POINTS, 70, END_OF_AUGUST)

        await asyncio.gather(asyncio.to_thread(leave, town, name), asyncio.to_thread(grant))
        assert town.holdings()[name, POINTS] == 0
    assert_all_holds(town)


async def test_leaving_needs_a_customer_and_a_reason(town: Town) -> None:
    clock = process_clock(town.clock)
    for user, why, code in (
        (UserId("X" * 20), "転出", LeavingCode.USER_UNKNOWN),
        (town.users["花子"].user_id, " ", LeavingCode.WHY_MISSING),
        (town.users["花子"].user_id, "x" * 501, LeavingCode.WHY_MISSING),
    ):
        refusal = refused(
            lambda user=user, why=why: close_account(
                town.database, user, by="係", why=why, clock=clock
            )
        )
        assert refusal.code is code
    assert town.count("user_departures") == 0


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("expiries", "amount = amount + 1", "differs from its entry"),
        ("expiries", "expired_at = expired_at + 1", "another instant"),
        ("expiries", "owner = 999", "differs from its entry"),
        ("forfeits", "forfeited = forfeited + 1", "differs from its entry"),
        ("forfeits", "forfeited_at = forfeited_at + 1", "another customer or instant"),
        ("user_departures", "left_at = left_at + 1", "another customer or instant"),
        ("user_departures", "entry_id = ''", "departures"),
    ],
)
async def test_a_changed_row_is_found(
    sqlite_town: Town, table: str, change: str, said: str
) -> None:
    town = sqlite_town
    at(town, END_OF_JUNE)
    expire(town)
    leave(town, "花子")
    assert_all_holds(town)

    def spoil(connection: Connection) -> None:
        connection.execute(text(f"DROP TRIGGER {table}_no_update"))
        connection.execute(text(f"UPDATE {table} SET {change}"))

    town.database.write_now(spoil)
    assert said in " ".join(town.database.read_now(verify_lapses))


async def test_an_entry_without_its_row_and_a_balance_of_who_left_are_found(
    sqlite_town: Town,
) -> None:
    town = sqlite_town
    await pay(town, 7, voucher=100)
    leave(town, "花子")

    def spoil(connection: Connection) -> None:
        connection.execute(text("DROP TRIGGER forfeits_no_delete"))
        connection.execute(text("DELETE FROM forfeits"))
        connection.execute(text("UPDATE wallets SET balance = 5"))

    town.database.write_now(spoil)
    found = " ".join(town.database.read_now(verify_lapses))
    assert "0 forfeits name one" in found
    assert "has left and holds 5" in found
