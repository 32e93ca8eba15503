"""``choba shop bank``, and of ``choba payout`` what is decided before a bulk: from which account a
service pays, merchants with one transfer, corrections."""

import argparse
import re

from protos.units import Yen
from server.cli.running import Rooms, act_options, with_database
from server.clock import system_clock, tokyo_time
from server.db import Database, new_public_id
from server.directory import MerchantId, ServiceId, ShopId
from server.settlement.bankfile import ACCOUNT_TYPES, Account, ZenginBanks
from server.settlement.payouts import (
    BankRequest,
    Correction,
    FeeBearer,
    Payee,
    PayeeDesk,
    PayeeKind,
    PayoutSettings,
    RequestState,
    corrections_of,
    requests_of,
    waiting_requests,
)
from server.typed_amount import AmountProblem, parse_amount

_STATES = {
    RequestState.WAITING: "承認待ち waiting",
    RequestState.APPROVED: "承認済み approved",
    RequestState.REFUSED: "却下 refused",
}
_BEARERS = {"shop": FeeBearer.SHOP, "operator": FeeBearer.OPERATOR}
_TEST_BANKS = "also banks that the master data does not have: a bank's own test numbers"
_KEY_HELP = "the same key again does nothing twice; a new one by default"
_MOST = Yen(10**12)


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba shop bank …``."""
    shop = rooms.add_parser("shop").add_subparsers(required=True)
    bank = shop.add_parser("bank").add_subparsers(required=True)
    acting = act_options()
    command = bank.add_parser("ask", parents=[common, acting], help="a change of bank details")
    _payee_option(command)
    _account_options(command)
    command.add_argument("--recipient", required=True, metavar="KANA", help="口座名義（カナ）")
    command.add_argument("--allow-unknown-bank", action="store_true", help=_TEST_BANKS)
    command.add_argument("--key", default="", metavar="KEY", help=_KEY_HELP)
    command.set_defaults(run=_ask)
    for name in ("approve", "refuse"):
        command = bank.add_parser(name, parents=[common, acting])
        command.add_argument("request", metavar="REQUEST")
        command.set_defaults(run=_decide_details, approve=name == "approve")
    command = bank.add_parser("list", parents=[common], help="of one payee, or all that wait")
    _payee_option(command, required=False)
    command.set_defaults(run=_list_details)


def add_terms_to(payout: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba payout settings|one-transfer|correct|decide-correction|corrections``."""
    acting = act_options()
    command = payout.add_parser("settings", parents=[common, acting])
    command.add_argument("service", metavar="SERVICE")
    command.add_argument("--payer-code", required=True, metavar="N", help="委託者コード")
    _account_options(command)
    command.add_argument("--minimum", type=_yen, default=Yen(1), metavar="YEN", help="最低振込額")
    command.add_argument("--fee", type=_yen, default=Yen(0), metavar="YEN", help="手数料（1件）")
    command.add_argument("--fee-bearer", choices=sorted(_BEARERS), default="operator")
    command.add_argument("--allow-unknown-bank", action="store_true", help=_TEST_BANKS)
    command.set_defaults(run=_settings)

    command = payout.add_parser("show-settings", parents=[common])
    command.add_argument("service", metavar="SERVICE")
    command.set_defaults(run=_show_settings)

    command = payout.add_parser("one-transfer", parents=[common, acting])
    command.add_argument("merchant", metavar="MERCHANT")
    command.add_argument("wanted", choices=("yes", "no"), help="one for all shops of a merchant")
    command.set_defaults(run=_one_transfer)

    command = payout.add_parser("correct", parents=[common, acting], help="調整: propose")
    command.add_argument("service", metavar="SERVICE")
    command.add_argument("shop", metavar="SHOP")
    command.add_argument(
        "--amount", required=True, type=_signed_yen, metavar="YEN", help="--amount=-500 for less"
    )
    command.add_argument("--key", default="", metavar="KEY", help=_KEY_HELP)
    command.set_defaults(run=_correct)
    command = payout.add_parser("decide-correction", parents=[common, acting])
    command.add_argument("correction", metavar="CORRECTION")
    command.add_argument("decision", choices=("approve", "refuse"))
    command.set_defaults(run=_decide_correction)
    command = payout.add_parser("corrections", parents=[common])
    command.add_argument("service", metavar="SERVICE")
    command.add_argument("shop", nargs="?", metavar="SHOP")
    command.set_defaults(run=_corrections)


def _payee_option(command: argparse.ArgumentParser, *, required: bool = True) -> None:
    payee = command.add_mutually_exclusive_group(required=required)
    payee.add_argument("--shop", metavar="SHOP")
    payee.add_argument("--merchant", metavar="MERCHANT", help="with one transfer for its shops")


def _account_options(command: argparse.ArgumentParser) -> None:
    types = ", ".join(f"{number} {name}" for number, name in ACCOUNT_TYPES.items())
    for name, ja in (
        ("bank-code", "銀行コード（4桁）"),
        ("branch-code", "支店コード（3桁）"),
        ("account-type", types),
        ("account-number", "口座番号"),
    ):
        command.add_argument(f"--{name}", required=True, metavar="N", help=ja)


def _account(options: argparse.Namespace) -> Account:
    return Account(
        options.bank_code, options.branch_code, options.account_type, options.account_number
    )


def _payee(options: argparse.Namespace) -> Payee | None:
    if options.shop:
        return Payee.shop(ShopId(options.shop))
    return Payee.merchant(MerchantId(options.merchant)) if options.merchant else None


def _ask(options: argparse.Namespace) -> int:
    payee = _payee(options)
    assert payee is not None, "argparse asks for one of the two"

    def work(database: Database) -> int:
        request = _desk(database).ask_for_bank_details(
            options.key or new_public_id(),
            payee,
            _account(options),
            options.recipient,
            test_banks=options.allow_unknown_bank,
            by=options.by,
            why=options.why,
        )
        print(_request_line(request))
        print("別の担当者が承認してください。 Somebody else has to approve it.")
        return 0

    return with_database(options, work)


def _decide_details(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        desk = _desk(database)
        request = desk.decide_bank_details(
            options.request, options.approve, by=options.by, why=options.why
        )
        print(_request_line(request))
        return 0

    return with_database(options, work)


def _list_details(options: argparse.Namespace) -> int:
    payee = _payee(options)

    def work(database: Database) -> int:
        found = database.read_now(
            lambda c: waiting_requests(c) if payee is None else requests_of(c, payee)
        )
        for request in found:
            print(_request_line(request))
        return 0

    return with_database(options, work)


def _settings(options: argparse.Namespace) -> int:
    wanted = PayoutSettings(
        ServiceId(options.service),
        options.payer_code,
        _account(options),
        options.minimum,
        options.fee,
        _BEARERS[options.fee_bearer],
        options.allow_unknown_bank,
    )

    def work(database: Database) -> int:
        kept = _desk(database).change_settings(wanted, by=options.by, why=options.why)
        print(_settings_line(kept))
        return 0

    return with_database(options, work)


def _show_settings(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        kept, merchants = _desk(database).terms(ServiceId(options.service))
        print("まだ決まっていません。 Not set yet." if kept is None else _settings_line(kept))
        if merchants:
            print(f"加盟店ごとに1件 one transfer: {' '.join(merchants)}")
        return 0 if kept is not None else 1

    return with_database(options, work)


def _one_transfer(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        merchant, wanted = MerchantId(options.merchant), options.wanted == "yes"
        _desk(database).set_one_transfer(merchant, wanted, by=options.by, why=options.why)
        print(f"{merchant}: {'加盟店ごとに1件 one transfer' if wanted else '店舗ごと by shop'}")
        return 0

    return with_database(options, work)


def _correct(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        correction = _desk(database).propose_correction(
            options.key or new_public_id(),
            ServiceId(options.service),
            ShopId(options.shop),
            options.amount,
            by=options.by,
            why=options.why,
        )
        print(_correction_line(correction))
        print("別の担当者が承認してください。 Somebody else has to approve it.")
        return 0

    return with_database(options, work)


def _decide_correction(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        approve = options.decision == "approve"
        correction = _desk(database).decide_correction(
            options.correction, approve, by=options.by, why=options.why
        )
        print(_correction_line(correction))
        return 0

    return with_database(options, work)


def _corrections(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        shop = ShopId(options.shop) if options.shop else None
        found = database.read_now(lambda c: corrections_of(c, ServiceId(options.service), shop))
        for correction in found:
            print(_correction_line(correction))
        return 0

    return with_database(options, work)


def _desk(database: Database) -> PayeeDesk:
    return PayeeDesk(database, system_clock, ZenginBanks())


def _request_line(request: BankRequest) -> str:
    kind = "店舗 shop" if request.payee.kind is PayeeKind.SHOP else "加盟店 merchant"
    where = "削除済み deleted"
    if request.details is not None:
        account = request.details.account
        where = (
            f"{account.bank_code}-{account.branch_code} {ACCOUNT_TYPES[account.account_type]} "
            f"{account.number} {request.details.recipient}"
        )
    by = request.requested_by + (f" → {request.decided_by}" if request.decided_by else "")
    return (
        f"{request.request_id}  {kind} {request.payee.payee_id}  第{request.version}版  {where}  "
        f"{_STATES[request.state]}  {by}"
    )


def _settings_line(kept: PayoutSettings) -> str:
    account = kept.account
    bearer = "加盟店負担" if kept.fee_bearer is FeeBearer.SHOP else "運営負担"
    tests = "  試験用の銀行コード可 test banks" if kept.test_banks else ""
    return (
        f"{kept.service_id}  第{kept.version}版  委託者コード {kept.payer_code}  "
        f"{account.bank_code}-{account.branch_code} {ACCOUNT_TYPES[account.account_type]} "
        f"{account.number}  最低振込額 {kept.minimum:,}円  手数料 {kept.fee:,}円（{bearer}）{tests}"
    )


def _correction_line(correction: Correction) -> str:
    at = tokyo_time(correction.proposed_at)
    by = correction.proposed_by + (f" → {correction.decided_by}" if correction.decided_by else "")
    return (
        f"{correction.correction_id}  {at:%Y-%m-%d %H:%M}  {correction.service_id} "
        f"{correction.shop_id}  {correction.amount:+,}円  {_STATES[correction.state]}  {by}: "
        f"{correction.why}"
    )


def _yen(text: str) -> Yen:
    """As a person types it, 0 too; decimals and minus signs are refused."""
    amount = parse_amount(text, _MOST)
    if amount is AmountProblem.ZERO:
        return Yen(0)
    if isinstance(amount, AmountProblem):
        raise argparse.ArgumentTypeError(
            f"{text}: 円単位の数字で入力してください。 Whole yen. ({amount.value})"
        )
    return amount


def _signed_yen(text: str) -> int:
    """With a minus sign for less."""
    minus = re.match(r"\s*[-−ー－▲△]\s*", text)
    return -_yen(text[minus.end() :]) if minus else _yen(text)
