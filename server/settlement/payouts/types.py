"""What payouts are, as frozen values: who is paid where, what of, in which bulk."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import Enum, IntEnum, StrEnum
from typing import Final

from protos.units import Micros, Yen
from server.directory import MerchantId, ServiceId, ShopId
from server.ledger import AccountId
from server.settlement.bankfile import Account


class PayeeKind(IntEnum):
    """Numbers stand in the books: never change one."""

    SHOP = 1
    MERCHANT = 2


@dataclass(frozen=True, slots=True, order=True)
class Payee:
    """Who gets a transfer: a shop, or a merchant for all its shops."""

    kind: PayeeKind
    payee_id: str

    @classmethod
    def shop(cls, shop: ShopId) -> "Payee":
        return cls(PayeeKind.SHOP, shop)

    @classmethod
    def merchant(cls, merchant: MerchantId) -> "Payee":
        return cls(PayeeKind.MERCHANT, merchant)


class FeeBearer(IntEnum):
    SHOP = 1
    """Kept from what is transferred."""
    OPERATOR = 2
    """Taken from the service's funds."""


@dataclass(frozen=True, slots=True)
class PayoutSettings:
    """From which account a service pays, and on what terms."""

    service_id: ServiceId
    payer_code: str
    """委託者コード; the payer's name stands in the service's terms."""
    account: Account
    minimum: Yen
    """The least that is transferred; less is carried over. At least 1."""
    fee: Yen
    """Of one transfer; 0 for none."""
    fee_bearer: FeeBearer
    test_banks: bool = False
    """Pay also to banks that the master data does not have: a bank's own test numbers."""
    version: int = 0
    """1, 2 …; 0 for one that is not kept yet."""


@dataclass(frozen=True, slots=True)
class BankDetails:
    """A payee's account as it was approved. ``request_id``: the request that brought it."""

    request_id: str
    account: Account
    recipient: str


class RequestState(StrEnum):
    """Of a request that a second person decides."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BankRequest:
    """A change of bank details that somebody asked for. ``details``: None once deleted."""

    request_id: str
    payee: Payee
    version: int
    details: BankDetails | None
    state: RequestState
    requested_by: str
    requested_at: Micros
    decided_by: str
    decided_at: Micros


@dataclass(frozen=True, slots=True)
class Correction:
    """調整. ``amount``: what the shop is owed more, negative for less; ``why``: "" once deleted."""

    correction_id: str
    service_id: ServiceId
    shop_id: ShopId
    account: AccountId
    amount: int
    why: str
    state: RequestState
    proposed_by: str
    proposed_at: Micros
    decided_by: str
    decided_at: Micros


class ItemKind(IntEnum):
    """What a payout is made of. Never change a number."""

    CLOSE = 1
    """A shop's sum of a close; the source is the close."""
    CORRECTION = 2
    CARRIED = 3
    """What a payout before did not transfer; the source is that payout."""
    RETURNED = 4
    """A transfer that came back; the source is the return."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a shop is owed and no living bulk holds. ``use``: 1, one more after each discard."""

    kind: ItemKind
    source_id: str
    shop_id: ShopId
    account: AccountId
    amount: int
    use: int = 1


class Outcome(IntEnum):
    """Of a payee in a bulk. Never change a number."""

    TRANSFER = 1
    NEGATIVE = 2
    """Owes more than it is owed: carried over."""
    MINIMUM = 3
    """Less than the least amount, or than the fee: carried over."""
    HELD = 4
    """Can't be paid now: carried over, and paid when the reason is mended."""
    NOTHING = 5
    """What was used was cancelled: nothing to pay, nothing to carry."""


class HoldCode(StrEnum):
    """Why a payee is held. Never change a value."""

    NO_DETAILS = "CHOBA_PAYOUT_HELD_NO_DETAILS"
    DELETED = "CHOBA_PAYOUT_HELD_DETAILS_DELETED"
    BANK_UNKNOWN = "CHOBA_PAYOUT_HELD_BANK_UNKNOWN"
    BRANCH_UNKNOWN = "CHOBA_PAYOUT_HELD_BRANCH_UNKNOWN"
    RETURNED = "CHOBA_PAYOUT_HELD_RETURNED"


HOLD_WORDS: Final = {
    HoldCode.NO_DETAILS: ("振込先の口座が登録されていません", "no bank details are approved"),
    HoldCode.DELETED: ("振込先の口座の記録が削除されています", "the bank details were deleted"),
    HoldCode.BANK_UNKNOWN: ("振込先の金融機関がありません", "the bank is not there any more"),
    HoldCode.BRANCH_UNKNOWN: ("振込先の支店がありません", "the branch is not there any more"),
    HoldCode.RETURNED: (
        "前回の振込が戻りました。口座を直してください",
        "the last transfer came back: change the bank details",
    ),
}


@dataclass(frozen=True, slots=True)
class ShopShare:
    """A shop's part of its payee's payout. Yen; any but ``fee`` may be negative.

    ``closes + corrections + carried_in + returned = fee + amount + carried_out``.
    """

    shop_id: ShopId
    account: AccountId
    closes: int
    """利用 − 取消 of the closes that the payout holds."""
    corrections: int
    carried_in: int
    """繰越: what payouts before did not transfer."""
    returned: int
    """組戻し: what came back and is paid again."""
    fee: int
    amount: int
    """The share of the transfer; negative where the merchant's other shops make up for it."""
    carried_out: int

    @property
    def gross(self) -> int:
        return self.closes + self.corrections + self.carried_in + self.returned


@dataclass(frozen=True, slots=True)
class Payout:
    """What a payee gets in a bulk."""

    payout_id: str
    bulk_id: str
    line: int
    payee: Payee
    outcome: Outcome
    hold: HoldCode | None
    details_id: str
    gross: int
    fee: Yen
    """Kept from the shop."""
    operator_fee: Yen
    """Taken from the service's funds."""
    amount: Yen
    """Of the transfer; 0 without one."""
    carried: int
    shares: tuple[ShopShare, ...]
    returned_by: str = ""
    """The return's id where the transfer came back."""


class BulkEvent(IntEnum):
    """Never change a number."""

    DRAFTED = 1
    APPROVED = 2
    DISCARDED = 3
    FILE_MADE = 4
    SENT = 5
    SETTLED = 6
    RETURNED = 7


class BulkState(Enum):
    """Follows from the last event. ``ja``: as people read it."""

    DRAFT = ("draft", "下書き")
    APPROVED = ("approved", "承認済み")
    DISCARDED = ("discarded", "破棄")
    FILE_MADE = ("file made", "ファイル作成済み")
    SENT = ("sent", "送付済み")
    SETTLED = ("settled", "支払済み")
    PARTLY_RETURNED = ("partly returned", "一部組戻し")

    def __init__(self, en: str, ja: str) -> None:
        self.en = en
        self.ja = ja


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a bulk."""

    what: BulkEvent
    by: str
    at: Micros


@dataclass(frozen=True, slots=True)
class Bulk:
    """Transfers of one service on one pay day. ``count``, ``total``: of the transfers."""

    bulk_id: str
    number: int
    service_id: ServiceId
    pay_day: date
    settings_version: int
    payer_name: str
    count: int
    total: Yen
    events: tuple[Happened, ...]
    sha256: str = ""
    """Of its file, hexadecimal; "" before it was made."""

    @property
    def state(self) -> BulkState:
        return STATE_AFTER[self.events[-1].what]

    def who(self, what: BulkEvent) -> str:
        """Who did that last; "" for nobody."""
        return next((event.by for event in reversed(self.events) if event.what is what), "")


STATE_AFTER: Final = {
    BulkEvent.DRAFTED: BulkState.DRAFT,
    BulkEvent.APPROVED: BulkState.APPROVED,
    BulkEvent.DISCARDED: BulkState.DISCARDED,
    BulkEvent.FILE_MADE: BulkState.FILE_MADE,
    BulkEvent.SENT: BulkState.SENT,
    BulkEvent.SETTLED: BulkState.SETTLED,
    BulkEvent.RETURNED: BulkState.PARTLY_RETURNED,
}


def same_person(one: str, other: str) -> bool:
    """花子 and 花子 with a blank behind it are one person; so are full-width and half-width."""

    def plain(name: str) -> str:
        return "".join(unicodedata.normalize("NFKC", name).split()).casefold()

    return plain(one) == plain(other)
