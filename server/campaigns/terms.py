"""A service's terms: when it can be used, how it closes. A change is a new version."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, insert, select

from protos.units import Micros
from server.campaigns.schedule import CloseRule, Closing, PayRule, closing_of
from server.db.schema import campaigns as t
from server.directory import ServiceId


@dataclass(frozen=True, slots=True)
class Terms:
    """``usable_from`` to ``usable_until`` is half-open: at ``usable_until`` it is over."""

    service_id: ServiceId
    version: int
    valid_from: Micros
    usable_from: Micros
    usable_until: Micros
    close_rule: CloseRule
    pay_rule: PayRule
    legal_basis: str
    """Payment Services Act, article 4: "local-government" or "six-months"; "" warns."""
    payer_name: str
    """The name on the shop's bank line."""

    def closing(self, instant: Micros) -> Closing:
        """Close and pay day of a sale committed at ``instant``."""
        return closing_of(self.close_rule, self.pay_rule, instant)


def add_terms(connection: Connection, terms: Terms) -> None:
    """Raises IntegrityError when that version is there already."""
    connection.execute(
        insert(t.service_terms).values(
            service_id=terms.service_id,
            version=terms.version,
            valid_from=terms.valid_from,
            usable_from=terms.usable_from,
            usable_until=terms.usable_until,
            close_rule=terms.close_rule.value,
            pay_rule=terms.pay_rule.value,
            legal_basis=terms.legal_basis,
            payer_name=terms.payer_name,
        )
    )


def terms_at(connection: Connection, instant: Micros) -> dict[ServiceId, Terms]:
    """Each service's newest version that is valid at ``instant``."""
    return valid_at(all_terms(connection), instant)


def all_terms(connection: Connection) -> tuple[Terms, ...]:
    """Every version of every service's terms, in the order of versions."""
    return tuple(_terms(row) for row in connection.execute(_ALL))


def valid_at(versions: Iterable[Terms], instant: Micros) -> dict[ServiceId, Terms]:
    """Of ``all_terms``: each service's newest version that is valid at ``instant``."""
    return {terms.service_id: terms for terms in versions if terms.valid_from <= instant}


_ALL: Final[Select[Any]] = select(t.service_terms).order_by(
    t.service_terms.c.service_id, t.service_terms.c.version
)


def _terms(row: Any) -> Terms:
    return Terms(
        ServiceId(row.service_id),
        row.version,
        Micros(row.valid_from),
        Micros(row.usable_from),
        Micros(row.usable_until),
        CloseRule(row.close_rule),
        PayRule(row.pay_rule),
        row.legal_basis,
        row.payer_name,
    )
