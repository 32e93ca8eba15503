"""The outbox: events leave it when the server has them, in order, a batch at a time."""

from dataclasses import replace

from device.core import limits
from device.core.draft import Draft
from device.core.effects import PushEvents
from device.core.events import EventsPushed
from device.core.japan_time import MonoMs
from device.core.records import EventsDelivered
from device.core.service import is_live


def keep_pushing(draft: Draft) -> None:
    """Send the oldest events when there is a link and no push is under way."""
    outbox, mono = draft.state.outbox, draft.now.mono
    since = outbox.under_way_since
    if since is not None and mono >= since + limits.PUSH_LOST_MS:
        since = None
    if not outbox.pending or since is not None:
        return
    if not is_live(draft.state) or mono < outbox.next_at:
        return
    draft.state = replace(draft.state, outbox=replace(outbox, under_way_since=mono))
    draft.ask(PushEvents(outbox.pending[: limits.PUSH_BATCH]))


def events_pushed(draft: Draft, event: EventsPushed) -> None:
    """The server keeps these. An answer that names none of ours counts as a failure."""
    delivered = set(event.event_ids)
    outbox = draft.state.outbox
    left = tuple(each for each in outbox.pending if each.event_id not in delivered)
    if len(left) == len(outbox.pending):
        push_failed(draft)
        return
    gone = tuple(each.event_id for each in outbox.pending if each.event_id in delivered)
    draft.record(EventsDelivered(gone))
    draft.state = replace(draft.state, outbox=replace(outbox, pending=left, under_way_since=None))


def push_failed(draft: Draft) -> None:
    """Try the same events again in a while: their ids make it one."""
    next_at = MonoMs(draft.now.mono + limits.PUSH_RETRY_MS)
    outbox = replace(draft.state.outbox, under_way_since=None, next_at=next_at)
    draft.state = replace(draft.state, outbox=outbox)
