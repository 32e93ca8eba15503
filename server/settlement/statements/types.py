"""精算明細: one close of one service for one shop, as a frozen value that has been added up.

PDF, CSV and text are renderings of it. Amounts are whole yen; times microseconds UTC.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from protos.units import Micros, PaymentId, TerminalId, TransactionId, Yen
from server.clock import DAY, start_of_day, tokyo_day
from server.directory import ServiceId, ServiceKind, ShopId
from server.settlement.statements.refusals import StatementCode, statement_refusal


class TakenBackAt(Enum):
    """Where somebody cancelled."""

    TERMINAL = "端末"
    SHOP = "管理画面"
    OPERATOR = "事務局"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who sends the statement, and whom a shop can ask. Settings of the operator."""

    name: str
    address: str
    phone: str
    hours: str
    email: str


@dataclass(frozen=True, slots=True)
class OtherLeg:
    """The part of a combined payment that another service paid: it is on another statement."""

    service_id: ServiceId
    service_name: str
    kind: ServiceKind
    amount: Yen
    last_day: date
    """Of the period in which it closes."""
    pay_day: date


@dataclass(frozen=True, slots=True)
class Use:
    """One 利用 of this service in this shop."""

    transaction_id: TransactionId
    payment_id: PaymentId
    at: Micros
    terminal_id: TerminalId
    terminal_name: str
    code: str
    """確認コード, 6 digits."""
    amount: Yen
    others: tuple[OtherLeg, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A 利用 and its 利用キャンセル: together 0."""

    use: Use
    transaction_id: TransactionId
    at: Micros
    where: TakenBackAt
    amount: Yen


@dataclass(frozen=True, slots=True)
class Sums:
    """What the close says of this shop: 利用 and 利用キャンセル apart."""

    used: Yen
    used_count: int
    cancelled: Yen
    cancelled_count: int

    @property
    def net(self) -> int:
        """差引."""
        return self.used - self.cancelled

    @property
    def net_count(self) -> int:
        return self.used_count - self.cancelled_count


@dataclass(frozen=True, slots=True)
class Correction:
    """調整: an operator's, decided by two people. Positive: the shop gets more."""

    amount: int
    why: str
    on: date


@dataclass(frozen=True, slots=True)
class SharedTransfer:
    """Part of one transfer for several of a merchant's shops or services."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class Payout:
    """What becomes of 差引: net + other closes + carried in + corrections + returned − fee =
    transferred + carried out. Any but the fee may be negative."""

    other_closes: int = 0
    """差引 of other closes of this service in the same transfer; on statements of their own."""
    carried_in: int = 0
    """繰越: what transfers before left open."""
    returned: int = 0
    """組戻し: a transfer that came back and is paid again."""
    corrections: tuple[Correction, ...] = ()
    fee: Yen = Yen(0)
    transferred: int = 0
    """お振込額: this shop's part of the transfer. Negative only where the merchant's other shops
    make up for it in the same transfer."""
    carried_out: int = 0
    """To the next close: negative, or below the smallest amount that is transferred."""
    account: str = ""
    """Where it goes, as the shop may read it: 「テスト銀行 本店 普通 ****002 カ)マチノミセ」."""
    shared: tuple[SharedTransfer, ...] = ()
    """All parts of the transfer, this one among them; empty: it is for this statement alone."""

    @property
    def in_passbook(self) -> int:
        """What the bank's line says."""
        return sum(part.amount for part in self.shared) if self.shared else self.transferred


@dataclass(frozen=True, slots=True)
class DayTotal:
    """小計 of the uses of a day that were not taken back."""

    day: date
    count: int
    amount: Yen


@dataclass(frozen=True, slots=True)
class Statement:
    """Made only when everything adds up: what is printed is right or it is not printed.

    Raises Refusal, STATEMENT_DIFFERS, with what differs and both numbers.
    """

    issuer: Issuer
    merchant_name: str
    shop_id: ShopId
    shop_name: str
    service_id: ServiceId
    service_name: str
    kind: ServiceKind
    close_number: int
    first_day: date
    last_day: date
    """First and last day on which it could be used in the period."""
    closes_at: Micros
    """The scheduled instant of the close: 24:00 of the last day, or later in a short last period,
    which can be cancelled until then."""
    pay_day: date
    payer: str
    """The name on the bank's line, as the bank's file has it."""
    sums: Sums
    payout: Payout
    uses: tuple[Use, ...]
    """Those that were not taken back, in the order of time."""
    taken_back: tuple[TakenBack, ...]
    """In the order of their uses."""

    def __post_init__(self) -> None:
        for what, found, wanted in self._equations():
            if found != wanted:
                raise statement_refusal(
                    StatementCode.DIFFERS,
                    shop=self.shop_id,
                    what=what,
                    found=str(found),
                    wanted=str(wanted),
                )

    @property
    def number(self) -> str:
        """明細番号: service, close and shop; never that of another statement."""
        return f"{self.service_id}-{self.close_number:04}-{self.shop_id}"

    @property
    def made_on(self) -> date:
        """The date of the document: the day whose 0:00 is the close, whenever it is printed."""
        return tokyo_day(self.closes_at)

    @property
    def closing_day(self) -> date:
        """The day whose 24:00 is the close."""
        return tokyo_day(Micros(self.closes_at - 1))

    @property
    def payable(self) -> int:
        """差引 with all that is added to it and taken from it: transferred or carried on."""
        p = self.payout
        added = p.other_closes + p.carried_in + p.returned + sum(c.amount for c in p.corrections)
        return self.sums.net + added - p.fee

    @property
    def is_empty(self) -> bool:
        """Nothing was used, and nothing else moves money: nobody waits for this paper."""
        p = self.payout
        moved = (*p.corrections, *self.uses, *self.taken_back, *p.shared)
        return not moved and not (p.other_closes or p.carried_in or p.returned or p.fee)

    def days(self) -> Iterator[tuple[DayTotal, tuple[Use, ...]]]:
        """Each day on which something was used, with its uses."""
        for day, found in itertools.groupby(self.uses, key=lambda use: tokyo_day(use.at)):
            uses = tuple(found)
            yield DayTotal(day, len(uses), Yen(sum(use.amount for use in uses))), uses

    def others(self) -> tuple[OtherLeg, ...]:
        """What other services paid in the same payments: by service and close, amounts summed."""
        found: dict[tuple[ServiceId, date], OtherLeg] = {}
        for leg in self._other_legs():
            known = found.get((leg.service_id, leg.last_day))
            amount = leg.amount + (known.amount if known else 0)
            found[leg.service_id, leg.last_day] = OtherLeg(
                leg.service_id,
                leg.service_name,
                leg.kind,
                Yen(amount),
                leg.last_day,
                leg.pay_day,
            )
        return tuple(leg for _, leg in sorted(found.items()))

    def others_count(self, total: OtherLeg) -> int:
        """How many transactions ``total``, one of ``others``, adds up."""
        key = (total.service_id, total.last_day)
        return sum((leg.service_id, leg.last_day) == key for leg in self._other_legs())

    def _other_legs(self) -> Iterator[OtherLeg]:
        return itertools.chain.from_iterable(use.others for use in self.uses)

    def _equations(self) -> Iterator[tuple[str, object, object]]:
        """What differs in words, what the lines give, what it must be."""
        sums, payout, back = self.sums, self.payout, self.taken_back
        kept = sum(use.amount for use in self.uses)
        taken = sum(one.use.amount for one in back)
        yield "取引の合計と利用", kept + taken, sums.used
        yield "取引の件数と利用の件数", len(self.uses) + len(back), sums.used_count
        yield "取消の合計と利用キャンセル", sum(one.amount for one in back), sums.cancelled
        yield "取消の件数と利用キャンセルの件数", len(back), sums.cancelled_count
        yield "取り消された取引の差引", taken - sum(one.amount for one in back), 0
        for one in back:
            yield f"取消 {one.transaction_id} の金額", one.amount, one.use.amount
            yield f"取消 {one.transaction_id} の時刻", one.use.at < one.at < self.closes_at, True
        for use in (*self.uses, *(one.use for one in back)):
            yield f"取引 {use.transaction_id} の時刻", self._usable_at(use.at), True
        ids = [use.transaction_id for use in (*self.uses, *(one.use for one in back))]
        ids += [one.transaction_id for one in back]
        yield "取引IDの重なり", len(set(ids)), len(ids)
        yield "取引の順番", _in_order([use.at for use in self.uses]), True
        yield "日ごとの小計と差引", sum(day.amount for day, _ in self.days()), sums.net
        yield "お振込額の計算", payout.transferred + payout.carried_out, self.payable
        yield "お振込額がマイナスでないこと", payout.in_passbook >= 0, True
        if payout.shared:
            parts = [part.amount for part in payout.shared]
            yield "まとめて振り込む内訳", payout.transferred in parts, True

    def _usable_at(self, instant: Micros) -> bool:
        return start_of_day(self.first_day) <= instant < start_of_day(self.last_day) + DAY


def _in_order(instants: Sequence[Micros]) -> bool:
    return all(before <= after for before, after in itertools.pairwise(instants))
