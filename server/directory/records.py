"""Reading and creating what the directory knows. Everything runs on the caller's connection."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from protos.units import Micros, TerminalId, TerminalNumber, UserId
from server.db import new_public_id
from server.db.schema import directory as t
from server.directory.types import (
    DirectoryError,
    Merchant,
    MerchantId,
    Service,
    ServiceId,
    ServiceKind,
    Shop,
    ShopId,
    ShopState,
    StandPayments,
    Terminal,
    TerminalKind,
    User,
)
from server.ledger import (
    AccountId,
    AccountKind,
    OwnerKey,
    StreamId,
    Unit,
    allocate,
    open_account,
    open_stream,
)

_NUMBER_LIMIT = 2**32


def create_service(connection: Connection, service: Service) -> None:
    """Raises IntegrityError when the id is taken."""
    connection.execute(
        insert(t.services).values(
            service_id=service.service_id,
            kind=int(service.kind),
            name_ja=service.name_ja,
            name_en=service.name_en,
            stand_payments=int(service.stand_payments),
        )
    )


def create_merchant(connection: Connection, merchant: Merchant) -> None:
    connection.execute(
        insert(t.merchants).values(
            merchant_id=merchant.merchant_id, name_ja=merchant.name_ja, name_en=merchant.name_en
        )
    )


def create_shop(connection: Connection, shop: Shop, services: tuple[ServiceId, ...]) -> None:
    """A shop that takes ``services``; an account is opened for each."""
    owner = OwnerKey(allocate(connection, "owner")[0])
    connection.execute(
        insert(t.shops).values(
            shop_id=shop.shop_id,
            owner=owner,
            merchant_id=shop.merchant_id,
            name_ja=shop.name_ja,
            name_en=shop.name_en,
            address=shop.address,
            state=int(shop.state),
        )
    )
    for service in services:
        account = open_account(connection, AccountKind.SHOP, Unit(service), owner)
        connection.execute(
            insert(t.shop_services).values(
                shop_id=shop.shop_id, service_id=service, account_id=account
            )
        )


def shop_ids(connection: Connection) -> dict[OwnerKey, ShopId]:
    """Every shop by its number inside the ledger."""
    rows = connection.execute(select(t.shops.c.owner, t.shops.c.shop_id))
    return {OwnerKey(owner): ShopId(shop_id) for owner, shop_id in rows}


def shop_owners(connection: Connection, wanted: Collection[ShopId]) -> frozenset[OwnerKey]:
    """The numbers of these shops inside the ledger."""
    rows = connection.execute(select(t.shops.c.owner).where(t.shops.c.shop_id.in_(sorted(wanted))))
    return frozenset(OwnerKey(owner) for owner in rows.scalars())


def set_shop_state(connection: Connection, shop_id: ShopId, state: ShopState) -> None:
    """A closed shop takes no payments from the next batch on."""
    connection.execute(update(t.shops).where(t.shops.c.shop_id == shop_id).values(state=int(state)))


def create_terminal(
    connection: Connection,
    *,
    terminal_id: TerminalId,
    kind: TerminalKind,
    shop_id: ShopId,
    name_ja: str,
    name_en: str,
    home_terminal_id: TerminalId | None = None,
) -> Terminal:
    """A place for a device or a stand; it gets its number by ``enrol_terminal``.

    ``home_terminal_id``: the device that announces a stand's payments.
    """
    if home_terminal_id is not None and kind is not TerminalKind.STAND:
        raise DirectoryError("home_terminal_id: only a stand has a home device")
    connection.execute(
        insert(t.terminals).values(
            terminal_id=terminal_id,
            kind=int(kind),
            shop_id=shop_id,
            name_ja=name_ja,
            name_en=name_en,
            home_terminal_id=home_terminal_id,
        )
    )
    return Terminal(terminal_id, kind, shop_id, name_ja, name_en, None, home_terminal_id)


def enrol_terminal(connection: Connection, terminal_id: TerminalId, at: Micros) -> TerminalNumber:
    """A new number for this terminal, never given before; its former one is retired.

    The terminal secret follows from it: ``Keyring.terminal_secret``. Its stream of announcements
    starts at sequence 1. Raises DirectoryError for an unknown terminal.
    """
    if terminal_by_id(connection, terminal_id) is None:
        raise DirectoryError(f"terminal_id: {terminal_id} is not in the directory")
    number = TerminalNumber(allocate(connection, "terminal_number")[0])
    if number >= _NUMBER_LIMIT:
        raise DirectoryError("terminal numbers: all 32 bits are used up")
    connection.execute(
        update(t.terminal_numbers)
        .where(
            t.terminal_numbers.c.terminal_id == terminal_id,
            t.terminal_numbers.c.retired_at.is_(None),
        )
        .values(retired_at=at)
    )
    connection.execute(
        insert(t.terminal_numbers).values(
            number=number, terminal_id=terminal_id, enrolled_at=at, retired_at=None, drift=0
        )
    )
    open_stream(connection, StreamId(number))
    return number


def set_terminal_drift(connection: Connection, number: TerminalNumber, drift: Micros) -> None:
    """What is known of a device's clock: its time less the server's, microseconds."""
    connection.execute(
        update(t.terminal_numbers).where(t.terminal_numbers.c.number == number).values(drift=drift)
    )


def create_user(connection: Connection, *, display_name: str, phone: str, at: Micros) -> User:
    """A customer. ``phone``: digits only. Raises DirectoryError, IntegrityError when taken."""
    if not (phone.isascii() and phone.isdigit()):
        raise DirectoryError("phone: digits only, e.g. 09000000001")
    user = User(
        UserId(new_public_id()),
        OwnerKey(allocate(connection, "owner")[0]),
        display_name,
        phone,
        at,
    )
    connection.execute(
        insert(t.users).values(user_id=user.user_id, owner=user.owner, created_at=at)
    )
    connection.execute(
        insert(t.user_contacts).values(user_id=user.user_id, display_name=display_name, phone=phone)
    )
    return user


def user_by_id(connection: Connection, user_id: UserId) -> User | None:
    return _user(connection, _USERS.where(t.users.c.user_id == user_id))


def user_by_phone(connection: Connection, phone: str) -> User | None:
    return _user(connection, _USERS.where(t.user_contacts.c.phone == phone))


def services(connection: Connection) -> tuple[Service, ...]:
    """All services, vouchers first."""
    rows = connection.execute(
        select(t.services).order_by(t.services.c.kind.desc(), t.services.c.service_id)
    )
    return tuple(
        Service(
            ServiceId(r.service_id),
            ServiceKind(r.kind),
            r.name_ja,
            r.name_en,
            StandPayments(r.stand_payments),
        )
        for r in rows
    )


def merchant_by_id(connection: Connection, merchant_id: MerchantId) -> Merchant | None:
    row = connection.execute(
        select(t.merchants).where(t.merchants.c.merchant_id == merchant_id)
    ).one_or_none()
    return Merchant(merchant_id, row.name_ja, row.name_en) if row else None


def merchants(connection: Connection) -> tuple[Merchant, ...]:
    """All merchants by id."""
    rows = connection.execute(select(t.merchants).order_by(t.merchants.c.merchant_id))
    return tuple(Merchant(MerchantId(row.merchant_id), row.name_ja, row.name_en) for row in rows)


def shops(connection: Connection) -> tuple[Shop, ...]:
    """All shops by id."""
    return tuple(_shop(r) for r in connection.execute(select(t.shops).order_by(t.shops.c.shop_id)))


def shop_by_id(connection: Connection, shop_id: ShopId) -> Shop | None:
    row = connection.execute(select(t.shops).where(t.shops.c.shop_id == shop_id)).one_or_none()
    return _shop(row) if row else None


def known_units(connection: Connection) -> frozenset[str]:
    """The ids of all services: what the ledger may count."""
    return frozenset(connection.execute(select(t.services.c.service_id)).scalars())


def shop_accounts(connection: Connection, service: ServiceId) -> dict[ShopId, AccountId]:
    """Of every shop that takes a service: the account of what it is owed there."""
    rows = connection.execute(
        select(t.shop_services.c.shop_id, t.shop_services.c.account_id).where(
            t.shop_services.c.service_id == service
        )
    )
    return {ShopId(shop): AccountId(account) for shop, account in rows}


def services_of_shop(connection: Connection, shop_id: ShopId) -> tuple[ServiceId, ...]:
    """What the shop takes."""
    rows = connection.execute(
        select(t.shop_services.c.service_id)
        .where(t.shop_services.c.shop_id == shop_id)
        .order_by(t.shop_services.c.service_id)
    )
    return tuple(ServiceId(service) for service in rows.scalars())


def terminals(connection: Connection) -> tuple[Terminal, ...]:
    """All terminals by id."""
    rows = connection.execute(_TERMINALS.order_by(t.terminals.c.terminal_id))
    return tuple(_terminal(r) for r in rows)


def terminal_by_id(connection: Connection, terminal_id: TerminalId) -> Terminal | None:
    row = connection.execute(
        _TERMINALS.where(t.terminals.c.terminal_id == terminal_id)
    ).one_or_none()
    return _terminal(row) if row else None


def terminal_by_number(connection: Connection, number: TerminalNumber) -> Terminal | None:
    """The terminal that was given this number; its ``number`` may be a newer one."""
    found = connection.execute(
        select(t.terminal_numbers.c.terminal_id).where(t.terminal_numbers.c.number == number)
    ).scalar_one_or_none()
    return terminal_by_id(connection, TerminalId(found)) if found is not None else None


_USERS: Select[Any] = select(
    t.users.c.user_id,
    t.users.c.owner,
    t.users.c.created_at,
    t.user_contacts.c.display_name,
    t.user_contacts.c.phone,
).join_from(t.users, t.user_contacts, isouter=True)

_TERMINALS: Select[Any] = select(t.terminals, t.terminal_numbers.c.number).join_from(
    t.terminals,
    t.terminal_numbers,
    (t.terminal_numbers.c.terminal_id == t.terminals.c.terminal_id)
    & t.terminal_numbers.c.retired_at.is_(None),
    isouter=True,
)


def _user(connection: Connection, query: Select[Any]) -> User | None:
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return User(
        UserId(row.user_id),
        OwnerKey(row.owner),
        row.display_name or "",
        row.phone or "",
        Micros(row.created_at),
    )


def _shop(row: Any) -> Shop:
    return Shop(
        ShopId(row.shop_id),
        MerchantId(row.merchant_id),
        row.name_ja,
        row.name_en,
        row.address,
        ShopState(row.state),
    )


def _terminal(row: Any) -> Terminal:
    return Terminal(
        TerminalId(row.terminal_id),
        TerminalKind(row.kind),
        ShopId(row.shop_id),
        row.name_ja,
        row.name_en,
        None if row.number is None else TerminalNumber(row.number),
        None if row.home_terminal_id is None else TerminalId(row.home_terminal_id),
    )
