"""Shops to pay at, and customers with money and a session, put into a server's books."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from protos.keys import terminal_keys, terminal_secret
from protos.units import Micros, TerminalId, TerminalNumber, UserId, Yen
from server.campaigns import Grant, grant_all
from server.clock import DAY, SECOND, TOKYO, system_clock
from server.db import Database, new_public_id
from server.db.schema import directory as directory_tables
from server.db.schema.signin import sign_in_sessions
from server.demo.calendar import DemoCalendar
from server.demo.town import POINTS, VOUCHER
from server.directory import (
    Merchant,
    MerchantId,
    OwnerKey,
    ServiceId,
    Shop,
    ShopId,
    ShopState,
    TerminalKind,
    User,
    create_merchant,
    create_shop,
    create_terminal,
    enrol_terminal,
)
from server.ledger import Operation, allocate, process_clock
from server.operators import Operators, Role
from server.state import KeyFiles, StateFolder

_LIFE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lots:
    """What each customer is given: face values in yen, earliest expiry first."""

    voucher: tuple[int, ...]
    points: tuple[int, ...]


def open_shops(database: Database, state_dir: Path, count: int) -> list[tuple[int, str]]:
    """Shops with one counter each: its number, and its QR key in hexadecimal, which follows from
    the server's own master key file."""
    master = KeyFiles(StateFolder(state_dir).keys).master_key().reveal()

    def work(connection: Connection) -> list[TerminalNumber]:
        merchant = Merchant(MerchantId("M-9000"), "測定商店会", "Measured Shops")
        create_merchant(connection, merchant)
        return [_open_shop(connection, merchant.merchant_id, i) for i in range(count)]

    numbers = database.write_now(work)
    return [(n, terminal_keys(terminal_secret(master, n)).qr.hex()) for n in numbers]


def _open_shop(connection: Connection, merchant: MerchantId, number: int) -> TerminalNumber:
    shop = Shop(
        ShopId(f"S-{9000 + number}"),
        merchant,
        f"測定商店 {number}",
        f"Measured Shop {number}",
        f"みほん市測定町{number}",
        ShopState.OPEN,
    )
    create_shop(connection, shop, (VOUCHER, POINTS))
    terminal = TerminalId(f"T-{900_000 + number}")
    create_terminal(
        connection,
        terminal_id=terminal,
        kind=TerminalKind.DEVICE,
        shop_id=shop.shop_id,
        name_ja="レジ1",
        name_en="Register 1",
        home_terminal_id=None,
    )
    return enrol_terminal(connection, terminal, system_clock())


def settle_customers(database: Database, phones: Sequence[str], lots: Lots) -> list[User]:
    """One customer for each telephone number (digits only), with lots of their own."""
    users = database.write_now(lambda connection: _register(connection, phones))
    now = datetime.fromtimestamp(system_clock() / SECOND, TOKYO)
    calendar = DemoCalendar(now.date())
    grants = [
        *(g for u in users for g in _grants(u, VOUCHER, lots.voucher, calendar.voucher_until)),
        *(g for u in users for g in _grants(u, POINTS, lots.points, calendar.end_of_month(4))),
    ]
    grant_all(database, grants, process_clock(system_clock))
    return users


def _register(connection: Connection, phones: Sequence[str]) -> list[User]:
    """What ``create_user`` does, for thousands at once."""
    at = system_clock()
    users = [
        User(UserId(new_public_id()), OwnerKey(owner), f"測定 {i}", phone, at)
        for i, (owner, phone) in enumerate(
            zip(allocate(connection, "owner", len(phones)), phones, strict=True)
        )
    ]
    connection.execute(
        insert(directory_tables.users),
        [{"user_id": u.user_id, "owner": u.owner, "created_at": at} for u in users],
    )
    connection.execute(
        insert(directory_tables.user_contacts),
        [{"user_id": u.user_id, "display_name": u.display_name, "phone": u.phone} for u in users],
    )
    return users


def open_sessions(database: Database, users: Sequence[User]) -> list[tuple[str, str]]:
    """User id and bearer token of each, as a sign-in would have left it."""
    now = system_clock()
    until = Micros(now + int(_LIFE.total_seconds()) * SECOND)
    signed_in = [(str(user.user_id), secrets.token_urlsafe(32)) for user in users]
    rows = [
        {
            "token_hash": hashlib.sha256(token.encode()).digest(),
            "user_id": user,
            "started_at": now,
            "expires_at": until,
        }
        for user, token in signed_in
    ]
    database.write_now(lambda connection: connection.execute(insert(sign_in_sessions), rows))
    return signed_in


def wallet_backend_token(state_dir: Path) -> str:
    """What the operator's own wallet backend calls PayMany with; made once for a server."""
    operators = Operators(KeyFiles(StateFolder(state_dir).keys))
    return operators.add("measured backend", Role.WALLET).reveal()


def _grants(
    user: User, service: ServiceId, faces: Sequence[int], last_expiry: Micros
) -> Iterator[Grant]:
    for i, face in enumerate(faces):
        yield Grant(
            idempotency_key=new_public_id(),
            operation=Operation.GRANT,
            user_id=user.user_id,
            owner=user.owner,
            service_id=service,
            amount=Yen(face),
            price=Yen(0),
            expires_at=Micros(last_expiry - (len(faces) - 1 - i) * DAY),
        )
