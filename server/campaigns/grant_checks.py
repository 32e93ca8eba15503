"""What a grant must satisfy: the same rules by hand and from a file."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros, UserId, Yen
from server.campaigns.expiry_rules import ExpiryRule, expiry_of, expiry_rules_at
from server.campaigns.grant_refusals import GrantCode, amount_refusal, grant_refusal
from server.campaigns.terms import Terms, terms_at
from server.directory import OwnerKey, ServiceId, owners_of, services
from server.ledger import Operation
from server.typed_amount import AmountProblem, parse_amount

MOST_YEN: Final = Yen(9_999_999)
"""Of one grant or charge: what a counter's screen can show."""
LONGEST_NOTE: Final = 200
_KEY: Final = re.compile(r"[\x21-\x7e]{1,64}")

WhoLeft = Callable[[Connection, Collection[UserId]], Collection[UserId]]
"""Those of these users who have left (退会); asked within the caller's transaction."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of services at one instant."""

    at: Micros
    services: frozenset[ServiceId]
    terms: Mapping[ServiceId, Terms]
    rules: Mapping[ServiceId, ExpiryRule]

    def expiry(self, service_id: ServiceId) -> Micros:
        """When a grant made now expires. Raises GrantRefusal for a service that takes none."""
        if service_id not in self.services:
            raise grant_refusal(GrantCode.SERVICE_UNKNOWN)
        terms = self.terms.get(service_id)
        if terms is None:
            raise grant_refusal(GrantCode.SERVICE_NO_TERMS)
        if self.at >= terms.usable_until:
            raise grant_refusal(GrantCode.SERVICE_OVER)
        return expiry_of(self.rules.get(service_id), terms, self.at)


@dataclass(frozen=True, slots=True)
class People:
    """Users as they are found at one instant."""

    owners: Mapping[UserId, OwnerKey]
    left: frozenset[UserId]

    def owner(self, user_id: UserId) -> OwnerKey:
        """Raises GrantRefusal for a user who is unknown or has left."""
        owner = self.owners.get(user_id)
        if owner is None:
            raise grant_refusal(GrantCode.USER_UNKNOWN)
        if user_id in self.left:
            raise grant_refusal(GrantCode.USER_LEFT)
        return owner


def place_at(connection: Connection, at: Micros) -> Place:
    """Services with their terms and expiry rules."""
    known = frozenset(service.service_id for service in services(connection))
    return Place(at, known, terms_at(connection, at), expiry_rules_at(connection, at))


def people_of(connection: Connection, users: Collection[UserId], who_left: WhoLeft) -> People:
    """A few hundred users at most at once."""
    owners = owners_of(connection, users)
    return People(owners, frozenset(who_left(connection, owners.keys())))


def read_amount(text: str, field: str = "amount") -> Yen:
    """Raises GrantRefusal for what is no amount."""
    amount = parse_amount(text, MOST_YEN)
    if isinstance(amount, AmountProblem):
        raise amount_refusal(amount, MOST_YEN, field)
    return amount


def read_price(text: str, operation: Operation, amount: Yen) -> Yen:
    """What a charge's customer paid: all of it where nothing is said. A grant has no price."""
    if operation is Operation.GRANT:
        if text.strip():
            raise grant_refusal(GrantCode.PRICE_OF_GRANT)
        return Yen(0)
    if not text.strip():
        return amount
    price = read_amount(text, "price")
    if price > amount:
        raise grant_refusal(GrantCode.PRICE_ABOVE_AMOUNT)
    return price


def read_key(text: str, field: str = "idempotency_key") -> str:
    """Raises GrantRefusal for a key with blanks or other signs than printable ASCII."""
    if not _KEY.fullmatch(text):
        raise grant_refusal(GrantCode.KEY_INVALID, field=field)
    return text


def read_note(text: str, field: str) -> str:
    """One line of bounded length. Raises GrantRefusal."""
    if len(text) > LONGEST_NOTE or not _one_line(text):
        raise grant_refusal(GrantCode.NOTE_INVALID, field=field)
    return text


def read_why(text: str) -> str:
    """Raises GrantRefusal without a reason."""
    why = text.strip()
    if not why or len(why) > LONGEST_NOTE or not _one_line(why):
        raise grant_refusal(GrantCode.WHY_MISSING)
    return why


def _one_line(text: str) -> bool:
    return not any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 for sign in text) and (
        "\u2028" not in text and "\u2029" not in text
    )
