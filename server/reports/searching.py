"""取引管理: transactions on the screen, newest first, in pages."""

import base64
import re
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, or_, select, union_all

from protos.units import Micros, TerminalId, TransactionId, UserId, Yen
from server.directory import MerchantId, ServiceId, ServiceKind, ShopId
from server.ledger import Operation
from server.reports import refusals as refuse
from server.reports.rows import OPERATIONS, Status, Wanted, parts, with_names

MOST_IN_PAGE: Final = 500
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of 取引管理. Amounts in yen; before and after are the customer's balance of that
    service, None for grants older than their record."""

    transaction_id: TransactionId
    at: Micros
    operation: Operation
    service_id: ServiceId
    service_name: str
    service_kind: ServiceKind
    merchant_id: MerchantId | None
    merchant_name: str
    shop_id: ShopId | None
    shop_name: str
    terminal_id: TerminalId | None
    terminal_name: str
    user_id: UserId
    amount: Yen
    before: Yen | None
    after: Yen | None
    notes: tuple[str, str, str]
    """The first one of a payment with several legs is the payment's id."""
    target_id: TransactionId | None
    """What a cancel slip cancels, whole."""
    closed: bool
    status: Status
    updated_at: Micros

    @property
    def combined(self) -> bool:
        """利用（複数サービス決済）: one leg of several."""
        in_shop = self.operation in (Operation.USE, Operation.CANCEL_USE)
        return in_shop and bool(self.notes[0])


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """``cursor``: of the next page; empty after the last one."""

    transactions: tuple[Transaction, ...]
    cursor: str


def search(
    connection: Connection, wanted: Wanted, limit: int = 50, cursor: str = ""
) -> TransactionPage:
    """Newest first; ``limit`` 1 to 500. Rows that come meanwhile shift no page.

    Raises Refusal: LIMIT, FIELD, CURSOR, PERIOD.
    """
    if not 1 <= limit <= MOST_IN_PAGE:
        raise refuse.limit_invalid(MOST_IN_PAGE)
    check(wanted)
    before = _opened(cursor) if cursor else None
    newest = [_newest(rows, before, limit + 1) for rows in parts(wanted)]
    if not newest:
        return TransactionPage((), "")
    together = union_all(*newest).subquery("found")
    page = _ordered(with_names(together)).limit(limit + 1)
    found = [_transaction(row) for row in connection.execute(page)]
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return TransactionPage(
        tuple(found[:limit]), "" if last is None else _sealed(last.at, last.transaction_id)
    )


def check(wanted: Wanted) -> None:
    """Raises Refusal FIELD for what is no id and no OP1 to OP5, PERIOD for one that is none."""
    for each in fields(wanted):
        value = getattr(wanted, each.name)
        if isinstance(value, str) and not _ID.fullmatch(value):
            raise refuse.field_invalid(each.name)
    if wanted.operation is not None and wanted.operation not in OPERATIONS:
        raise refuse.field_invalid("operation")
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise refuse.period_of_instants()


def _newest(rows: Select[Any], before: tuple[int, str] | None, limit: int) -> Select[Any]:
    """The first of one kind, in a subquery of its own: SQLite orders no part of a union."""
    columns = {column.name: column for column in rows.selected_columns}
    at, tran_id = (_expression(columns[name]) for name in ("at", "tran_id"))
    if before is not None:
        rows = rows.where(or_(at < before[0], and_(at == before[0], tran_id < before[1])))
    first = rows.order_by(at.desc(), tran_id.desc()).limit(limit)
    return select(first.subquery())


def _expression(column: Any) -> Any:
    """Without its label, so that an index over it is of use."""
    return getattr(column, "element", column)


def _ordered(rows: Select[Any]) -> Select[Any]:
    columns = rows.selected_columns
    return rows.order_by(columns["at"].desc(), columns["tran_id"].desc())


def _transaction(row: Any) -> Transaction:
    return Transaction(
        transaction_id=TransactionId(row.tran_id),
        at=Micros(row.at),
        operation=Operation(row.operation),
        service_id=ServiceId(row.service_id),
        service_name=row.service_name or "",
        service_kind=ServiceKind(row.service_kind),
        merchant_id=None if row.merchant_id is None else MerchantId(row.merchant_id),
        merchant_name=row.merchant_name or "",
        shop_id=None if row.shop_id is None else ShopId(row.shop_id),
        shop_name=row.shop_name or "",
        terminal_id=None if row.terminal_id is None else TerminalId(row.terminal_id),
        terminal_name=row.terminal_name or "",
        user_id=UserId(row.user_id),
        amount=Yen(row.amount),
        before=None if row.before_value is None else Yen(row.before_value),
        after=None if row.after_value is None else Yen(row.after_value),
        notes=(row.note1 or "", row.note2 or "", row.note3 or ""),
        target_id=None if row.target_id is None else TransactionId(row.target_id),
        closed=bool(row.closed),
        status=Status(row.status),
        updated_at=Micros(row.updated_at),
    )


def _sealed(at: Micros, transaction_id: TransactionId) -> str:
    return base64.urlsafe_b64encode(f"{at}.{transaction_id}".encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[int, str]:
    """Raises Refusal CURSOR."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        at, _, transaction_id = text.partition(".")
        if not _ID.fullmatch(transaction_id):
            raise ValueError(cursor)
        return int(at), transaction_id
    except ValueError as error:
        raise refuse.cursor_invalid() from error
