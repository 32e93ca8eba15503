"""Cancels, cash refunds, expiry, leaving: what the operator does on the server's machine."""

import argparse
import sys
from functools import partial

from protos.units import MAX_AMOUNT, PaymentId, TransactionId, UserId, Yen
from server.campaigns import ExpiryRun, close_account, run_expiry
from server.cli.running import Rooms, act_options, with_database
from server.clock import system_clock, tokyo_time
from server.db import Database, new_public_id
from server.directory import ServiceId, ShopId
from server.ledger import deciding_clock
from server.oversight import Act, record_act
from server.payments import (
    AcceptExpired,
    Cancelled,
    CancelRequest,
    CashRefund,
    ExpiredLotRule,
    PaymentCancels,
    RefundRequest,
    by_operator,
)
from server.typed_amount import AmountProblem, parse_amount

_RULES = {
    "restore": ExpiredLotRule.RESTORE_AND_EXPIRE,
    "refuse": ExpiredLotRule.REFUSE,
}
_PAGE = 100
_KEY_HELP = "the same key again does nothing twice; a new one by default"


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba payment``, ``choba expiry``, ``choba user``."""
    acting = act_options()
    payment = rooms.add_parser("payment").add_subparsers(required=True)
    command = payment.add_parser("cancel", parents=[common, acting])
    command.add_argument("payment", metavar="PAYMENT", help="id of the payment")
    command.add_argument("--shop", required=True, metavar="SHOP", help="as on the customer's phone")
    command.add_argument("--amount", required=True, type=_yen, metavar="YEN", help="as there")
    command.add_argument(
        "--accept-expired",
        action="store_true",
        help="go on though part of it expires at once; without it such a cancel is refused",
    )
    command.add_argument("--key", default="", metavar="KEY", help=_KEY_HELP)
    command.set_defaults(run=_cancel)

    command = payment.add_parser("refund", parents=[common, acting])
    command.add_argument("payment", metavar="PAYMENT", help="id of the payment")
    command.add_argument("--leg", default="", metavar="TRANSACTION", help="where it has several")
    command.add_argument("--amount", required=True, type=_yen, metavar="YEN")
    command.add_argument("--key", default="", metavar="KEY", help=_KEY_HELP)
    command.set_defaults(run=_refund)

    command = payment.add_parser("refunds", parents=[common])
    command.add_argument("user", metavar="USER", help="id of the customer")
    command.set_defaults(run=_refunds)

    command = payment.add_parser("cancel-rule", parents=[common, acting])
    command.add_argument("service", metavar="SERVICE")
    command.add_argument("rule", choices=sorted(_RULES), help="what happens to expired balances")
    command.set_defaults(run=_rule)

    expiry = rooms.add_parser("expiry").add_subparsers(required=True)
    expiry.add_parser("run", parents=[common, acting]).set_defaults(run=_expire)

    user = rooms.add_parser("user").add_subparsers(required=True)
    command = user.add_parser("leave", parents=[common, acting])
    command.add_argument("user", metavar="USER", help="id of the customer")
    command.set_defaults(run=_leave)


def _cancel(options: argparse.Namespace) -> int:
    accept = AcceptExpired.RESTORE_AND_EXPIRE if options.accept_expired else AcceptExpired.NOT_SAID
    request = CancelRequest(
        options.key or new_public_id(),
        PaymentId(options.payment),
        ShopId(options.shop),
        options.amount,
        accept,
        options.why,
    )

    def work(database: Database) -> int:
        cancelled = _cancels(database).cancel(request, by_operator(options.by))
        print("\n".join(_cancel_lines(cancelled)))
        return 0

    return with_database(options, work)


def _refund(options: argparse.Namespace) -> int:
    request = RefundRequest(
        options.key or new_public_id(),
        PaymentId(options.payment),
        TransactionId(options.leg) if options.leg else None,
        options.amount,
        options.why,
    )

    def work(database: Database) -> int:
        print(_refund_line(_cancels(database).record_refund(request, by_operator(options.by))))
        return 0

    return with_database(options, work)


def _refunds(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        cancels, cursor = _cancels(database), ""
        while True:
            page = cancels.refunds_of(UserId(options.user), _PAGE, cursor)
            for refund in page.refunds:
                print(_refund_line(refund))
            cursor = page.next_cursor
            if not cursor:
                return 0

    return with_database(options, work)


def _rule(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        _cancels(database).set_expired_lot_rule(
            ServiceId(options.service), _RULES[options.rule], options.by, options.why
        )
        print(f"{options.service}: expired balances of a cancelled payment: {options.rule}")
        return 0

    return with_database(options, work)


def _expire(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        act = Act(options.by, "expiry.run", "", options.why, system_clock())
        database.write_now(partial(record_act, act=act))
        clock = deciding_clock(database.kind, system_clock)
        run = run_expiry(database, clock, on_progress=_progress)
        print(file=sys.stderr)
        for service_id, service in sorted(run.services.items()):
            print(
                f"有効期限切れ expired  {service_id}  {service.amount:,} "
                f"({service.customers:,} customers, {service.lots:,} lots)"
            )
        if run.busy:
            print(f"{run.busy:,} wallets were busy: run it again", file=sys.stderr)
        if not run.services:
            print("nothing had expired")
        return 1 if run.busy else 0

    return with_database(options, work)


def _leave(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        left = close_account(
            database,
            UserId(options.user),
            by=options.by,
            why=options.why,
            clock=deciding_clock(database.kind, system_clock),
        )
        print(f"退会 left  {left.user_id}  {tokyo_time(left.left_at):%Y-%m-%d %H:%M:%S}")
        for line in left.services:
            print(
                f"  {line.service_id}  失効 forfeited {line.forfeited:,}  "
                f"有効期限切れ expired {line.expired:,}"
            )
        return 0

    return with_database(options, work)


def _cancels(database: Database) -> PaymentCancels:
    return PaymentCancels(database, system_clock)


def _progress(run: ExpiryRun) -> None:
    print(f"\r{run.customers:,} wallets, {run.amount:,} yen", end="", file=sys.stderr, flush=True)


def _cancel_lines(cancelled: Cancelled) -> list[str]:
    at = tokyo_time(cancelled.cancelled_at)
    return [
        f"キャンセルが完了しました。 Cancelled {cancelled.payment_id}  "
        f"{at:%Y-%m-%d %H:%M:%S} (Asia/Tokyo)  {cancelled.amount:,}",
        *(
            f"  {slip.service_id}  {slip.amount:,}  {slip.transaction_id} -> "
            f"{slip.target_transaction_id}  {slip.before:,} -> {slip.after:,}"
            + (f"  有効期限切れ expired {slip.expired:,}" if slip.expired else "")
            + (f"  失効 forfeited {slip.forfeited:,}" if slip.forfeited else "")
            for slip in cancelled.slips
        ),
    ]


def _refund_line(refund: CashRefund) -> str:
    at = tokyo_time(refund.recorded_at)
    return (
        f"現金返金 cash refund {refund.refund_id}  {at:%Y-%m-%d %H:%M:%S}  {refund.amount:,}  "
        f"{refund.payment_id} {refund.transaction_id}  {refund.by}: {refund.why}"
    )


_AMOUNT_WORDS = {
    AmountProblem.EMPTY: "金額を入力してください。 Give an amount.",
    AmountProblem.DECIMAL: "小数は使えません。 Whole yen only.",
    AmountProblem.DIGITS: "金額は数字で入力してください。 Digits only.",
    AmountProblem.ZERO: "1円以上を入力してください。 1 yen or more.",
    AmountProblem.NEGATIVE: "マイナスは使えません。 No negative amount.",
    AmountProblem.LARGE: f"{MAX_AMOUNT:,}円までです。 At most {MAX_AMOUNT:,} yen.",
}


def _yen(text: str) -> Yen:
    """As a person types it: full-width digits and commas are read, decimals refused."""
    amount = parse_amount(text, MAX_AMOUNT)
    if isinstance(amount, AmountProblem):
        raise argparse.ArgumentTypeError(_AMOUNT_WORDS[amount])
    return amount
