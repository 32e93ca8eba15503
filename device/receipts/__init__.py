"""Slips: what they say (``data``) and how they are laid out in columns.

Each function takes the paper's columns (32 to 64) and frozen values, and returns a
``hardware.paper.Slip``; none reads a clock, a file or a printer.
"""

from typing import assert_never

from device.receipts.data import DaySlip, PaymentSlip, PrinterTestSlip, ProvisionalSlip
from device.receipts.day import day_slip
from device.receipts.payment import payment_slip, provisional_slip
from device.receipts.printer_test import printer_test_slip
from hardware.paper import Slip

__all__ = ["day_slip", "lay_out", "payment_slip", "printer_test_slip", "provisional_slip"]


def lay_out(data: PaymentSlip | ProvisionalSlip | DaySlip | PrinterTestSlip, columns: int) -> Slip:
    """The slip that the data is for."""
    match data:
        case PaymentSlip():
            return payment_slip(columns, data)
        case ProvisionalSlip():
            return provisional_slip(columns, data)
        case DaySlip():
            return day_slip(columns, data)
        case PrinterTestSlip():
            return printer_test_slip(columns, data)
        case _:
            assert_never(data)
