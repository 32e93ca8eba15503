"""Which jobs fall due: what is done once in each hour or day, by one of the server processes."""

import asyncio
import logging
from functools import partial

from protos.operation.logs import say
from server.campaigns import run_expiry
from server.campaigns.selling import CampaignDesk
from server.clock import HOUR, MINUTE
from server.due_jobs import DueJobs
from server.foundations import Foundations
from server.ledger import (
    sign_heads_if_due,
)
from server.payments import PaymentDesk
from server.reports import write_days
from server.settlement.closes import CloseDesk, CloseTimer

log = logging.getLogger(__name__)

CLOSE_JOB = "settlement.close"
"""Lease of the timer that closes what is due."""


def standing_jobs(
    base: Foundations, desk: PaymentDesk, campaigns: CampaignDesk, closes: CloseDesk
) -> DueJobs:
    """What is done once in each period, whichever of the server processes does it."""
    jobs = DueJobs(base.database, base.clock)
    jobs.hourly(CLOSE_JOB, CloseTimer(closes).run)  # first: midnight has many jobs
    jobs.daily("reports.days", partial(_write_days, base), after=10 * MINUTE)
    jobs.daily("payments.prune", desk.prune, after=3 * HOUR)
    jobs.hourly("campaigns.expiry", partial(_expire, base))
    jobs.hourly("campaigns.issue", partial(_issue_what_waits, campaigns))
    jobs.hourly("ledger.sign", partial(_sign, base))
    return jobs


async def _write_days(base: Foundations) -> None:
    """Sums of the days that are over, so that results are read and not added up."""
    days = await asyncio.to_thread(write_days, base.database, base.ledger_clock)
    if days:
        say(log, logging.INFO, "results of days written", days=days)


async def _issue_what_waits(campaigns: CampaignDesk) -> None:
    """Orders that were paid when a server ended before it had issued their vouchers."""
    count = await asyncio.to_thread(campaigns.issue)
    if count:
        say(log, logging.INFO, "issued what had waited", orders=count)


async def _sign(base: Foundations) -> None:
    """Where the books stand, signed with a key that the database does not have."""
    await base.database.write(lambda c: sign_heads_if_due(c, base.head_key, base.clock()))


async def _expire(base: Foundations) -> None:
    """Lots expire at midnight; what is booked already is not there for a second run."""
    run = await asyncio.to_thread(
        run_expiry, base.database, base.ledger_clock, checkpoint=base.checkpoint
    )
    if run.customers or run.busy:
        say(
            log,
            logging.INFO,
            "balances expired",
            yen=run.amount,
            wallets=run.customers,
            busy=run.busy,
        )
