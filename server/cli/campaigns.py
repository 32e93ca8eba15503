"""``choba campaign``: terms, eligibility, the draw, what was collected."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from server.campaigns.selling import (
    ELIGIBILITY_PURPOSE,
    CampaignDesk,
    FileRefused,
    Source,
    draw,
    parse_list,
)
from server.campaigns.selling.lottery import DrawListError
from server.cli.running import Rooms, act_options, keyring_of, with_database
from server.clock import system_clock
from server.ledger import deciding_clock

_NO_KEY: Final = b""
"""For commands that look at no mailed code."""


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """The commands of voucher campaigns."""
    campaign = rooms.add_parser("campaign").add_subparsers(required=True)
    acting = act_options()

    def command(
        name: str,
        run: Callable[[argparse.Namespace], int],
        *,
        acts: bool = True,
        round_: bool = False,
    ) -> argparse.ArgumentParser:
        parents = [common, acting] if acts else [common]
        parser: argparse.ArgumentParser = campaign.add_parser(name, parents=parents)
        parser.set_defaults(run=run)
        if round_:
            parser.add_argument("campaign", metavar="CAMPAIGN")
            parser.add_argument("--round", type=int, default=1, metavar="N")
        return parser

    command("terms", _terms).add_argument("file", type=Path, help="TOML or JSON")
    eligibility = command("eligibility", _eligibility)
    eligibility.add_argument("campaign", metavar="CAMPAIGN")
    eligibility.add_argument("file", type=Path, help="residentNumber,code,birthDate")
    unlock = command("unlock", _unlock)
    unlock.add_argument("campaign", metavar="CAMPAIGN")
    unlock.add_argument("number", metavar="NUMBER", help="of the eligibility list")
    freeze = command("freeze", _freeze, round_=True)
    freeze.add_argument("--out", type=Path, required=True, help="the list that is published")
    hold = command("hold-draw", _hold, round_=True)
    hold.add_argument("--seed", required=True, help="what the event named beforehand gave")
    hold.add_argument("--out", type=Path, help="the result that is published")
    collected = command("collected", _collected)
    collected.add_argument("file", type=Path, help="reference,amount,collectedOn,receipt")
    collected.add_argument("--collector", required=True, metavar="NAME")
    collected.add_argument("--dry-run", action="store_true")
    command("issue", _issue, acts=False)
    command("release", _release).add_argument("campaign", metavar="CAMPAIGN")
    command("report", _report, acts=False).add_argument("campaign", metavar="CAMPAIGN")

    offline = campaign.add_parser(
        "draw", help="compute a published draw again; needs no database and no server"
    )
    offline.add_argument("--list", type=Path, required=True, help="the published list")
    offline.add_argument("--seed", required=True)
    offline.add_argument("--units", type=int, help="the supply, to compare with the list's own")
    offline.add_argument("--result", type=Path, help="the published result, to compare")
    offline.set_defaults(run=_draw)


def _terms(options: argparse.Namespace) -> int:
    content = _read(options.file)
    if content is None:
        return 1

    def work(desk: CampaignDesk) -> int:
        terms, warnings = desk.set_terms(content, options.by, options.why)
        print(
            f"{terms.campaign_id} version {terms.version}: {terms.total_units:,} units, "
            f"{terms.total_face:,} yen issued, of which {terms.total_premium:,} premium"
        )
        _warn(warnings)
        return 0

    return _with_desk(options, work)


def _eligibility(options: argparse.Namespace) -> int:
    key = keyring_of(options).derive(ELIGIBILITY_PURPOSE)

    def work(desk: CampaignDesk) -> int:
        source = _source(options.file)
        done = desk.import_eligibility(
            source, options.campaign, options.by, options.why, _progress("checked")
        )
        print(
            f"{done.lines:,} lines: imported before"
            if done.repeated
            else f"{done.lines:,} lines, {done.added:,} residents added"
        )
        return 0

    return _with_desk(options, work, key)


def _unlock(options: argparse.Namespace) -> int:
    def work(desk: CampaignDesk) -> int:
        desk.unlock(options.campaign, options.number, options.by, options.why)
        return 0

    return _with_desk(options, work)


def _freeze(options: argparse.Namespace) -> int:
    def work(desk: CampaignDesk) -> int:
        frozen = desk.freeze(options.campaign, options.round, options.by, options.why)
        options.out.write_bytes(frozen.content.canonical())
        print(
            f"{len(frozen.content.units):,} applications, {sum(frozen.content.units.values()):,} "
            f"units, supply {frozen.content.supply:,}\nsha256 {frozen.sha256}\n"
            f"event {frozen.content.event}"
        )
        return 0

    return _with_desk(options, work)


def _hold(options: argparse.Namespace) -> int:
    def work(desk: CampaignDesk) -> int:
        held = desk.draw(options.campaign, options.round, options.seed, options.by, options.why)
        if options.out is not None:
            options.out.write_bytes(held.result.canonical())
        winners = sum(1 for units in held.result.won.values() if units)
        print(f"{held.units_won:,} units won by {winners:,}\nsha256 {held.sha256}")
        return 0

    return _with_desk(options, work)


def _draw(options: argparse.Namespace) -> int:
    """Exit status 1 when something differs."""
    content = _read(options.list)
    published = _read(options.result) if options.result is not None else b""
    if content is None or published is None:
        return 1
    try:
        listed = parse_list(content)
        result = draw(listed, options.seed)
    except DrawListError as error:
        print(f"choba: {error.code}: {error}", file=sys.stderr)
        return 1
    if options.units is not None and options.units != listed.supply:
        print(
            f"choba: {DrawListError.code}: the list says {listed.supply} units, not "
            f"{options.units}",
            file=sys.stderr,
        )
        return 1
    again = result.canonical()
    if options.result is None:
        sys.stdout.write(again.decode())
    print(f"list sha256 {listed.sha256()}\nresult sha256 {result.sha256()}", file=sys.stderr)
    if options.result is None:
        return 0
    same = again == published
    print("the published result is this draw" if same else "the published result is ANOTHER one")
    return 0 if same else 1


def _collected(options: argparse.Namespace) -> int:
    def work(desk: CampaignDesk) -> int:
        fates = desk.collected_file(
            _source(options.file),
            options.collector,
            options.by,
            options.why,
            dry_run=options.dry_run,
        )
        for one in fates if options.dry_run else ():
            print(
                f"line {one.line}: {one.fate.value} {one.reference} {one.amount:,} yen"
                + (f", {one.bonus:,} points" if one.bonus else "")
            )
        new = [one for one in fates if one.fate.value == "new"]
        done = "would be accepted" if options.dry_run else "accepted"
        print(f"{len(new)} of {len(fates)} lines {done}: {sum(o.amount for o in new):,} yen")
        return 0

    return _with_desk(options, work)


def _issue(options: argparse.Namespace) -> int:
    def work(desk: CampaignDesk) -> int:
        print(f"{desk.issue(_progress('booked'))} orders booked")
        return 0

    return _with_desk(options, work)


def _release(options: argparse.Namespace) -> int:
    def work(desk: CampaignDesk) -> int:
        print(f"{desk.release(options.campaign, options.by, options.why)} orders released")
        return 0

    return _with_desk(options, work)


def _report(options: argparse.Namespace) -> int:
    def work(desk: CampaignDesk) -> int:
        report = desk.report(options.campaign)
        facts = {
            name: getattr(report, name)
            for name in report.__slots__
            if name not in ("rounds", "warnings")
        }
        rounds = [{name: getattr(r, name) for name in r.__slots__} for r in report.rounds]
        print(json.dumps(facts | {"rounds": rounds}, ensure_ascii=False, indent=2))
        _warn(report.warnings)
        return 0

    return _with_desk(options, work)


def _with_desk(
    options: argparse.Namespace, work: Callable[[CampaignDesk], int], key: bytes = _NO_KEY
) -> int:
    """A refused file is told line by line."""

    def run(desk: CampaignDesk) -> int:
        try:
            return work(desk)
        except FileRefused as refused:
            for error in refused.errors:
                column = f" {error.column}" if error.column else ""
                print(
                    f"line {error.line}{column}: {error.code}: {error.ja} / {error.en}",
                    file=sys.stderr,
                )
            raise
        except OSError as error:
            print(
                f"choba: CHOBA_CAMPAIGNS_FILE: {error.filename}: {error.strerror}", file=sys.stderr
            )
            return 1

    return with_database(
        options,
        lambda database: run(
            CampaignDesk(database, deciding_clock(database.kind, system_clock), key)
        ),
    )


def _source(path: Path) -> Source:
    return lambda: path.open("rb")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        print(f"choba: CHOBA_CAMPAIGNS_FILE: {path}: {error.strerror}", file=sys.stderr)
        return None


def _progress(what: str) -> Callable[[int], None]:
    return lambda count: print(f"{count:,} {what}", file=sys.stderr, flush=True)


def _warn(warnings: tuple[tuple[str, str], ...]) -> None:
    for ja, en in warnings:
        print(f"注意: {ja}\n  {en}", file=sys.stderr)
