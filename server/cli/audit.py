"""``choba audit``: compute everything again, sign where the books stand, compare with old heads.

choba audit verify [--public-key FILE]…        everything again; names what does not hold
choba audit sign --by NAME --why TEXT          sign the lanes' heads now, besides every hour
choba audit export-heads FILE [--after N]      signed heads as a text file for an auditor
choba audit check-heads FILE [--public-key …]  these books against such a file
choba audit rotate-key --by NAME --why TEXT    a new key signs from now on
"""

import argparse
import os
import sys
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection

from protos.operation.state_directory import given_state_directory
from server.cli.books import audit_verify, two_processes
from server.cli.progress import ProgressLine
from server.cli.running import (
    Rooms,
    act_options,
    database_url,
    head_key_of,
    key_files_of,
    with_database,
)
from server.clock import system_clock
from server.db import Database
from server.db.streams import long_snapshot
from server.ledger import (
    HeadKey,
    PublicKeys,
    SignedHead,
    StatementError,
    all_signed_heads,
    parse_file,
    sign_heads,
)
from server.ledger.audit import Audit
from server.ledger.verify_heads import check_heads
from server.oversight import Act, record_act
from server.refusal import Refusal, RefusalKind
from server.state import public_heads_keys, write_private


class AuditCode(StrEnum):
    FILE = "CHOBA_AUDIT_FILE"


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """The commands of the audit."""
    audit = rooms.add_parser("audit").add_subparsers(required=True)
    acting = act_options()
    verify = audit.add_parser("verify", parents=[common])
    sign = audit.add_parser("sign", parents=[common, acting])
    export = audit.add_parser("export-heads", parents=[common])
    check = audit.add_parser("check-heads", parents=[common])
    rotate = audit.add_parser("rotate-key", parents=[common, acting])
    for command in (verify, check):
        command.add_argument(
            "--public-key",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="a key that you trust; else those in the state folder",
        )
    for command in (export, check):
        command.add_argument("file", type=Path, metavar="FILE")
    export.add_argument("--after", type=int, default=0, metavar="N", help="only higher numbers")
    verify.set_defaults(run=_verify)
    sign.set_defaults(run=_sign)
    export.set_defaults(run=_export)
    check.set_defaults(run=_check)
    rotate.set_defaults(run=_rotate)


def _verify(options: argparse.Namespace) -> int:
    trusted, line = _trusted(options), ProgressLine()
    both = two_processes(database_url(options), line)
    try:
        return with_database(
            options,
            lambda database: database.read_now(
                lambda connection: audit_verify(connection, line, trusted, both)
            ),
        )
    finally:
        line.close()
        if both is not None:
            both.end()


def _sign(options: argparse.Namespace) -> int:
    key, now = head_key_of(options), system_clock()

    def work(connection: Connection) -> SignedHead:
        signed = sign_heads(connection, key, now)
        act = Act(options.by, "audit.sign", key.key_id, options.why, now)
        record_act(connection, act)
        return signed

    def run(database: Database) -> int:
        sys.stdout.write(database.write_now(work).exported())
        return 0

    return with_database(options, run)


def _export(options: argparse.Namespace) -> int:
    def work(connection: Connection) -> list[str]:
        long_snapshot(connection)
        return [
            signed.exported()
            for number, signed in enumerate(all_signed_heads(connection), 1)
            if number > options.after
        ]

    def run(database: Database) -> int:
        parts = database.read_now(work)
        try:
            write_private(options.file, "".join(parts).encode("utf-8"))
        except OSError as error:
            raise _bad_file(options.file, error.strerror or str(error)) from error
        print(f"{len(parts):,} signed heads in {options.file}: keep it where these books are not")
        return 0

    return with_database(options, run)


def _check(options: argparse.Namespace) -> int:
    trusted = _trusted(options)
    try:
        kept = list(parse_file(options.file.read_text("utf-8")))
    except OSError as error:
        raise _bad_file(options.file, error.strerror or str(error)) from error
    except (StatementError, UnicodeDecodeError) as error:
        raise _bad_file(options.file, str(error)) from error

    def work(connection: Connection) -> int:
        long_snapshot(connection)
        audit = Audit()
        compared = check_heads(connection, audit, kept, trusted)
        audit.tell_rest()
        if not trusted:
            print("  note: no trusted key was given; each head was checked with the key it names")
        for finding in audit.findings:
            print(f"  does not hold: {finding}")
        print(
            f"{compared:,} kept heads compared: "
            + ("the books are those that were signed" if audit.holds else "NOT the same books")
        )
        return 0 if audit.holds else 1

    return with_database(options, lambda database: database.read_now(work))


def _rotate(options: argparse.Namespace) -> int:
    """The heads signed so far are followed by one of the new key, which names the last of them."""
    files, now = key_files_of(options), system_clock()
    old = head_key_of(options)
    new = HeadKey(files.new_heads_key().reveal())
    path = files.keep_public_key(new.key_id, new.public)

    def work(connection: Connection) -> None:
        sign_heads(connection, new, now)
        act = Act(
            options.by, "audit.rotate_key", new.key_id, options.why, now, {"before": old.key_id}
        )
        record_act(connection, act)

    def run(database: Database) -> int:
        database.write_now(work)
        print(f"key {new.key_id} signs from now on; give auditors {path}")
        return 0

    return with_database(options, run)


def _trusted(options: argparse.Namespace) -> PublicKeys:
    """Those given, else those that this machine's server keeps; nothing is made for it."""
    if options.public_key:
        return public_heads_keys(options.public_key)
    folder = given_state_directory(options.state_dir, os.environ, "var") / "keys"
    return public_heads_keys(sorted(folder.glob("heads-*.pub"))) if folder.is_dir() else {}


def _bad_file(path: Path, why: str) -> Refusal:
    return Refusal(
        AuditCode.FILE,
        RefusalKind.INVALID,
        ja=f"{path} を署名ファイルとして読み書きできません。",
        en=f"{path}: {why}",
        field="file",
    )
