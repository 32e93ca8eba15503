"""A collection agency that exists on paper only: for the demo, rehearsals and tests."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from server.campaigns.selling.collecting import HEADER, Collected, Instructions
from server.campaigns.selling.orders import Order


@dataclass(slots=True)
class SimulatedAgency:
    """``server.campaigns.selling.CollectionPort``: whoever pays here has paid play money."""

    name: str = "simulated-agency"
    _paid: list[Collected] = field(default_factory=list)

    def instructions(self, order: Order) -> Instructions:
        """The reference is all that the agency's counter needs."""
        return Instructions(
            "",
            f"窓口で受付番号 {order.order_id} と金額 {order.price:,}円をお伝えください（模擬）。",
            f"Tell the counter {order.order_id} and pay {order.price:,} yen (simulated).",
        )

    def pay(self, order: Order, day: date) -> str:
        """A buyer pays at the agency's counter; the receipt's number."""
        for one in self._paid:
            if one.reference == order.order_id:
                return one.receipt
        number = len(self._paid) + 1
        receipt = f"{self.name}-{number:08}"
        self._paid.append(Collected(number, order.order_id, order.price, day, receipt))
        return receipt

    def collected(self) -> Sequence[Collected]:
        """Everything since it was opened, as agencies' reports do."""
        return tuple(self._paid)

    def report(self) -> bytes:
        """The same as the CSV file that an agency without an interface sends."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(HEADER)
        for one in self._paid:
            row = (one.reference, one.amount, one.collected_on.isoformat(), one.receipt)
            writer.writerow(row)
        return b"\xef\xbb\xbf" + text.getvalue().encode()
