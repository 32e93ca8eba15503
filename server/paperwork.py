"""Documents put together: statements, invoices, reconciliations, from settings and books.

The command and the server build the same ones from here.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from protos.units import Yen
from server.campaigns import Origin
from server.db import Database
from server.directory import Keyring
from server.fleet import payments_told
from server.ledger import LedgerClock
from server.settings import Settings
from server.settlement.deposits import DepositChecker, DepositDesk
from server.settlement.invoices import InvoiceDesk, InvoiceFacts, InvoiceReader
from server.settlement.paid_out import PaidOutBooks
from server.settlement.paper import PdfPool, default_workers
from server.settlement.statements import Issuer, StatementDesk, StatementReader


class Paperwork:
    """Desks over one database. ``pool``: draws PDFs; its processes start when one is asked for."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: Settings,
        clock: LedgerClock,
        pool: PdfPool,
    ) -> None:
        books = PaidOutBooks()
        reader = StatementReader(database.kind, keyring, books.paid_out, issuer_of(settings))
        origins = frozenset(Origin[name.upper()] for name in settings.invoice.activity_origins)
        self.statements = StatementDesk(database, reader, pool)
        self.invoices = InvoiceDesk(
            database, InvoiceReader(invoice_facts(settings), origins), pool.render
        )
        checker = DepositChecker(books.transfers, payments_told, reader)
        self.deposits = DepositDesk(database, checker, clock)


@contextmanager
def paper_pool() -> Iterator[PdfPool]:
    """Closed at the end, whatever happens."""
    pool = PdfPool(default_workers())
    try:
        yield pool
    finally:
        pool.close()


def issuer_of(settings: Settings) -> Issuer:
    """Who sends statements, and whom a shop can ask."""
    office, issuer = settings.office, settings.issuer
    return Issuer(
        issuer.name or office.name, issuer.address, office.phone, office.hours_ja, issuer.email
    )


def invoice_facts(settings: Settings) -> InvoiceFacts:
    """What stands on an invoice besides its numbers."""
    issuer, invoice = issuer_of(settings), settings.invoice
    return InvoiceFacts(
        issuer.name,
        issuer.address,
        issuer.phone,
        issuer.hours,
        issuer.email,
        invoice.addressee,
        invoice.contract,
        invoice.account,
        invoice.account_name,
        invoice.registration,
        Yen(invoice.commission_yen),
        invoice.commission_tax_percent,
    )
