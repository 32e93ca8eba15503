"""Bodies of rows as JSON: payments, print subjects, configuration, lockout.

A field that an older release did not write has its default; a field that this one doesn't know
is a defect of the journal (migrations only go forward) and raises.
"""

import datetime as dt
import json
from dataclasses import asdict
from typing import Any

from device.core.configuration import Configuration, Notice, ServiceSchedule
from device.core.page_data import Lockout
from device.core.payment import Leg, LotBalance, Payment, ServiceKind
from device.core.printing_data import ProvisionalSubject
from protos.units import (
    Micros,
    PaymentId,
    SaleNumber,
    Sequence,
    TerminalNumber,
    TransactionId,
    Yen,
)


def skipped_key(terminal: TerminalNumber) -> str:
    """Key of the sequence up to which a restored ledger skipped; one per enrolment."""
    return f"skipped_until:{terminal}"


def _plain(value: object) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the journal")


def dump(value: Payment | Configuration | Lockout | ProvisionalSubject) -> str:
    """The JSON body of a frozen value."""
    return json.dumps(asdict(value), default=_plain, ensure_ascii=False, separators=(",", ":"))


def load_payment(body: str) -> Payment:
    """The payment of a body. Raises ValueError, KeyError or TypeError for a damaged one."""
    raw: dict[str, Any] = json.loads(body)
    return Payment(
        payment_id=PaymentId(raw["payment_id"]),
        sale=SaleNumber(raw["sale"]),
        amount=Yen(raw["amount"]),
        legs=tuple(_leg(leg) for leg in raw["legs"]),
        paid_at=Micros(raw["paid_at"]),
        sequence=Sequence(raw["sequence"]),
        confirmation_code=raw["confirmation_code"],
        cancel_until=Micros(raw["cancel_until"]),
    )


def _leg(raw: dict[str, Any]) -> Leg:
    return Leg(
        service_id=raw["service_id"],
        service_name=raw["service_name"],
        kind=ServiceKind(raw["kind"]),
        amount=Yen(raw["amount"]),
        transaction_id=TransactionId(raw["transaction_id"]),
        closes_at=Micros(raw["closes_at"]),
        pay_day=dt.date.fromisoformat(raw["pay_day"]),
        balance_after=tuple(
            LotBalance(Yen(lot["amount"]), dt.date.fromisoformat(lot["last_day"]))
            for lot in raw["balance_after"]
        ),
    )


def load_configuration(body: str) -> Configuration:
    """The configuration of a body. Raises as ``load_payment``."""
    raw: dict[str, Any] = json.loads(body)
    schedules = tuple(
        ServiceSchedule(
            service_id=each["service_id"],
            service_name=each["service_name"],
            kind=ServiceKind(each["kind"]),
            closes_at=Micros(each["closes_at"]),
            pay_day=dt.date.fromisoformat(each["pay_day"]),
        )
        for each in raw.pop("schedules")
    )
    notices = tuple(Notice(**each) for each in raw.pop("notices"))
    return Configuration(schedules=schedules, notices=notices, **raw)


def load_lockout(body: str) -> Lockout:
    """The lockout of a body. Raises as ``load_payment``."""
    return Lockout(**json.loads(body))


def load_provisional(body: str) -> ProvisionalSubject:
    """The provisional slip of a body. Raises as ``load_payment``."""
    return ProvisionalSubject(**json.loads(body))
