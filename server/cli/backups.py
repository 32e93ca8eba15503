"""``choba backup`` and ``choba restore``."""

import argparse
import sys
import time
from pathlib import Path

from protos.units import Micros
from server.cli.books import audit_verify
from server.cli.running import Rooms, act_options, database_url
from server.clock import tokyo_time
from server.house import make_backup, restore_backup
from server.house.manifest import Manifest

_SHOW_EVERY = 0.5
_KEYS = (
    "Keys are not in a backup. Keep a copy of STATE/keys in another safe place: without "
    "master.key every counter has to be paired again, without ca.key and operator tokens too.\n"
    "鍵はバックアップに含まれません。STATE/keys を別の安全な場所に保管してください。"
)


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """Both commands."""
    backup = rooms.add_parser(
        "backup", parents=[common], help="copy the books while servers run", epilog=_KEYS
    )
    backup.add_argument("destination", type=Path, metavar="DEST", help="a folder that is not there")
    backup.set_defaults(run=_backup)

    restore = rooms.add_parser(
        "restore", parents=[common, act_options()], help="put a backup into an empty place"
    )
    restore.add_argument("source", type=Path, metavar="SRC", help="what choba backup has made")
    restore.add_argument("--application-role", default="", metavar="ROLE")
    restore.set_defaults(run=_restore)


def _backup(options: argparse.Namespace) -> int:
    report = make_backup(
        database_url(options), options.destination, audit=audit_verify, progress=Progress()
    )
    print(f"backup {report.folder}: {_what(report.manifest)}\n{_KEYS}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    report = restore_backup(
        options.source,
        database_url(options),
        by=options.by,
        why=options.why,
        audit=audit_verify,
        progress=Progress(),
        application_role=options.application_role,
    )
    print(
        f"restored {options.source}: {_what(report.manifest)}; now schema {report.migrated_to}\n"
        "What happened after that time is not in these books. Counters that announced later\n"
        "payments are named in the server's log (CHOBA_LEDGER_OLDER_THAN_DEVICE) as they connect;\n"
        "certificates issued later are refused, and revocations made later must be made again.\n"
        "この時刻より後の取引は含まれていません。端末が接続すると、失われた件数がログに出ます。"
    )
    return 0 if report.whole else 1


def _what(manifest: Manifest) -> str:
    at = tokyo_time(Micros(manifest.taken_at))
    entries = sum(lane.position for lane in manifest.lanes)
    return (
        f"{entries:,} entries of ledger {manifest.ledger_id} as of {at:%Y-%m-%d %H:%M:%S} "
        f"(Asia/Tokyo), {manifest.bytes:,} bytes, sha256 {manifest.sha256[:16]}…"
    )


class Progress:
    """One line on stderr, drawn again twice a second; nothing where nobody looks."""

    def __init__(self) -> None:
        self._shown = float("-inf")

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        over = done >= total
        if sys.stderr.isatty() and (over or now - self._shown >= _SHOW_EVERY):
            self._shown = now
            percent = 100 * done // max(total, 1)
            print(f"\r{what}: {percent:3d} %", end="\n" if over else "", file=sys.stderr)
