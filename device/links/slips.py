"""From the core's print jobs to what the slips say."""

import datetime as dt
from typing import assert_never

from device.core.configuration import Configuration
from device.core.japan_time import day_of, start_of
from device.core.payment import STAND_SALE, LotBalance, Payment
from device.core.payment import Leg as PaidLeg
from device.core.printing_data import (
    DaySubject,
    PaymentSubject,
    PrintJob,
    ProvisionalSubject,
    SlipCopy,
    SlipMark,
)
from device.receipts import data
from protos.confirmation import seal
from protos.units import Micros, TerminalId

_COPIES = {SlipCopy.CUSTOMER: data.Copy.CUSTOMER, SlipCopy.SHOP: data.Copy.SHOP}
_ONE_DAY = dt.timedelta(days=1)

SlipData = data.PaymentSlip | data.ProvisionalSlip | data.DaySlip


def slip_data(
    job: PrintJob, configuration: Configuration, terminal: TerminalId, now: Micros
) -> SlipData:
    """What one sheet says; ``now`` is the instant of printing, for 【再発行】 and 日計."""
    counter = data.Counter(configuration.shop_name, configuration.terminal_name, terminal)
    office = data.Office(configuration.office_name, configuration.office_phone)
    match job.subject:
        case PaymentSubject(payment):
            return _payment(job, payment, counter, office, now)
        case ProvisionalSubject() as subject:
            return data.ProvisionalSlip(
                counter=counter,
                office=office,
                paid_at=subject.opened_at,
                checked_at=subject.checked_at,
                amount=subject.amount,
                sale_number=subject.sale,
                confirmation_code=subject.code,
                seal=seal(subject.code),
                copy=_COPIES[job.copy],
            )
        case DaySubject() as subject:
            return _day(subject, configuration, counter, now)
        case _:
            assert_never(job.subject)


def _payment(
    job: PrintJob, payment: Payment, counter: data.Counter, office: data.Office, now: Micros
) -> data.PaymentSlip:
    mark: data.Mark = data.Original()
    if job.mark is SlipMark.REISSUE:
        mark = data.Reprint(job.sheet, now)
    return data.PaymentSlip(
        counter=counter,
        office=office,
        paid_at=payment.paid_at,
        legs=tuple(_leg(leg) for leg in payment.legs),
        confirmation_code=payment.confirmation_code,
        seal=seal(payment.confirmation_code),
        cancel_before=payment.cancel_until,
        copy=_COPIES[job.copy],
        balances=tuple(
            data.Balance(leg.service_name, tuple(_lot(lot) for lot in leg.balance_after))
            for leg in payment.legs
        ),
        source=data.Source.STAND if payment.sale == STAND_SALE else data.Source.SCREEN,
        mark=mark,
    )


def _leg(leg: PaidLeg) -> data.Leg:
    return data.Leg(
        leg.service_name,
        data.ServiceType(int(leg.kind)),
        leg.amount,
        leg.transaction_id,
        data.Payout(leg.closes_at, leg.pay_day),
    )


def _lot(lot: LotBalance) -> data.Lot:
    return data.Lot(lot.amount, start_of(lot.last_day + _ONE_DAY))


def _day(
    subject: DaySubject, configuration: Configuration, counter: data.Counter, now: Micros
) -> data.DaySlip:
    services = {
        schedule.service_id: data.DayService(
            schedule.service_id,
            schedule.service_name,
            data.ServiceType(int(schedule.kind)),
            data.Payout(schedule.closes_at, schedule.pay_day),
        )
        for schedule in configuration.schedules
    }
    for leg in (leg for payment in subject.payments for leg in payment.legs):
        if leg.service_id not in services:  # a service that ended today still has its takings
            kind = data.ServiceType(int(leg.kind))
            services[leg.service_id] = data.DayService(leg.service_id, leg.service_name, kind)
    rows = tuple(
        data.DayRow(
            payment.paid_at,
            payment.confirmation_code,
            data.DayEvent.USE,
            tuple(data.DayLeg(leg.service_id, leg.amount) for leg in payment.legs),
        )
        for payment in subject.payments
    )
    return data.DaySlip(
        counter=counter,
        day=subject.day,
        printed_at=now,
        services=tuple(services.values()),
        rows=rows,
        checking=subject.checking,
        provisional=subject.accepted,
        agreement=data.Agreement.NOT_YET,
        open_at=now if day_of(now) == subject.day else None,
    )
