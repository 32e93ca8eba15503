"""The reference campaign on the books' town: its document, its people, its steps."""

import io
from datetime import date
from functools import partial
from typing import Any

from protos.units import Micros, UserId
from server.campaigns.selling import (
    Application,
    CampaignTerms,
    FrozenList,
    HeldDraw,
    Order,
    SimulatedAgency,
    Source,
    accept_collected,
    add_campaign_terms,
    apply_for_vouchers,
    book_purchases,
    check_residents,
    freeze_list,
    hold_draw,
    import_residents,
    order_vouchers,
    parse_terms,
    prove_eligibility,
    verify_campaigns,
)
from server.clock import DAY, tokyo_time
from server.ledger import LedgerClock, process_clock
from server.refusal import Refusal
from tests.support.books import Town, moment, new_key

CAMPAIGN = "mihon-2024"
KEY = b"k" * 32
EVENT = "2024-05-13 東証大引けの日経平均株価（終値）"
BEFORE = moment(2024, 4, 1)
APPLYING = moment(2024, 4, 20)
DRAWING = moment(2024, 5, 13, 18)
BUYING = moment(2024, 5, 21)
AFTER_ROUND_1 = moment(2024, 6, 11)

DOCUMENT = """
campaign = "mihon-2024"
version = 1
valid_from = 2024-03-01T00:00:00+09:00
service = "voucher-2024"
name_ja = "みほん市デジタル商品券"
name_en = "Mihon Digital Vouchers"
unit_price = 1000
unit_face = 1200
units_per_person = 30
total_units = 1000000
total_face = 1200000000
total_premium = 200000000
eligible_on = 2024-04-01

[[not_for]]
ja = "たばこ"
en = "Tobacco"

[bonus]
service = "points-2024"
age = 70
age_on = 2024-04-01
age_rule = "birthday"
basis_points = 300
expires_at = 2024-09-01T00:00:00

[[rounds]]
number = 1
kind = "lottery"
apply_from = 2024-04-15T10:00:00
apply_until = 2024-05-11T00:00:00
draw_event = "2024-05-13 東証大引けの日経平均株価（終値）"
buy_from = 2024-05-20T10:00:00
buy_until = 2024-06-01T00:00:00
pay_until = 2024-06-03T00:00:00
release_at = 2024-06-10T00:00:00

[[rounds]]
number = 2
kind = "direct"
buy_from = 2024-06-10T10:00:00
buy_until = 2024-07-01T00:00:00
pay_until = 2024-07-03T00:00:00
release_at = 2024-07-10T00:00:00
"""


def terms_of(total_units: int = 1_000_000, **changes: str) -> CampaignTerms:
    """The reference terms with another cap, or other lines of the document."""
    text = DOCUMENT
    for old, new in (
        ("total_units = 1000000", f"total_units = {total_units}"),
        ("total_face = 1200000000", f"total_face = {1200 * total_units}"),
        ("total_premium = 200000000", f"total_premium = {200 * total_units}"),
        *((f"{name} = ", f"{name} = {value}\n# ") for name, value in changes.items()),
    ):
        text = text.replace(old, new, 1)
    return parse_terms(text.encode())


def csv_of(*lines: str, header: str = "residentNumber,code,birthDate") -> Source:
    content = "\r\n".join((header, *lines, "")).encode()
    return lambda: io.BytesIO(content)


def code_of(number: int) -> str:
    return f"CODE{number:06}"


class Sale:
    """A campaign that a test walks through."""

    def __init__(self, town: Town, terms: CampaignTerms) -> None:
        self.town = town
        self.terms = terms
        self.agency = SimulatedAgency()
        town.clock.now = BEFORE
        town.database.write_now(partial(add_campaign_terms, terms=terms, clock=self.clock))

    @property
    def clock(self) -> LedgerClock:
        return process_clock(self.town.clock)

    def at(self, instant: Micros) -> None:
        self.town.clock.now = instant

    def import_file(self, source: Source) -> Any:
        check_residents(source, CAMPAIGN, KEY, date(2024, 4, 1))
        return self.town.database.write_now(
            partial(
                import_residents,
                source=source,
                campaign_id=CAMPAIGN,
                key=KEY,
                clock=self.clock,
                by="係",
                why="対象者",
            )
        )

    def people(self, births: list[str]) -> list[UserId]:
        """Customers on the list, each linked; ``births``: their dates of birth."""
        self.import_file(
            csv_of(*(f"R{n:06},{code_of(n)},{birth}" for n, birth in enumerate(births)))
        )
        users = [self.town.add_user(f"市民{n}").user_id for n in range(len(births))]
        for n, (user, birth) in enumerate(zip(users, births, strict=True)):
            proved = self.prove(user, code_of(n), birth)
            assert not isinstance(proved, Refusal), proved
        return users

    def prove(self, user: UserId, code: str, birth: str) -> Any:
        return self.town.database.write_now(
            partial(
                prove_eligibility,
                user_id=user,
                campaign_id=CAMPAIGN,
                code=code,
                birth_date=date.fromisoformat(birth),
                key=KEY,
                clock=self.clock,
            )
        )

    def apply(self, user: UserId, units: int, key: str = "") -> Application:
        return self.town.database.write_now(
            partial(
                apply_for_vouchers,
                user_id=user,
                campaign_id=CAMPAIGN,
                round_number=1,
                units=units,
                idempotency_key=key or new_key(),
                clock=self.clock,
            )
        )

    def freeze(self) -> FrozenList:
        return self.town.database.write_now(
            partial(
                freeze_list,
                campaign_id=CAMPAIGN,
                round_number=1,
                clock=self.clock,
                by="係",
                why="確定",
            )
        )

    def draw(self, seed: str = "38179.46") -> HeldDraw:
        return hold_draw(
            self.town.database,
            campaign_id=CAMPAIGN,
            round_number=1,
            seed=seed,
            clock=self.clock,
            by="係",
            why="抽選",
        )

    def order(self, user: UserId, units: int, round_number: int = 1, key: str = "") -> Order:
        return self.town.database.write_now(
            partial(
                order_vouchers,
                user_id=user,
                campaign_id=CAMPAIGN,
                round_number=round_number,
                units=units,
                idempotency_key=key or new_key(),
                clock=self.clock,
            )
        )

    def collect(self, *, dry_run: bool = False) -> Any:
        """Accept what the agency reports, and book it."""
        fates = self.town.database.write_now(
            partial(
                accept_collected,
                items=self.agency.collected(),
                collector=self.agency.name,
                clock=self.clock,
                by="係",
                why="入金",
                dry_run=dry_run,
            )
        )
        if not dry_run:
            book_purchases(self.town.database, self.clock)
        return fates

    def sell(self, user: UserId, units: int = 1) -> Order:
        """Application, draw, order, payment, vouchers: all of it for one person."""
        self.at(APPLYING)
        self.apply(user, units)
        self.at(DRAWING)
        self.freeze()
        self.draw()
        self.at(BUYING)
        order = self.order(user, units)
        self.agency.pay(order, date(2024, 5, 21))
        self.collect()
        return order

    def assert_holds(self) -> None:
        self.town.assert_books_hold()
        assert self.town.database.read_now(verify_campaigns) == []


def document_around(now: Micros, campaign: str, kind: str, service: str, points: str) -> bytes:
    """One round whose window is open at ``now``, for servers that run by the machine's clock.

    ``kind``: lottery (applications are open), ended (they are over), direct.
    """
    text = DOCUMENT.split("[[rounds]]", maxsplit=1)[0]
    text = text.replace("mihon-2024", campaign).replace("2024-03-01", "2020-01-01", 1)
    text = text.replace('"voucher-2024"', f'"{service}"').replace('"points-2024"', f'"{points}"')
    text = text.replace("2024-09-01T00:00:00", "2199-01-01T00:00:00")

    def at(days: int) -> str:
        return tokyo_time(Micros(now + days * DAY)).isoformat()

    start = {"lottery": -1, "ended": -3, "direct": -1}[kind]
    windows = {
        "apply_from": at(start),
        "apply_until": at(start + 2),
        "buy_from": at(start + 3 if kind != "direct" else start),
        "buy_until": at(start + 9),
        "pay_until": at(start + 10),
        "release_at": at(start + 20),
    }
    if kind == "direct":
        del windows["apply_from"], windows["apply_until"]
    lines = ["[[rounds]]", "number = 1"]
    lines.append('kind = "direct"' if kind == "direct" else 'kind = "lottery"')
    lines += [] if kind == "direct" else [f'draw_event = "{EVENT}"']
    return (text + "\n".join([*lines, *(f"{k} = {v}" for k, v in windows.items())])).encode()
