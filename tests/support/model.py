"""The books as plain Python: lots with their expiry, keys, and what each kind of account holds.

It knows no databases, lanes, locks or batches; a test plays the same day here and on the product.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from server.clock import MINUTE
from server.directory import ServiceId
from server.ledger import AccountKind
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER

SERVICES = (VOUCHER, POINTS)
MATSUYA, KISSATEN, STAND = "matsuya", "kissaten", "stand"
SHOP_OF = {MATSUYA: "S-0001", STAND: "S-0001", KISSATEN: "S-0002"}
UNITS_IN_ALL, UNITS_A_PERSON, PRICE, FACE = 14, 9, 1000, 1200
Account = tuple[AccountKind, ServiceId]


@dataclass
class Lot:
    service: ServiceId
    expires_at: int
    left: int
    face: int
    price: int = 0
    funding: AccountKind = AccountKind.ISSUED
    user: str = ""
    cancelled_by: str = ""
    """The key of its OP5."""


@dataclass(frozen=True)
class Pay:
    """What a customer asks for; ``again``: said so at a stand."""

    user: str
    key: int
    place: str
    sale: int
    voucher: int
    points: int
    again: bool = False

    @property
    def amount(self) -> int:
        return self.voucher + self.points

    @property
    def asked(self) -> tuple[object, ...]:
        """What makes two requests under one key the same; a stand has no sales."""
        sale = 0 if self.place == STAND else self.sale
        return (self.place, sale, self.voucher, self.points, self.again)

    def legs(self) -> list[tuple[ServiceId, int]]:
        parts = zip(SERVICES, (self.voucher, self.points), strict=True)
        return [(service, amount) for service, amount in parts if amount]


@dataclass
class Sale:
    """A payment that was made."""

    pay: Pay
    taken: list[tuple[Lot, int]]
    closes: int = 0
    """Filled in by the test: the calendar has tests of its own."""
    refunded: Counter[ServiceId] = field(default_factory=Counter)
    cancelled: bool = False


@dataclass
class Order:
    user: str
    units: int
    aged: bool
    release_at: int
    state: str = "open"


@dataclass
class Model:
    lots: list[Lot] = field(default_factory=list)
    """By age."""
    sales: list[Sale] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    orders: list[Order] = field(default_factory=list)
    accounts: Counter[Account] = field(default_factory=Counter)
    """Credit less debit."""
    shops: Counter[tuple[str, ServiceId]] = field(default_factory=Counter)
    voids: set[tuple[str, int]] = field(default_factory=set)
    paid_sales: set[tuple[str, int]] = field(default_factory=set)
    stands: dict[tuple[str, int], int] = field(default_factory=dict)
    pay_keys: dict[tuple[str, int], tuple[object, str | Sale]] = field(default_factory=dict)
    cancel_keys: dict[str, tuple[object, Sale]] = field(default_factory=dict)
    refund_keys: dict[str, object] = field(default_factory=dict)
    give_keys: dict[str, tuple[object, Lot]] = field(default_factory=dict)
    order_keys: dict[tuple[str, str], tuple[int, Order]] = field(default_factory=dict)
    bonus: dict[str, tuple[int, int]] = field(default_factory=lambda: defaultdict(lambda: (0, 0)))
    """Price paid and points given for age."""

    # Lots come

    def issue(self, lot: Lot) -> Lot:
        self.lots.append(lot)
        self._move(AccountKind.SOLD, AccountKind.CUSTOMER, lot.service, lot.price)
        self._move(lot.funding, AccountKind.CUSTOMER, lot.service, lot.face - lot.price)
        if lot.user in self.left:
            self._lose(lot, AccountKind.FORFEITED)
        return lot

    def give(self, key: str, asked: tuple[object, ...], lot: Lot, at: int) -> str:
        """By hand or from a file; ``lot`` as it would be issued."""
        known = self.give_keys.get(key)
        if known is not None:
            return "repeated" if known[0] == asked else "KEY_REUSED"
        if lot.user in self.left:
            return "USER_LEFT"
        if lot.service == VOUCHER and at >= END_OF_AUGUST:
            return "SERVICE_OVER"
        self.give_keys[key] = (asked, self.issue(lot))
        return "new"

    def take_back_grant(self, lot: Lot, key: str, at: int) -> str:
        """OP5."""
        others = [x for x in self.lots if x.cancelled_by == key]
        if others and others[0] is not lot:
            return "KEY_REUSED"
        if lot.cancelled_by:
            return "repeated" if lot.cancelled_by == key else "CANCEL_AGAIN"
        if lot.expires_at <= at:
            return "CANCEL_EXPIRED"
        if lot.left != lot.face:
            return "CANCEL_SPENT"
        lot.cancelled_by, lot.left = key, 0
        self._move(AccountKind.CUSTOMER, AccountKind.SOLD, lot.service, lot.price)
        self._move(AccountKind.CUSTOMER, lot.funding, lot.service, lot.face - lot.price)
        return "new"

    # Payments

    def usable(self, user: str, service: ServiceId, at: int) -> list[Lot]:
        """Earliest expiry first, then age."""
        mine = [x for x in self.lots if (x.user, x.service) == (user, service)]
        return sorted((x for x in mine if x.left and x.expires_at > at), key=lambda x: x.expires_at)

    def pay(self, pay: Pay, at: int) -> str | Sale:
        known = self.pay_keys.get((pay.user, pay.key))
        if known is not None:
            return known[1] if known[0] == pay.asked else "KEY_REUSED"
        outcome = self._decide(pay, at)
        self.pay_keys[pay.user, pay.key] = (pay.asked, outcome)
        return outcome

    def _decide(self, pay: Pay, at: int) -> str | Sale:
        sale = (pay.place, pay.sale)
        if pay.place == STAND:
            last = self.stands.get((pay.user, pay.amount), -3 * MINUTE)
            if not pay.again and at - last < 2 * MINUTE:
                return "STAND_AGAIN"
        elif sale in self.paid_sales | self.voids:
            return "SALE_PAID" if sale in self.paid_sales else "SALE_VOID"
        for service, amount in pay.legs():
            if service == VOUCHER and pay.place == KISSATEN:
                return "SERVICE_NOT_HERE"
            if service == VOUCHER and at >= END_OF_AUGUST:
                return "WINDOW_OVER"
            if sum(lot.left for lot in self.usable(pay.user, service, at)) < amount:
                return "BALANCE_SHORT"
        taken = [part for leg in pay.legs() for part in self._spend(pay, *leg, at)]
        if pay.place == STAND:
            self.stands[pay.user, pay.amount] = at
        else:
            self.paid_sales.add(sale)
        self.sales.append(Sale(pay, taken))
        return self.sales[-1]

    def _spend(
        self, pay: Pay, service: ServiceId, amount: int, at: int
    ) -> Iterable[tuple[Lot, int]]:
        self._move(AccountKind.CUSTOMER, AccountKind.SHOP, service, amount)
        self.shops[SHOP_OF[pay.place], service] += amount
        for lot in self.usable(pay.user, service, at):
            part = min(lot.left, amount)
            lot.left -= part
            amount -= part
            if part:
                yield lot, part

    def void(self, place: str, sale: int) -> str:
        if (place, sale) in self.paid_sales:
            return "paid"
        self.voids.add((place, sale))
        return "void"

    def cancel(self, sale: Sale, key: str, accept: bool, at: int) -> str:
        """OP4."""
        asked = (id(sale), accept)
        known = self.cancel_keys.get(key)
        if known is not None:
            return "" if known[0] == asked else "KEY_REUSED"
        gone = sale.pay.user in self.left
        if sale.cancelled:
            return "ALREADY"
        if sale.refunded:
            return "REFUNDED"
        if at >= sale.closes:
            return "CLOSED"
        if not accept and any(lot.expires_at <= at or gone for lot, _ in sale.taken):
            return "WOULD_EXPIRE"
        self.cancel_keys[key] = (asked, sale)
        sale.cancelled = True
        for lot, part in sale.taken:
            self._move(AccountKind.SHOP, AccountKind.CUSTOMER, lot.service, part)
            self.shops[SHOP_OF[sale.pay.place], lot.service] -= part
            lot.left += part
            if lot.expires_at <= at:
                self._lose(lot, AccountKind.EXPIRED, part)
            elif gone:
                self._lose(lot, AccountKind.FORFEITED)
        return ""

    def refund(self, sale: Sale, service: ServiceId, amount: int, key: str) -> str:
        asked = (id(sale), service, amount)
        if key in self.refund_keys:
            return "" if self.refund_keys[key] == asked else "KEY_REUSED"
        if sale.cancelled:
            return "ALREADY"
        if sale.refunded[service] + amount > dict(sale.pay.legs())[service]:
            return "REFUND_TOO_MUCH"
        sale.refunded[service] += amount
        self.refund_keys[key] = asked
        return ""

    # Lots go

    def expire(self, at: int) -> int:
        late = [lot for lot in self.lots if lot.expires_at <= at]
        return sum(self._lose(lot, AccountKind.EXPIRED) for lot in late)

    def leave(self, user: str, at: int) -> None:
        self.left.add(user)
        for lot in self.lots:
            if lot.user == user:
                good = lot.expires_at > at
                self._lose(lot, AccountKind.FORFEITED if good else AccountKind.EXPIRED)

    # Purchases

    def order(self, order: Order, key: str, *, listed: bool, window: bool) -> str | Order:
        if not listed:
            return "NOT_ELIGIBLE"
        known = self.order_keys.get((order.user, key))
        if known is not None:
            return known[1] if known[0] == order.units else "KEY_REUSED"
        refused = "" if window else "WINDOW"
        refused = refused or self._over_a_cap(order)
        if not refused:
            self.orders.append(order)
            self.order_keys[order.user, key] = (order.units, order)
        return refused or order

    def _over_a_cap(self, order: Order) -> str:
        live = [x for x in self.orders if x.state != "released"]
        if order.units > UNITS_A_PERSON:
            return "UNITS"
        if sum(x.units for x in live if x.user == order.user) + order.units > UNITS_A_PERSON:
            return "OVER_PERSON"
        return "SOLD_OUT" if sum(x.units for x in live) + order.units > UNITS_IN_ALL else ""

    def collect(self, order: Order) -> None:
        order.state, price = "collected", order.units * PRICE
        self._move(AccountKind.BUYERS, AccountKind.FUNDS, VOUCHER, price)
        face, kind = order.units * FACE, AccountKind.PREMIUM
        self.issue(Lot(VOUCHER, END_OF_AUGUST, face, face, price, kind, order.user))
        paid, given = self.bonus[order.user]
        due = (paid + price) * 3 // 100 - given if order.aged else 0
        if due:
            self.bonus[order.user] = (paid + price, given + due)
            kind = AccountKind.BONUS
            self.issue(Lot(POINTS, END_OF_AUGUST, due, due, 0, kind, order.user))

    def release(self, at: int) -> int:
        late = [x for x in self.orders if x.state == "open" and x.release_at <= at]
        for order in late:
            order.state = "released"
        return len(late)

    def _lose(self, lot: Lot, where: AccountKind, amount: int = -1) -> int:
        amount = lot.left if amount < 0 else amount
        lot.left -= amount
        self._move(AccountKind.CUSTOMER, where, lot.service, amount)
        return amount

    def _move(self, debit: AccountKind, credit: AccountKind, unit: ServiceId, amount: int) -> None:
        self.accounts[debit, unit] -= amount
        self.accounts[credit, unit] += amount
