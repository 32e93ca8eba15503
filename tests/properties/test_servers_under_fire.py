"""Server processes on one database, killed and cut off at random, and what their clients were told.

``CHOBA_FIRE_SECONDS`` (12) is how long they are under fire, ``CHOBA_FIRE_SEED`` repeats a run's
choices (not its interleaving); both are printed.
"""

import json
import multiprocessing
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from sqlalchemy import text

from server.campaigns import ExpiryKind, ExpiryRule, add_expiry_rule
from server.campaigns.bulk import BulkRunner
from server.campaigns.selling import book_purchases
from server.cli.books import audit_verify
from server.clock import SECOND
from server.ledger import AccountKind, process_clock, trial_balance
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER, Town, moment, opened
from tests.support.campaign import Sale, terms_of
from tests.support.closes import close_desk, closes
from tests.support.fire import live
from tests.support.fire_orders import SPEED, Orders
from tests.support.postgres import APPLICATION, RestartablePostgres
from tests.support.results import assert_results_are_the_ledger
from tests.support.serial import assert_one_clerk_could_have_written_it

SECONDS = float(os.environ.get("CHOBA_FIRE_SECONDS", "12"))
SEED = int(os.environ.get("CHOBA_FIRE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
START = moment(2024, 6, 13, 12)
"""Thursday: vouchers close at the second midnight, and one close more is due from the start."""
UNITS_IN_ALL, UNITS_A_PERSON = 20, 15
LEAVES = "去る人"
_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.support.fire"])


def prepare(town: Town) -> Town:
    """Few customers with many lots, a campaign with few units, points that last a day."""
    sale = Sale(town, terms_of(UNITS_IN_ALL, units_per_person=str(UNITS_A_PERSON)))
    sale.people(["1944-01-31", "1994-02-01"])
    sale.at(moment(2024, 6, 13, 11))
    town.add_user(LEAVES)
    for service, rule in (
        (POINTS, ExpiryRule(ExpiryKind.DAYS, 0)),
        (VOUCHER, ExpiryRule(ExpiryKind.USABLE_UNTIL)),
    ):
        town.database.write_now(
            lambda c, s=service, r=rule: add_expiry_rule(c, s, r, START)  # type: ignore[misc]
        )
    for user in town.users.values():
        for service in (VOUCHER, POINTS):
            for days in (1, 2, 3):
                until = moment(2024, 6, 13 + days)
                town.grant(user, service, 9000, until)
            town.grant(user, service, 60_000, END_OF_AUGUST, price=50_000)
    return town


@dataclass
class Fire:
    """Processes that run until the end, whatever happens to them."""

    town: Town
    url: str
    folder: Path
    names: list[str]
    random: random.Random
    epoch: float = 0.0
    running: dict[str, Any] = field(default_factory=dict)
    kills: int = 0
    lives: int = 0

    def start(self, name: str) -> None:
        self.lives += 1
        town = self.town
        orders = Orders(
            url=self.url,
            name=f"{name}.{self.lives}",
            seed=SEED,
            epoch=self.epoch,
            start=START,
            ends=self.epoch + SECONDS,
            journal=str(self.folder / f"{name}.{self.lives}.journal"),
            users={name: user.user_id for name, user in town.users.items()},
            terminals={"matsuya": town.matsuya, "kissaten": town.kissaten, "stand": town.stand},
            leaves=LEAVES,
        )
        self.running[name] = _FORKED.Process(target=live, args=(orders,))
        self.running[name].start()

    def is_busy(self, name: str) -> bool:
        """Its present life has asked and was answered."""
        lives = sorted(self.folder.glob(f"{name}.*.journal"), key=lambda p: p.stat().st_mtime)
        return bool(lives) and lives[-1].read_bytes().count(b'"what": "answer"') > 5

    def rage(self, cut: Callable[[], int]) -> int:
        """Kill, restart and cut off until the end; how many connections were cut."""
        _FORKED.Process(target=int).start()  # whoever forks them has everything loaded by now
        self.epoch = time.time()
        for name in self.names:
            self.start(name)
        cuts, next_kill, next_cut = 0, self.epoch + 3, self.epoch + 1
        while time.time() < self.epoch + SECONDS:
            time.sleep(0.05)
            now = time.time()
            if now >= next_cut:
                cuts += cut()
                next_cut = now + self.random.uniform(0.5, 2)
            name = self.random.choice(self.names)
            late = now > self.epoch + SECONDS / 2 and not self.kills  # on a slow machine
            if now >= next_kill and (self.is_busy(name) or late):
                self.running[name].kill()
                self.running[name].join()
                self.kills += 1
                self.start(name)
                next_kill = now + self.random.uniform(1, 3)
        for name, process in self.running.items():
            process.join(60)
            assert process.exitcode == 0, f"{name}: {process.exitcode}"
        return cuts

    def end(self) -> None:
        """No process that outlives its test."""
        for process in self.running.values():
            process.kill()
            process.join()

    def journal(self) -> list[dict[str, Any]]:
        """All lines; the last of one who was killed may be torn."""
        found = []
        for path in sorted(self.folder.glob("*.journal")):
            for line in path.read_text("utf-8").splitlines(keepends=True):
                if line.endswith("\n"):
                    found.append(json.loads(line))
        return found


@contextmanager
def fire(town: Town, url: str, folder: Path, processes: int) -> Iterator[Fire]:
    sys.stdout.write(f"CHOBA_FIRE_SEED={SEED} CHOBA_FIRE_SECONDS={SECONDS:g}\n")
    names = [f"server{n}" for n in range(processes)]
    burning = Fire(town, url, folder, names, random.Random(SEED))
    try:
        yield burning
    finally:
        burning.end()


EXPECTED = {
    "pay": "BALANCE_SHORT KEY_REUSED SALE_PAID STAND_AGAIN",
    "cancel": "ALREADY CLOSED REFUNDED WOULD_EXPIRE",
    "op5": "CANCEL_AGAIN CANCEL_EXPIRED CANCEL_SPENT",
    "refund": "ALREADY REFUND_TOO_MUCH",
    "give": "USER_LEFT",
    "order": "OVER_PERSON SOLD_OUT",
    "file": "BUSY NOTHING_NEW STALE WRONG_LINES",
    "house": "",
}
"""What these clients can deserve to be refused for; anything else is a defect."""


class Told:
    """What clients asked and were told, beside the books."""

    def __init__(self, burning: Fire) -> None:
        self.town = burning.town
        self.asked: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.answers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.said_again = 0
        for line in burning.journal():
            assert line["what"] != "defect", line
            self.said_again += line["what"] == "again"
            ask = json.dumps(line["ask"])
            self.asked[line["op"], line["key"]].add(ask)
            if line["what"] == "answer":
                self.answers[line["op"], line["key"], ask].add(line["answer"])
                done, _, code = line["answer"].partition(":")
                assert done in {"paid", "done"} or code in EXPECTED[line["op"]].split(), line

    def count(self, op: str, start: str) -> int:
        return sum(
            any(a.startswith(start) for a in answers)
            for (kind, _, _), answers in self.answers.items()
            if kind == op
        )

    def rows(self, statement: str) -> list[Any]:
        return list(self.town.database.read_now(lambda c: c.execute(text(statement)).all()))

    def done(self, op: str) -> dict[str, set[str]]:
        """Ids that clients were told, by key."""
        found: dict[str, set[str]] = defaultdict(set)
        for (kind, key, _), answers in self.answers.items():
            if kind == op:
                found[key] |= {a.split(":")[1] for a in answers if a.startswith("done:")}
        return {key: ids for key, ids in found.items() if ids}

    def assert_payments_are_what_was_told(self) -> None:
        """One answer for good per key and request; paid is in the books, and only what was asked;
        what nobody was told of was asked for as well."""
        names = {user.user_id: name for name, user in self.town.users.items()}
        places = {self.town.matsuya: "matsuya", self.town.kissaten: "kissaten"}
        places[self.town.stand] = "stand"
        legs: dict[str, dict[str, int]] = defaultdict(dict)
        for row in self.rows("SELECT payment_id, service_id, amount FROM transactions"):
            legs[row.payment_id][row.service_id] = row.amount
        held: dict[str, tuple[str, str]] = {}
        for row in self.rows("SELECT * FROM payments"):
            user, parts = names[row.user_id], legs[row.payment_id]
            key = f"{user}/{row.idempotency_key}"
            amounts = [parts.get(VOUCHER, 0), parts.get(POINTS, 0)]
            place = places[row.terminal_number]
            ask = json.dumps([user, row.idempotency_key, place, row.sale_number, *amounts])
            assert ask in self.asked["pay", key], "a payment that nobody asked for"
            held[key] = (ask, row.payment_id)
        for (op, key, ask), answers in self.answers.items():
            if op != "pay":
                continue
            assert len(answers) == 1, (key, ask, answers)
            (answer,) = answers
            mine = held.get(key)
            if answer.startswith("paid:"):
                assert mine == (ask, answer.removeprefix("paid:")), (key, answer)
            elif mine is not None:
                assert mine[0] != ask, (key, ask, answer)
                assert answer == "refused:KEY_REUSED", (key, ask, answer)

    def assert_acts_are_what_was_told(self) -> None:
        """Cancels, OP5, refunds, grants and orders: one id per key, and it is in the books."""
        books = {
            "cancel": "SELECT idempotency_key AS key, cancel_id AS id FROM cancellations",
            "op5": "SELECT idempotency_key AS key, cancel_id AS id FROM grant_cancels",
            "refund": "SELECT idempotency_key AS key, refund_id AS id FROM cash_refunds",
            "give": "SELECT idempotency_key AS key, grant_id AS id FROM grants",
            "order": "SELECT idempotency_key AS key, order_id AS id, user_id FROM purchase_orders",
        }
        names = {user.user_id: name for name, user in self.town.users.items()}
        done = 0
        for op, statement in books.items():
            found = {
                (names[row.user_id] + "/" if op == "order" else "")
                + row.key.removeprefix("hand/係/"): row.id
                for row in self.rows(statement)
            }
            told = self.done(op)
            done += bool(told)
            for key, ids in told.items():
                assert ids == {found.get(key)}, (op, key, ids)
            for key in found:
                others = op == "give" and not key.startswith("give-")  # files, the town's own
                assert others or self.asked[op, key], (op, key)
        assert done >= 3, "hardly anything was ever done"

    def assert_money_is_conserved(self) -> None:
        net: dict[tuple[AccountKind, str], int] = defaultdict(int)
        for line in self.town.database.read_now(trial_balance).lines:
            net[line.kind, line.unit] += line.credit - line.debit
        for service in (VOUCHER, POINTS):
            issued = -sum(
                net[kind, service]
                for kind in (
                    AccountKind.SOLD,
                    AccountKind.PREMIUM,
                    AccountKind.ISSUED,
                    AccountKind.BONUS,
                )
            )
            rows = self.rows("SELECT service_id, balance FROM wallets")
            held = sum(row.balance for row in rows if row.service_id == service)
            shops = net[AccountKind.SHOP, service]
            lost = net[AccountKind.EXPIRED, service] + net[AccountKind.FORFEITED, service]
            assert issued == held + shops + lost
            assert min(held, shops, lost) >= 0

    def assert_caps_hold(self) -> None:
        live = (
            "FROM purchase_orders o LEFT JOIN order_outcomes r "
            "ON r.order_id = o.order_id AND r.outcome = 2 WHERE r.order_id IS NULL"
        )
        people = self.rows(f"SELECT o.user_id, SUM(o.units) AS units {live} GROUP BY o.user_id")
        assert all(row.units <= UNITS_A_PERSON for row in people)
        reserved = self.rows("SELECT reserved FROM campaign_counters")[0].reserved
        assert reserved == sum(int(row.units) for row in people) <= UNITS_IN_ALL

    def assert_announcements_have_no_gap(self) -> None:
        for row in self.rows(
            "SELECT announced_to, COUNT(*) AS n, MAX(sequence) AS last FROM payments "
            "WHERE announced_to IS NOT NULL GROUP BY announced_to"
        ):
            assert row.n == row.last


def judge(burning: Fire) -> Told:
    """Everything at the end, when nobody writes any more."""
    town = burning.town
    made = [len(closes(town, service)) for service in (VOUCHER, POINTS)]
    assert min(made) >= 2, f"what was due was not closed: {made}"
    town.clock.now = type(town.clock.now)(START + int(2 * (SECONDS + 60) * SPEED * SECOND))
    clock = process_clock(town.clock)
    BulkRunner(town.database, clock, sleep=lambda _: None).run_unfinished()
    for service in (VOUCHER, POINTS):
        close_desk(town).close_due(service, by="係", why="締め")
    book_purchases(town.database, clock)
    told = Told(burning)
    told.assert_payments_are_what_was_told()
    told.assert_acts_are_what_was_told()
    told.assert_money_is_conserved()
    told.assert_caps_hold()
    told.assert_announcements_have_no_gap()
    assert_results_are_the_ledger(town.database)
    entries = assert_one_clerk_could_have_written_it(town.database)
    assert town.database.read_now(audit_verify) == 0
    sys.stdout.write(
        f"{entries} entries, {burning.kills} kills, {told.said_again} questions asked again, "
        + ", ".join(f"{told.count(op, 'done:')} {op}" for op in ("cancel", "op5", "refund", "give"))
        + "\n"
    )
    assert told.count("pay", "paid:") > 20
    return told


@pytest.mark.postgres
def test_three_servers_on_one_postgresql(
    postgres: RestartablePostgres, postgres_town_template: Town, tmp_path: Path
) -> None:
    postgres.create("fire", template="choba_town")
    url = postgres.url("fire", APPLICATION)
    with (
        opened(url) as database,
        fire(prepare(postgres_town_template.moved_to(database)), url, tmp_path, 3) as burning,
    ):
        cuts = burning.rage(lambda: postgres.terminate_backends("fire"))
        judge(burning)
        assert burning.kills
        assert cuts
    postgres.drop("fire")


def test_one_server_on_sqlite(sqlite_town_template: tuple[Path, Town], tmp_path: Path) -> None:
    path = tmp_path / "fire.db"
    copy(sqlite_town_template[0], path)
    url = f"sqlite:///{path}"
    with (
        opened(url) as database,
        fire(prepare(sqlite_town_template[1].moved_to(database)), url, tmp_path, 1) as burning,
    ):
        burning.rage(lambda: 0)
        judge(burning)
        assert burning.kills
