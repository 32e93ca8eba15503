"""取引 as one relation: uses, their cancels, grants and charges, and their cancels.

Each comes from its own room's rows; here they get the same columns. What is derived (status,
closed, updatedAt) is derived here and stands nowhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    SmallInteger,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
)

from protos.units import Micros, TerminalId, TransactionId, UserId
from server.campaigns.selling import charge_key
from server.db.schema import campaigns, cancels, closes, directory, grants, selling
from server.db.schema import payments as t
from server.directory import MerchantId, ServiceId, ShopId
from server.ledger import Operation


class Status(IntEnum):
    """As the CSV writes it."""

    ACTIVE = 1
    CANCELLED = 2
    """A cancelled original, and the cancel slip itself."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search is narrowed to; None: any. ``since`` ≤ time < ``until``, by the ledger."""

    user: UserId | None = None
    transaction: TransactionId | None = None
    service: ServiceId | None = None
    shop: ShopId | None = None
    merchant: MerchantId | None = None
    terminal: TerminalId | None = None
    operation: Operation | None = None
    """One of OP1 to OP5."""
    status: Status | None = None
    closed: bool | None = None
    collected: bool = False
    """クレカ・オンライン収納代行: only what buyers paid for by card or collection agency."""
    since: Micros | None = None
    until: Micros | None = None


OPERATIONS: Final = (
    Operation.USE,
    Operation.GRANT,
    Operation.CHARGE,
    Operation.CANCEL_USE,
    Operation.CANCEL_GRANT,
)
"""OP1 to OP5, by their numbers."""

_P, _X = t.payments.c, t.transactions.c
_K, _S = cancels.cancellations.c, cancels.cancel_slips.c
_G, _C = campaigns.grants.c, grants.grant_cancels.c
_T, _N = grants.grant_transactions.c, grants.grant_notes.c
_GRANTED: Final = int(Operation.GRANT), int(Operation.CHARGE)
Narrow = Callable[[Select[Any]], Select[Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of row: where it comes from, and its columns by their common names."""

    operations: tuple[int, ...]
    source: Any
    columns: dict[str, Any]
    in_shops: bool
    """Whether it happens in a shop."""
    collected: Any = None

    def rows(self, wanted: Wanted) -> Select[Any] | None:
        """Narrowed; None where nothing can be of this kind."""
        if wanted.operation is not None and int(wanted.operation) not in self.operations:
            return None
        if not self.in_shops and (wanted.shop or wanted.merchant or wanted.terminal):
            return None
        if wanted.collected and self.collected is None:
            return None
        columns = [self.columns[name].label(name) for name in _NAMES]
        return select(*columns).select_from(self.source).where(*self._conditions(wanted))

    def _conditions(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        c = self.columns
        found = [
            c[name] == value
            for name, value in (
                ("tran_id", wanted.transaction),
                ("user_id", wanted.user),
                ("service_id", wanted.service),
                ("shop_id", wanted.shop),
            )
            if value is not None
        ]
        if wanted.merchant is not None:
            of = select(directory.shops.c.shop_id).where(
                directory.shops.c.merchant_id == wanted.merchant
            )
            found.append(c["shop_id"].in_(of))
        if wanted.terminal is not None:
            n = directory.terminal_numbers.c
            found.append(
                c["terminal_number"].in_(select(n.number).where(n.terminal_id == wanted.terminal))
            )
        if wanted.operation is not None and len(self.operations) > 1:
            found.append(c["operation"] == int(wanted.operation))
        if wanted.status is not None:
            found.append(c["status"] == int(wanted.status))
        if wanted.closed is not None:
            is_closed = c["at"] < func.coalesce(_last_boundary(c["service_id"]), 0)
            found.append(is_closed if wanted.closed else ~is_closed)
        if wanted.collected:
            found.append(self.collected)
        if wanted.since is not None:
            found.append(c["at"] >= wanted.since)
        if wanted.until is not None:
            found.append(c["at"] < wanted.until)
        return found


def _bought() -> Any:
    """A charge that a paid order became."""
    o = selling.purchases.c
    return (
        select(o.order_id)
        .where(_G.idempotency_key == literal(charge_key(""), Text()) + o.order_id)
        .exists()
    )


def _nothing(kind: Any) -> Any:
    return cast(null(), kind)


def _combined(leg: Any, whole: Any) -> Any:
    """The payment's id on each row of a combined payment: its legs are all less than the whole."""
    return case((leg != whole, _P.payment_id), else_=_nothing(Text()))


_NAMES: Final = (
    "tran_id",
    "at",
    "operation",
    "service_id",
    "shop_id",
    "terminal_number",
    "user_id",
    "amount",
    "before_value",
    "after_value",
    "note1",
    "note2",
    "note3",
    "target_amount",
    "target_id",
    "status",
    "updated_at",
)

_USES: Final = _Part(
    (int(Operation.USE),),
    t.payments.join(t.transactions, _X.payment_id == _P.payment_id).outerjoin(
        cancels.cancellations, _K.payment_id == _P.payment_id
    ),
    {
        "tran_id": _X.transaction_id,
        "at": _P.paid_at,
        "operation": literal(int(Operation.USE), SmallInteger()),
        "service_id": _X.service_id,
        "shop_id": _P.shop_id,
        "terminal_number": _P.terminal_number,
        "user_id": _P.user_id,
        "amount": _X.amount,
        "before_value": _X.before_value,
        "after_value": _X.after_value,
        "note1": _combined(_X.amount, _P.amount),
        "note2": _nothing(Text()),
        "note3": _nothing(Text()),
        "target_amount": _nothing(BigInteger()),
        "target_id": _nothing(Text()),
        "status": case((_K.payment_id.is_not(None), 2), else_=1),
        "updated_at": func.coalesce(_K.cancelled_at, _P.paid_at),
    },
    in_shops=True,
)

_CANCELS: Final = _Part(
    (int(Operation.CANCEL_USE),),
    cancels.cancellations.join(cancels.cancel_slips, _S.cancel_id == _K.cancel_id).join(
        t.payments, _P.payment_id == _K.payment_id
    ),
    {
        "tran_id": _S.transaction_id,
        "at": _K.cancelled_at,
        "operation": literal(int(Operation.CANCEL_USE), SmallInteger()),
        "service_id": _S.service_id,
        "shop_id": _P.shop_id,
        "terminal_number": _P.terminal_number,
        "user_id": _P.user_id,
        "amount": _S.amount,
        "before_value": _S.before_value,
        "after_value": _S.after_value,
        "note1": _combined(_S.amount, _K.amount),
        "note2": _nothing(Text()),
        "note3": _nothing(Text()),
        "target_amount": _S.amount,
        "target_id": _S.target_transaction_id,
        "status": literal(2, SmallInteger()),
        "updated_at": _K.cancelled_at,
    },
    in_shops=True,
)

_GRANTS: Final = _Part(
    _GRANTED,
    campaigns.grants.outerjoin(grants.grant_transactions, _T.grant_id == _G.grant_id)
    .outerjoin(grants.grant_notes, _N.grant_id == _G.grant_id)
    .outerjoin(grants.grant_cancels, _C.grant_id == _G.grant_id),
    {
        "tran_id": _G.grant_id,
        "at": _G.granted_at,
        "operation": _G.operation,
        "service_id": _G.service_id,
        "shop_id": _nothing(Text()),
        "terminal_number": _nothing(BigInteger()),
        "user_id": _G.user_id,
        "amount": _G.amount,
        "before_value": _T.before_value,
        "after_value": _T.after_value,
        "note1": _N.note1,
        "note2": _N.note2,
        "note3": _N.note3,
        "target_amount": _nothing(BigInteger()),
        "target_id": _nothing(Text()),
        "status": case((_C.cancel_id.is_not(None), 2), else_=1),
        "updated_at": func.coalesce(_C.cancelled_at, _G.granted_at),
    },
    in_shops=False,
    collected=_bought(),
)

_GRANT_CANCELS: Final = _Part(
    (int(Operation.CANCEL_GRANT),),
    grants.grant_cancels.join(campaigns.grants, _G.grant_id == _C.grant_id).outerjoin(
        grants.grant_transactions, _T.grant_id == _G.grant_id
    ),
    {
        "tran_id": _C.cancel_id,
        "at": _C.cancelled_at,
        "operation": literal(int(Operation.CANCEL_GRANT), SmallInteger()),
        "service_id": _G.service_id,
        "shop_id": _nothing(Text()),
        "terminal_number": _nothing(BigInteger()),
        "user_id": _G.user_id,
        "amount": _C.amount,
        "before_value": _C.before_value,
        "after_value": _C.after_value,
        "note1": _nothing(Text()),
        "note2": _nothing(Text()),
        "note3": _nothing(Text()),
        "target_amount": _C.amount,
        "target_id": _C.grant_id,
        "status": literal(2, SmallInteger()),
        "updated_at": _C.cancelled_at,
    },
    in_shops=False,
    collected=_bought(),
)


def parts(wanted: Wanted) -> list[Select[Any]]:
    """The rows of each kind that the search wants, in the common columns (``_NAMES``)."""
    found = (part.rows(wanted) for part in (_USES, _CANCELS, _GRANTS, _GRANT_CANCELS))
    return [rows for rows in found if rows is not None]


def with_names(rows: Any, cell: Callable[[Any], Any] = lambda text: text) -> Select[Any]:
    """``rows`` (a subquery of the common columns) with what the directory calls their places,
    and whether their service's close has taken them.

    ``cell`` is what becomes of the directory's names and ids. It stands in the few rows of shops,
    terminals and services: a million transactions would compute it a million times.
    """
    c = rows.c
    service, shop, terminal = _services(cell), _shops(cell), _terminals(cell)
    ends = _last_boundaries()
    return (
        select(
            *c,
            service.c.service_cell,
            service.c.service_name,
            service.c.service_kind,
            shop.c.merchant_name,
            shop.c.merchant_id,
            shop.c.shop_cell,
            shop.c.shop_name,
            terminal.c.terminal_name,
            terminal.c.terminal_id,
            case((and_(ends.c.boundary.is_not(None), c.at < ends.c.boundary), 1), else_=0).label(
                "closed"
            ),
        )
        .select_from(rows)
        .outerjoin(service, service.c.key == c.service_id)
        .outerjoin(shop, shop.c.key == c.shop_id)
        .outerjoin(terminal, terminal.c.key == c.terminal_number)
        .outerjoin(ends, ends.c.service_id == c.service_id)
    )


def _services(cell: Callable[[Any], Any]) -> Any:
    s = directory.services.c
    return select(
        s.service_id.label("key"),
        cell(s.service_id).label("service_cell"),
        cell(s.name_ja).label("service_name"),
        s.kind.label("service_kind"),
    ).subquery("of_service")


def _shops(cell: Callable[[Any], Any]) -> Any:
    s, m = directory.shops.c, directory.merchants.c
    return (
        select(
            s.shop_id.label("key"),
            cell(s.shop_id).label("shop_cell"),
            cell(s.name_ja).label("shop_name"),
            cell(m.merchant_id).label("merchant_id"),
            cell(m.name_ja).label("merchant_name"),
        )
        .join_from(directory.shops, directory.merchants, m.merchant_id == s.merchant_id)
        .subquery("of_shop")
    )


def _terminals(cell: Callable[[Any], Any]) -> Any:
    n, t_ = directory.terminal_numbers.c, directory.terminals.c
    return (
        select(
            n.number.label("key"),
            cell(t_.terminal_id).label("terminal_id"),
            cell(t_.name_ja).label("terminal_name"),
        )
        .join_from(directory.terminal_numbers, directory.terminals, t_.terminal_id == n.terminal_id)
        .subquery("of_terminal")
    )


def _last_boundaries() -> Any:
    """Where each service's last close ended: whatever is older belongs to that close or to one
    before, for a close raises the lanes' floor."""
    k = closes.closes.c
    return (
        select(k.service_id, func.max(k.boundary).label("boundary"))
        .group_by(k.service_id)
        .subquery("ends")
    )


def _last_boundary(service: Any) -> Any:
    k = closes.closes.c
    return select(func.max(k.boundary)).where(k.service_id == service).scalar_subquery()
