"""Slips: what they say (``data``) and how they are laid out in columns.

Each function takes the paper's columns (32 to 64) and frozen values, and returns a
``hardware.paper.Slip``; none reads a clock, a file or a printer.
"""

from device.receipts.day import day_slip
from device.receipts.payment import payment_slip, provisional_slip
from device.receipts.printer_test import printer_test_slip

__all__ = ["day_slip", "payment_slip", "printer_test_slip", "provisional_slip"]
