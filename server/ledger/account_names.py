"""What people call the accounts: the whole life of money, in the order in which it goes."""

from dataclasses import dataclass
from typing import Final

from server.ledger.types import AccountKind


@dataclass(frozen=True, slots=True)
class AccountName:
    ja: str
    en: str


ACCOUNT_NAMES: Final = {
    AccountKind.CITY: AccountName("市からの入金", "paid in by the city"),
    AccountKind.BUYERS: AccountName("購入者からの入金", "paid in by buyers"),
    AccountKind.FUNDS: AccountName("預り資金", "funds held"),
    AccountKind.SOLD: AccountName("販売", "sold"),
    AccountKind.PREMIUM: AccountName("プレミアム", "premium"),
    AccountKind.ISSUED: AccountName("付与ポイント", "granted points"),
    AccountKind.BONUS: AccountName("年齢特典ポイント", "bonus points"),
    AccountKind.CUSTOMER: AccountName("利用者の残高", "held by customers"),
    AccountKind.SHOP: AccountName("加盟店への未払金", "owed to shops"),
    AccountKind.CORRECTIONS: AccountName("調整", "corrections"),
    AccountKind.PAID_OUT: AccountName("加盟店へ支払済み", "paid out to shops"),
    AccountKind.FEES: AccountName("振込手数料", "transfer fees"),
    AccountKind.EXPIRED: AccountName("有効期限切れ", "expired"),
    AccountKind.FORFEITED: AccountName("失効", "forfeited"),
}
"""In the order of reports. A kind without a name fails a test."""
