"""``choba close``: 締め処理 by hand, on the server's own machine."""

import argparse
from collections.abc import Sequence

from sqlalchemy import Connection

from protos.units import Micros
from server.cli.books import cell
from server.cli.running import Rooms, act_options, head_key_of, with_database
from server.clock import system_clock, tokyo_time
from server.db import Database
from server.directory import ServiceId, ShopId, shops
from server.ledger import deciding_clock
from server.settlement.closes import (
    CloseDesk,
    CloseId,
    ClosePreview,
    CloseTotal,
    ShopSum,
    close_totals,
    close_unknown,
    lane_ranges,
    shop_sums,
)


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba close preview|run|list|show``."""
    close = rooms.add_parser("close").add_subparsers(required=True)
    command = close.add_parser("preview", parents=[common])
    command.add_argument("service", metavar="SERVICE")
    command.set_defaults(run=_preview)

    command = close.add_parser("run", parents=[common, act_options()])
    command.add_argument("service", metavar="SERVICE")
    command.add_argument(
        "--number", type=int, metavar="N", help="as the preview names it; else all that are due"
    )
    command.set_defaults(run=_run)

    command = close.add_parser("list", parents=[common])
    command.add_argument("service", nargs="?", metavar="SERVICE")
    command.set_defaults(run=_list)

    command = close.add_parser("show", parents=[common])
    command.add_argument("close", metavar="CLOSE", help="id of the close")
    command.set_defaults(run=_show)


def _preview(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        preview = _desk(database, options).preview(ServiceId(options.service))
        names = database.read_now(_names)
        print("\n".join([*_preview_lines(preview), *_sum_lines(preview.sums, names)]))
        return 0

    return with_database(options, work)


def _run(options: argparse.Namespace) -> int:
    service = ServiceId(options.service)

    def work(database: Database) -> int:
        desk = _desk(database, options)
        if options.number is None:
            made = [c.close_id for c in desk.close_due(service, by=options.by, why=options.why)]
            if not made:
                _tell_next(desk, service)
        else:
            closed = desk.close(service, options.number, by=options.by, why=options.why)
            made = [closed.close.close_id]
            if closed.repeated:
                print("この締めは済んでいます。 This close is there already.")
        for total in database.read_now(lambda c: close_totals(c, service)):
            if total.close.close_id in made:
                print(_close_line(total))
        return 0

    return with_database(options, work)


def _list(options: argparse.Namespace) -> int:
    service = ServiceId(options.service) if options.service else None

    def work(database: Database) -> int:
        for total in database.read_now(lambda c: close_totals(c, service)):
            print(_close_line(total))
        return 0

    return with_database(options, work)


def _show(options: argparse.Namespace) -> int:
    close_id = CloseId(options.close)

    def work(connection: Connection) -> int:
        totals = close_totals(connection, close_id=close_id)
        if not totals:
            raise close_unknown(close_id)
        close = totals[0].close
        lines = [
            _close_line(totals[0]),
            f"  締め日時 boundary   {_time(close.boundary)} (Asia/Tokyo)",
            f"  処理日時 closed at  {_time(close.closed_at)}",
            f"  条件の版 terms      {close.terms_version}",
            *(
                f"  レーン lane {one.lane}  {one.after:,} < 位置 position <= {one.until:,}"
                for one in lane_ranges(connection, close_id)
            ),
            *_sum_lines(shop_sums(connection, close_id), _names(connection)),
        ]
        print("\n".join(lines))
        return 0

    return with_database(options, lambda database: database.read_now(work))


def _desk(database: Database, options: argparse.Namespace) -> CloseDesk:
    clock = deciding_clock(database.kind, system_clock)
    return CloseDesk(database, clock, head_key_of(options))


def _tell_next(desk: CloseDesk, service: ServiceId) -> None:
    boundaries, _ = desk.agenda()
    if service in boundaries:
        at = _time(boundaries[service])
        print(f"締めるものはありません。次は{at}です。 Nothing is due; the next one is then.")
    else:
        print("締めはすべて終わっています。 Everything is closed.")


def _names(connection: Connection) -> dict[ShopId, str]:
    return {shop.shop_id: shop.name_ja for shop in shops(connection)}


def _preview_lines(preview: ClosePreview) -> list[str]:
    period, sales = preview.period, preview.sales
    if preview.is_over:
        state = f"締められます can be closed（{preview.due}回分 due）"
    else:
        state = "期間中です not over yet"
    return [
        f"締めの確認 preview  {preview.service_id}  第{preview.number}回  {state}",
        f"  期間 period        {period.first_day} – {period.last_day}",
        f"  締め日時 boundary  {_time(period.closes_at)} (Asia/Tokyo)",
        f"  支払日 pay day     {period.pay_day}",
        f"  お客様が操作中の会計 open sales {sales.claims:,}、端末に未通知の支払い not told yet "
        f"{sales.unsent:,}、処理中の付与ファイル files under way {preview.unfinished_files:,}",
    ]


def _sum_lines(sums: Sequence[ShopSum], names: dict[ShopId, str]) -> list[str]:
    head = f"  {cell('加盟店 shop', 40)}{cell('利用 used', 22)}{cell('取消 cancelled', 22)}差引 net"
    lines = [
        _sum_line(
            f"{one.shop_id} {names.get(one.shop_id, '')}",
            (one.used, one.used_count),
            (one.cancelled, one.cancelled_count),
        )
        for one in sums
    ]
    total = _sum_line(
        "合計 total",
        (sum(one.used for one in sums), sum(one.used_count for one in sums)),
        (sum(one.cancelled for one in sums), sum(one.cancelled_count for one in sums)),
    )
    return [head, *lines, total]


def _sum_line(name: str, used: tuple[int, int], cancelled: tuple[int, int]) -> str:
    cells = [cell(f"{yen:,}（{count:,}件）", 22) for yen, count in (used, cancelled)]
    return f"  {cell(name, 40)}{''.join(cells)}{used[0] - cancelled[0]:,}"


def _close_line(total: CloseTotal) -> str:
    close = total.close
    return (
        f"{close.close_id}  {close.service_id}  第{close.number}回  "
        f"{close.first_day} – {close.last_day}  支払日 {close.pay_day}  "
        f"{total.shops:,}店  利用 {total.used:,}（{total.used_count:,}件）  "
        f"取消 {total.cancelled:,}（{total.cancelled_count:,}件）  差引 {total.net:,}"
    )


def _time(instant: Micros) -> str:
    return f"{tokyo_time(instant):%Y-%m-%d %H:%M}"
