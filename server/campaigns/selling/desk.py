"""The campaign desk: every act of selling vouchers, each in its own transaction. Blocking.

For the command, the operator's calls and the wallets' calls alike; times are the deciding clock's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from protos.units import UserId
from server.campaigns.selling.applications import (
    Application,
    applications_of,
    apply_for_vouchers,
)
from server.campaigns.selling.collecting import (
    CollectionPort,
    Instructions,
    LineFate,
    accept_collected,
    read_collected,
)
from server.campaigns.selling.csv_lines import Source
from server.campaigns.selling.document import parse_terms
from server.campaigns.selling.drawing import (
    FrozenList,
    HeldDraw,
    freeze_list,
    frozen_list,
    hold_draw,
    stored_result,
)
from server.campaigns.selling.eligibility import (
    Imported,
    Progress,
    check_residents,
    import_residents,
    plain_date,
)
from server.campaigns.selling.linking import (
    Resident,
    prove_eligibility,
    resident_of,
    unlock_resident,
)
from server.campaigns.selling.lottery import DrawResult
from server.campaigns.selling.orders import (
    Order,
    order_by_id,
    order_vouchers,
    orders_of,
    release_unpaid,
    units_won,
)
from server.campaigns.selling.purchases import book_purchases
from server.campaigns.selling.refusals import CampaignReason, refuse
from server.campaigns.selling.report import CampaignReport, campaign_report, legal_warnings
from server.campaigns.selling.terms import (
    CampaignTerms,
    add_campaign_terms,
    campaigns_at,
)
from server.clock import tokyo_day
from server.db import Database
from server.ledger import LedgerClock
from server.oversight import Act, record_act
from server.refusal import Refusal

ELIGIBILITY_PURPOSE = b"choba-eligibility-v1"
"""``Keyring.derive`` of this is the key under which mailed codes are hashed."""


def _silent(_: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class ApplicationLine:
    """A person's application with what came of it."""

    application: Application
    won: int | None
    """None before the draw."""


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign as one person sees it."""

    terms: CampaignTerms
    linked: bool
    """The account is on the eligibility list."""


class CampaignDesk:
    """One database's campaigns."""

    def __init__(self, database: Database, clock: LedgerClock, eligibility_key: bytes) -> None:
        self._database = database
        self._clock = clock
        self._key = eligibility_key

    # operators

    def set_terms(
        self, content: bytes, by: str, why: str
    ) -> tuple[CampaignTerms, tuple[tuple[str, str], ...]]:
        """Write a version of terms; what the operator should see to comes with it."""
        terms = parse_terms(content)

        def write(connection: Connection) -> tuple[tuple[str, str], ...]:
            add_campaign_terms(connection, terms, self._clock)
            now = self._clock(connection)
            detail = {"version": terms.version}
            act = Act(by, "campaign.terms", terms.campaign_id, why, now, detail)
            record_act(connection, act)
            return legal_warnings(connection, terms, now)

        return terms, self._database.write_now(write)

    def import_eligibility(
        self,
        source: Source,
        campaign_id: str,
        by: str,
        why: str,
        progress: Progress = _silent,
    ) -> Imported:
        """All of a file or nothing; the same file again does nothing. Raises FileRefused."""
        today = self._database.read_now(lambda c: tokyo_day(self._clock(c)))
        check_residents(source, campaign_id, self._key, today, progress)
        return self._database.write_now(
            partial(
                import_residents,
                source=source,
                campaign_id=campaign_id,
                key=self._key,
                clock=self._clock,
                by=by,
                why=why,
            )
        )

    def unlock(self, campaign_id: str, number: str, by: str, why: str) -> None:
        """Forget the wrong tries at one row of the eligibility list."""
        self._database.write_now(
            partial(
                unlock_resident,
                campaign_id=campaign_id,
                number=number,
                by=by,
                why=why,
                clock=self._clock,
            )
        )

    def freeze(self, campaign_id: str, round_number: int, by: str, why: str) -> FrozenList:
        """Freeze a round's list of applications, to be published."""
        return self._database.write_now(
            partial(
                freeze_list,
                campaign_id=campaign_id,
                round_number=round_number,
                clock=self._clock,
                by=by,
                why=why,
            )
        )

    def published(self, campaign_id: str, round_number: int) -> FrozenList:
        """The list as it was frozen. Refused: LIST_MISSING."""
        found = self._database.read_now(lambda c: frozen_list(c, campaign_id, round_number))
        if found is None:
            raise refuse(CampaignReason.LIST_MISSING)
        return found

    def draw(self, campaign_id: str, round_number: int, seed: str, by: str, why: str) -> HeldDraw:
        """Hold the draw, once, with the seed of the named event."""
        return hold_draw(
            self._database,
            campaign_id=campaign_id,
            round_number=round_number,
            seed=seed,
            clock=self._clock,
            by=by,
            why=why,
        )

    def result(self, campaign_id: str, round_number: int) -> DrawResult:
        """The draw's result as it is stored. Refused: LIST_MISSING, NOT_DRAWN."""
        frozen = self.published(campaign_id, round_number)
        stored = self._database.read_now(lambda c: stored_result(c, frozen.list_id))
        if stored is None:
            raise refuse(CampaignReason.NOT_DRAWN)
        row, won = stored
        return DrawResult(frozen.sha256, row.seed, won)

    def collected_file(
        self, source: Source, collector: str, by: str, why: str, *, dry_run: bool
    ) -> list[LineFate]:
        """A collector's CSV file: each line's fate; then, unless dry, vouchers are issued."""
        today = self._database.read_now(lambda c: tokyo_day(self._clock(c)))
        items = read_collected(source, today)
        accept = partial(
            accept_collected,
            items=items,
            collector=collector,
            clock=self._clock,
            by=by,
            why=why,
            dry_run=dry_run,
        )
        fates = self._database.write_now(accept)
        if not dry_run:
            self.issue()
        return fates

    def collect(self, port: CollectionPort, by: str, why: str) -> list[LineFate]:
        """What a collector with an interface reports, accepted and issued."""
        items = port.collected()
        accept = partial(
            accept_collected,
            items=items,
            collector=port.name,
            clock=self._clock,
            by=by,
            why=why,
        )
        fates = self._database.write_now(accept)
        self.issue()
        return fates

    def issue(self, progress: Progress = _silent) -> int:
        """Book what is paid and not booked yet; how many orders."""
        return book_purchases(self._database, self._clock, progress)

    def release(self, campaign_id: str, by: str, why: str) -> int:
        """Release what nobody has paid in time; how many orders."""

        def write(connection: Connection) -> int:
            now = self._clock(connection)
            count = release_unpaid(connection, campaign_id, now)
            act = Act(by, "campaign.release", campaign_id, why, now, {"orders": count})
            record_act(connection, act)
            return count

        return self._database.write_now(write)

    def report(self, campaign_id: str) -> CampaignReport:
        """How a campaign stands now. Refused: UNKNOWN."""
        return self._database.read_now(lambda c: campaign_report(c, campaign_id, self._clock(c)))

    # customers

    def campaigns(self, user_id: UserId) -> Sequence[CampaignLine]:
        """Every campaign that counts now."""

        def read(connection: Connection) -> list[CampaignLine]:
            found = campaigns_at(connection, self._clock(connection))
            return [
                CampaignLine(terms, resident_of(connection, terms.campaign_id, user_id) is not None)
                for terms in found
            ]

        return self._database.read_now(read)

    def prove(self, user_id: UserId, campaign_id: str, code: str, birth_date: str) -> Resident:
        """Link an account to its row; ``birth_date`` as people type it."""
        proved = self._database.write_now(
            partial(
                prove_eligibility,
                user_id=user_id,
                campaign_id=campaign_id,
                code=code,
                birth_date=plain_date(birth_date),
                key=self._key,
                clock=self._clock,
            )
        )
        if isinstance(proved, Refusal):
            raise proved  # after the commit: the try is counted
        return proved

    def apply(
        self, user_id: UserId, campaign_id: str, round_number: int, units: int, key: str
    ) -> Application:
        """Apply, change, or with 0 units withdraw."""
        return self._database.write_now(
            partial(
                apply_for_vouchers,
                user_id=user_id,
                campaign_id=campaign_id,
                round_number=round_number,
                units=units,
                idempotency_key=key,
                clock=self._clock,
            )
        )

    def applications(self, user_id: UserId) -> Sequence[ApplicationLine]:
        """A person's applications, with what they won."""
        return self._database.read_now(
            lambda c: [
                ApplicationLine(one, units_won(c, one.campaign_id, one.round, user_id))
                for one in applications_of(c, user_id)
            ]
        )

    def order(
        self, user_id: UserId, campaign_id: str, round_number: int, units: int, key: str
    ) -> Order:
        """Reserve units to be paid."""
        return self._database.write_now(
            partial(
                order_vouchers,
                user_id=user_id,
                campaign_id=campaign_id,
                round_number=round_number,
                units=units,
                idempotency_key=key,
                clock=self._clock,
            )
        )

    def orders(self, user_id: UserId) -> Sequence[Order]:
        """A person's orders, oldest first."""
        return self._database.read_now(lambda c: orders_of(c, user_id))

    def order_of(self, order_id: str) -> Order | None:
        """An order by its reference."""
        return self._database.read_now(lambda c: order_by_id(c, order_id))


def pay_by_reference(order: Order) -> Instructions:
    """Where no collector has an interface: the order's number is what the buyer tells it."""
    return Instructions(
        "",
        f"受付番号 {order.order_id} で {order.price:,}円をお支払いください。",
        f"Pay {order.price:,} yen under the number {order.order_id}.",
    )
