"""A bulk of transfers from its draft to the money in the shops' accounts: every act about it."""

from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection, insert, select

from protos.units import Micros
from server.clock import tokyo_day
from server.db import new_public_id
from server.db.schema import payouts as t
from server.directory import ServiceId
from server.oversight import Act, record_act
from server.settlement.bankfile import check_pay_day
from server.settlement.payouts import drafting
from server.settlement.payouts import refusals as refuse
from server.settlement.payouts.acting import ActingDesk, Detail, check_key, check_service
from server.settlement.payouts.bulks import (
    add_event,
    bulk_with_key,
    find_bulk,
    find_payout,
    items_of,
    payouts_of,
    unsent_bulk,
)
from server.settlement.payouts.drafting import Preview
from server.settlement.payouts.entries import (
    book,
    has_entry,
    own_accounts,
    payout_entry,
    return_entry,
    return_subject,
)
from server.settlement.payouts.notes import keep_note
from server.settlement.payouts.types import (
    Bulk,
    BulkEvent,
    BulkState,
    Payout,
    PayoutSettings,
)


class PayoutDesk(ActingDesk):
    """Draft, approve, file, sent, settled, returned; or discard before it is sent."""

    def preview(self, service: ServiceId, pay_day: date | None = None) -> Preview:
        """What a draft would hold now; changes nothing. Raises what ``draft`` raises, but
        UNSENT and NOTHING_TO_PAY."""

        def work(connection: Connection) -> Preview:
            check_service(connection, service)
            return self._preview(connection, service, pay_day)[0]

        return self._database.read_now(work)

    def draft(
        self, key: str, service: ServiceId, pay_day: date | None = None, *, by: str, why: str
    ) -> Bulk:
        """Everything that is due by ``pay_day`` (None: that of the first unpaid close).

        Raises Refusal KEY, KEY_REUSED, SERVICE_UNKNOWN, NO_SETTINGS, UNSENT, PAY_DAY_MISSING,
        PAY_DAY_PAST, NOTHING_TO_PAY, WHY_MISSING; of the bank file PAY_DAY, PAY_DAY_HORIZON, SUM,
        COUNT, AMOUNT_TOO_LARGE, NAME_* (the payer's).
        """
        check_key(key)

        def work(connection: Connection) -> Bulk:
            check_service(connection, service)
            known = bulk_with_key(connection, key)
            if known is not None:
                if known.service_id != service or known.who(BulkEvent.DRAFTED) != by:
                    raise refuse.key_reused()
                return known
            waiting = unsent_bulk(connection, service)
            if waiting is not None:
                raise refuse.unsent(waiting)
            now = self._clock(connection)
            found, terms = self._preview(connection, service, pay_day)
            bulk = drafting.keep_draft(connection, key, found, terms, by, now)
            record_act(connection, _act_of(bulk, "payout.draft", by, why, now))
            return bulk

        return self._act(why, work)

    def approve(self, bulk: str, *, by: str, why: str) -> Bulk:
        """By somebody else than who drafted it. Raises Refusal BULK_UNKNOWN, STATE, SAME_PERSON,
        CHANGED, WHY_MISSING."""
        return self._step(bulk, BulkEvent.APPROVED, "payout.approve", by, why, self._unchanged)

    def discard(self, bulk: str, *, by: str, why: str) -> Bulk:
        """Before it is sent; what it held is free for the next draft. Once its file is made, by
        somebody else than who made it: the file must not be in the bank's hands.

        Raises Refusal BULK_UNKNOWN, STATE, SAME_PERSON, WHY_MISSING.
        """
        return self._step(bulk, BulkEvent.DISCARDED, "payout.discard", by, why)

    def make_file(self, bulk: str, *, by: str, why: str) -> bytes:
        """The bank's file of an approved bulk: made once, the same bytes for good. That of a
        discarded bulk is not given out: the next bulk pays the same.

        Raises Refusal BULK_UNKNOWN, STATE, CHANGED, PAY_DAY_PAST, FILE_DELETED, WHY_MISSING, and
        what the bank file refuses.
        """

        def work(connection: Connection) -> bytes:
            found = find_bulk(connection, bulk)
            if found.sha256 and found.state is not BulkState.DISCARDED:
                return _kept_file(connection, found)
            now = self._clock(connection)
            made = add_event(connection, found, BulkEvent.FILE_MADE, by, now)
            today = tokyo_day(now)
            if made.pay_day < today:
                raise refuse.pay_day_past(made.pay_day, today)
            check_pay_day(made.pay_day)
            drafting.check_unchanged(connection, made, self._banks)
            content = drafting.render(connection, made, self._banks)
            drafting.keep_file(connection, made, content)
            made = find_bulk(connection, made.bulk_id)
            record_act(connection, _act_of(made, "payout.file", by, why, now))
            return content

        return self._act(why, work)

    def sent(self, bulk: str, *, by: str, why: str) -> Bulk:
        """The file is handed over: the money leaves the shops' accounts in the ledger.

        Raises Refusal BULK_UNKNOWN, STATE, WHY_MISSING.
        """
        return self._step(bulk, BulkEvent.SENT, "payout.sent", by, why, then=self._book_payouts)

    def settled(self, bulk: str, *, by: str, why: str) -> Bulk:
        """The bank has paid all of it. Raises Refusal BULK_UNKNOWN, STATE, WHY_MISSING."""
        return self._step(bulk, BulkEvent.SETTLED, "payout.settled", by, why)

    def returned(self, payout_id: str, details_wrong: bool, *, by: str, why: str) -> Payout:
        """組戻し: the transfer came back. It is owed again, and paid in the next bulk under a new
        id; with ``details_wrong`` only once the payee's bank details were changed.

        Raises Refusal UNKNOWN, NO_TRANSFER, RETURNED, STATE, WHY_MISSING.
        """

        def work(connection: Connection) -> Payout:
            payout = find_payout(connection, payout_id)
            if not payout.amount:
                raise refuse.no_transfer(payout_id)
            if payout.returned_by:
                return _same_return(connection, payout, details_wrong, by)
            now = self._clock(connection)
            bulk = find_bulk(connection, payout.bulk_id)
            add_event(connection, bulk, BulkEvent.RETURNED, by, now)
            return_id = new_public_id()
            note_hash = keep_note(connection, return_id, why)
            connection.execute(
                insert(t.payout_returns).values(
                    return_id=return_id,
                    payout_id=payout_id,
                    details_wrong=int(details_wrong),
                    note_hash=note_hash,
                    recorded_by=by,
                    recorded_at=now,
                )
            )
            detail: Detail = {"bulk": bulk.number, "amount": payout.amount, "return": return_id}
            record_act(connection, Act(by, "payout.returned", payout_id, why, now, detail))
            own = own_accounts(connection, bulk.service_id)
            subject = return_subject(return_id, payout_id, details_wrong, note_hash, by)
            entry = return_entry(return_id, payout, own, subject)
            book(connection, [entry], self._clock, self._checkpoint)
            return find_payout(connection, payout_id)

        return self._act(why, work)

    def _preview(
        self, connection: Connection, service: ServiceId, pay_day: date | None
    ) -> tuple[Preview, PayoutSettings]:
        now = self._clock(connection)
        return drafting.preview(connection, service, pay_day, tokyo_day(now), now, self._banks)

    def _unchanged(self, connection: Connection, bulk: Bulk) -> None:
        drafting.check_unchanged(connection, bulk, self._banks)

    def _book_payouts(self, connection: Connection, bulk: Bulk) -> None:
        paid = [one for one in payouts_of(connection, bulk.bulk_id) if has_entry(one)]
        items = items_of(connection, [one.payout_id for one in paid])
        own = own_accounts(connection, bulk.service_id)
        entries = [payout_entry(one, items[one.payout_id], own) for one in paid]
        book(connection, entries, self._clock, self._checkpoint)

    def _step(
        self,
        wanted: str,
        event: BulkEvent,
        what: str,
        by: str,
        why: str,
        check: Callable[[Connection, Bulk], None] | None = None,
        then: Callable[[Connection, Bulk], None] | None = None,
    ) -> Bulk:
        """One event of a bulk. The same person's same step again answers with the bulk as it is,
        whatever came after it but a discard: who has not heard an answer may always ask again.

        ``check`` may refuse; ``then`` books, as the last thing.
        """

        def work(connection: Connection) -> Bulk:
            bulk = find_bulk(connection, wanted)
            done = any((one.what, one.by) == (event, by) for one in bulk.events)
            if done and (event is BulkEvent.DISCARDED or bulk.state is not BulkState.DISCARDED):
                return bulk
            now = self._clock(connection)
            after = add_event(connection, bulk, event, by, now)
            if check is not None:
                check(connection, after)
            record_act(connection, _act_of(after, what, by, why, now))
            if then is not None:
                then(connection, after)
            return after

        return self._act(why, work)


def _act_of(bulk: Bulk, what: str, by: str, why: str, at: Micros) -> Act:
    detail: Detail = {
        "number": bulk.number,
        "service": bulk.service_id,
        "count": bulk.count,
        "total": bulk.total,
    }
    if bulk.sha256:
        detail["sha256"] = bulk.sha256
    return Act(by, what, bulk.bulk_id, why, at, detail)


def _kept_file(connection: Connection, bulk: Bulk) -> bytes:
    content = connection.execute(
        select(t.payout_file_contents.c.content).where(
            t.payout_file_contents.c.bulk_id == bulk.bulk_id
        )
    ).scalar_one_or_none()
    if content is None:
        raise refuse.file_deleted(bulk.number)
    return bytes(content)


def _same_return(connection: Connection, payout: Payout, details_wrong: bool, by: str) -> Payout:
    row = connection.execute(
        select(t.payout_returns).where(t.payout_returns.c.payout_id == payout.payout_id)
    ).one()
    if (row.recorded_by, bool(row.details_wrong)) != (by, details_wrong):
        raise refuse.returned_already(payout.payout_id, row.recorded_by)
    return payout
