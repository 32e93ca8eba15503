"""Units that cross rooms: integers and strings whose meaning is part of their type."""

from typing import NewType

Yen = NewType("Yen", int)
"""Whole Japanese yen."""

TerminalNumber = NewType("TerminalNumber", int)
"""Unsigned 32-bit number of one enrolment of a terminal; never given again."""

TerminalId = NewType("TerminalId", str)
"""The id people see on a terminal, e.g. ``T-000412``; stays over enrolments."""

SaleNumber = NewType("SaleNumber", int)
"""Unsigned 32-bit number of one sale on one terminal; rises, never reused."""

Sequence = NewType("Sequence", int)
"""Gapless number of an announcement to one terminal, in order of commit, from 1."""

UnixSeconds = NewType("UnixSeconds", int)
"""Seconds since 1970-01-01 UTC."""

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01 UTC."""

PaymentId = NewType("PaymentId", str)
"""Public id of a payment: 20 characters of A-Z a-z 0-9."""

TransactionId = NewType("TransactionId", str)
"""Public id of one leg of a payment (取引ID): 20 characters of A-Z a-z 0-9."""

UserId = NewType("UserId", str)
"""Public id of a customer: 20 characters of A-Z a-z 0-9."""

MAX_AMOUNT = Yen(9_999_999)
"""The largest amount of one payment: what screens, slips and voice can say."""
