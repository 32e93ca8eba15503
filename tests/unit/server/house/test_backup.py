"""Backups of running books, put back and audited."""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from protos.units import Yen
from server.cli.books import audit_verify
from server.db import Database, DatabaseKind, SchemaNotCurrent, open_database
from server.house import (
    BackupReason,
    BackupRefused,
    Manifest,
    make_backup,
    read_manifest,
    restore_backup,
)
from server.ledger import verify_ledger
from server.oversight import acts_between
from server.payments import Paid, PaymentDesk, verify_payments
from tests.support.books import Town, legs, new_key, opened, ticket_of
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer

_CLIENTS = 6


def quiet(_what: str, _done: int, _total: int) -> None:
    return None


def url_of(database: Database) -> str:
    return database._writing.url.set(
        drivername="sqlite" if database.kind is DatabaseKind.SQLITE else "postgresql"
    ).render_as_string(hide_password=False)


backup: Callable[..., object] = partial(make_backup, audit=audit_verify, progress=quiet)
restore = partial(restore_backup, by="係", why="試験", audit=audit_verify, progress=quiet)


@pytest.fixture
def empty_place(town: Town, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Where a restore of the town goes: its owner's URL, and the servers' URL."""
    if town.database.kind is DatabaseKind.SQLITE:
        url = f"sqlite:///{tmp_path}/new/choba.sqlite"
        return url, url
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"restored_{tmp_path.name.lower().replace('-', '_')}"[-60:]
    server.create(name)
    return server.url(name, MIGRATOR), server.url(name, APPLICATION)


class Load:
    """Clients who pay one yen after the other."""

    def __init__(self, town: Town, desk: PaymentDesk) -> None:
        self.paid: list[str] = []
        self._town, self._desk, self._sale, self._ending = town, desk, 0, False
        self._tasks = [asyncio.create_task(self._client()) for _ in range(_CLIENTS)]

    async def until(self, payments: int) -> None:
        wanted = len(self.paid) + payments
        while len(self.paid) < wanted:
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.002)

    async def end(self) -> None:
        self._ending = True
        await asyncio.gather(*self._tasks)

    async def _client(self) -> None:
        user = self._town.users["花子"].user_id
        while not self._ending:
            self._sale += 1
            ticket = await ticket_of(self._desk, self._town.qr(self._sale), self._town)
            answer = await self._desk.pay(user, new_key(), ticket, Yen(1), legs(1))
            assert isinstance(answer, Paid), answer
            self.paid.append(answer.payment.payment_id)


def payments_of(connection: Connection) -> set[str]:
    return set(connection.execute(text("SELECT payment_id FROM payments")).scalars())


async def test_a_backup_under_load_holds_what_was_paid_before_it_began(
    town: Town, empty_place: tuple[str, str], tmp_path: Path
) -> None:
    source, (owner_url, server_url) = url_of(town.database), empty_place
    async with town.desk() as desk:
        load = Load(town, desk)
        await load.until(50)
        before = set(load.paid)
        making = asyncio.create_task(asyncio.to_thread(backup, source, tmp_path / "copy"))
        await load.until(50)
        await making
        await load.until(20)
        await load.end()
    after = set(load.paid)
    report = restore(tmp_path / "copy", owner_url, application_role=role(town))
    assert report.whole
    with opened(server_url) as restored:
        kept = restored.read_now(payments_of)
        assert before <= kept < after
        assert restored.read_now(verify_ledger).holds
        assert restored.read_now(verify_payments) == []
        assert sum(lane.position for lane in report.manifest.lanes) >= len(kept)
        acts = restored.read_now(lambda c: list(acts_between(c, 0, 2**62)))  # type: ignore[arg-type]
        assert [(act.by, act.what, act.why) for act in acts] == [("係", "books.restore", "試験")]
        assert acts[0].detail["sha256"] == report.manifest.sha256
        # the copy goes on, and gives out no sequence that a counter may have heard
        copy = town.moved_to(restored)
        copy.clock.forward(60)
        async with copy.desk() as desk:
            ticket = await ticket_of(desk, copy.qr(9999), copy)
            answer = await desk.pay(copy.users["太郎"].user_id, new_key(), ticket, Yen(1), legs(1))
        assert isinstance(answer, Paid)
        assert answer.payment.sequence is not None
        assert answer.payment.sequence > 10_000_000 > len(after)
        copy.assert_books_hold()


def role(town: Town) -> str:
    return "" if town.database.kind is DatabaseKind.SQLITE else APPLICATION


def test_a_taken_place_is_refused_and_left_alone(
    town: Town, empty_place: tuple[str, str], tmp_path: Path
) -> None:
    source = url_of(town.database)
    backup(source, tmp_path / "copy")
    before = (tmp_path / "copy" / "manifest.json").read_bytes()
    with pytest.raises(BackupRefused) as refused:
        backup(source, tmp_path / "copy")
    assert refused.value.code is BackupReason.PLACE_TAKEN
    assert (tmp_path / "copy" / "manifest.json").read_bytes() == before
    owner_url, _ = empty_place
    restore(tmp_path / "copy", owner_url, application_role=role(town))
    for _ in range(2):
        with pytest.raises(BackupRefused) as refused:
            restore(tmp_path / "copy", owner_url, application_role=role(town))
        assert refused.value.code is BackupReason.NOT_EMPTY
    modes = {p.stat().st_mode & 0o777 for p in (tmp_path / "copy").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("wrong", ["bytes", "manifest", "missing", "newer", "path"])
def test_a_damaged_backup_is_refused_and_nothing_is_made(
    town: Town, empty_place: tuple[str, str], tmp_path: Path, wrong: str
) -> None:
    backup(url_of(town.database), tmp_path / "copy")
    folder = tmp_path / "copy"
    manifest = read_manifest(folder)
    file = folder / manifest.file
    content = json.loads((folder / "manifest.json").read_text())
    expected = BackupReason.DAMAGED
    match wrong:
        case "bytes":
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 1
            file.write_bytes(data)
        case "manifest":
            (folder / "manifest.json").write_text("{")
        case "missing":
            file.unlink()
        case "newer":
            content["revision"] = "9999"
            (folder / "manifest.json").write_text(json.dumps(content))
            expected = BackupReason.TOO_NEW
        case "path":
            content["file"] = "../copy/" + manifest.file
            (folder / "manifest.json").write_text(json.dumps(content))
    owner_url, server_url = empty_place
    with pytest.raises(BackupRefused) as refused:
        restore(folder, owner_url, application_role=role(town))
    assert refused.value.code is expected
    if town.database.kind is DatabaseKind.SQLITE:
        assert not Path(make_url(owner_url).database or "").exists()
    with pytest.raises(SchemaNotCurrent):
        open_database(server_url).close_now()


def test_books_that_do_not_hold_are_not_backed_up(town: Town, tmp_path: Path) -> None:
    town.database.write_now(
        lambda c: c.execute(text("UPDATE wallets SET balance = balance + 1 WHERE owner = 1"))
    )
    town.database.write_now(lambda c: c.execute(text("UPDATE lot_balances SET remaining = 0")))
    with pytest.raises(BackupRefused) as refused:
        backup(url_of(town.database), tmp_path / "copy")
    assert refused.value.code is BackupReason.NOT_WHOLE
    assert list(tmp_path.glob("*copy*")) == []


def test_another_kind_is_refused(town: Town, tmp_path: Path) -> None:
    backup(url_of(town.database), tmp_path / "copy")
    sqlite = town.database.kind is DatabaseKind.SQLITE
    other = "postgresql://nobody@127.0.0.1:1/x" if sqlite else f"sqlite:///{tmp_path}/x.sqlite"
    with pytest.raises(BackupRefused) as refused:
        restore(tmp_path / "copy", other)
    assert refused.value.code is BackupReason.OTHER_KIND


def test_without_the_tools_it_says_what_to_install(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if town.database.kind is DatabaseKind.SQLITE:
        pytest.skip("SQLite needs none")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("server.house.postgres_tools._DEBIAN", tmp_path)
    with pytest.raises(BackupRefused, match="postgresql-client") as refused:
        backup(url_of(town.database), tmp_path / "copy")
    assert refused.value.code is BackupReason.TOOL_MISSING
    assert list(tmp_path.glob("*copy*")) == []


def test_a_secret_in_the_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused) as refused:
        backup("postgresql://choba:hunter2@127.0.0.1:1/choba", tmp_path / "copy")
    assert refused.value.code is BackupReason.SECRET_IN_URL
    assert "hunter2" not in str(refused.value)


def test_a_full_disk_is_told_and_leaves_nothing(sqlite_town: Town, tmp_path: Path) -> None:
    """A limit on the size of files is what a program can meet of a full disk without root."""
    done = choba(
        ["backup", str(tmp_path / "copy"), "--database", url_of(sqlite_town.database)],
        before="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("choba: CHOBA_BACKUP_PLACE_UNUSABLE"), done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("*copy*")) == []


def test_no_such_folder_is_told(sqlite_town: Town, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="No such file") as refused:
        backup(url_of(sqlite_town.database), tmp_path / "not" / "there")
    assert refused.value.code is BackupReason.PLACE_UNUSABLE


@pytest.mark.parametrize(
    "at", ["server.house.backup.digest_of", "server.house.backup.into_one_file", "os.fsync"]
)
def test_killed_in_the_middle_nothing_stands_under_the_name(
    sqlite_town: Town, tmp_path: Path, at: str
) -> None:
    url = url_of(sqlite_town.database)
    done = choba(["backup", str(tmp_path / "copy"), "--database", url], before=_killing(at))
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "copy").exists()
    backup(url, tmp_path / "copy")
    target = tmp_path / "new" / "choba.sqlite"
    for where in ("server.house.restore.into_one_file", "os.link"):
        done = choba(
            [
                *("restore", str(tmp_path / "copy"), "--database", f"sqlite:///{target}"),
                *("--by", "係", "--why", "試験"),
            ],
            before=_killing(where),
        )
        assert done.returncode == -signal.SIGKILL
        assert not target.exists()
    assert restore(tmp_path / "copy", f"sqlite:///{target}").whole


@pytest.mark.postgres
def test_killed_between_dump_and_mark_the_books_do_not_open(
    postgres: PostgresServer, postgres_town_template: Town, tmp_path: Path
) -> None:
    source = postgres.url("choba_town", APPLICATION)
    backup(source, tmp_path / "copy")
    name = "half_restored"
    postgres.create(name)
    done = choba(
        [
            *("restore", str(tmp_path / "copy"), "--database", postgres.url(name, MIGRATOR)),
            *("--application-role", APPLICATION, "--by", "係", "--why", "試験"),
        ],
        before=_killing("server.house.restore.migrate_with"),
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(SchemaNotCurrent):
        open_database(postgres.url(name, MIGRATOR)).close_now()
    with pytest.raises(BackupRefused) as refused:
        restore(tmp_path / "copy", postgres.url(name, MIGRATOR), application_role=APPLICATION)
    assert refused.value.code is BackupReason.NOT_EMPTY


def test_the_manifest_says_what_the_file_is(town: Town, tmp_path: Path) -> None:
    backup(url_of(town.database), tmp_path / "copy")
    found: Manifest = read_manifest(tmp_path / "copy")
    data = (tmp_path / "copy" / found.file).read_bytes()
    assert (found.bytes, found.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert found.kind is town.database.kind
    heads = town.database.read_now(
        lambda c: c.execute(text("SELECT head FROM lanes ORDER BY lane_id")).scalars().all()
    )
    assert [lane.head for lane in found.lanes] == [bytes(head).hex() for head in heads]
    assert shutil.disk_usage(tmp_path).total > found.bytes


def _killing(at: str) -> str:
    """Code that ends the program where it would call ``at``."""
    module, name = at.rsplit(".", 1)
    return (
        f"import os, signal, {module} as m;"
        f"m.{name} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL);"
    )


def choba(arguments: list[str], before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys; {before} from server.cli.__main__ import main; sys.exit(main({arguments}))"
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
        timeout=120,
    )
