"""Events for the server: each once, none lost."""

from pathlib import Path

import pytest

from device.core import effects as ef
from device.core import events as ev
from device.core.outgoing import EventKind, event_id
from device.core.state import LinkState
from tests.support.counter import TERMINAL, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path).start()


def test_an_id_follows_from_the_fact_and_from_nothing_else() -> None:
    first = event_id(TERMINAL, EventKind.ANNOUNCED, "Pay1")
    assert first == event_id(TERMINAL, EventKind.ANNOUNCED, "Pay1")
    assert len(first) == 20
    assert first.isalnum()
    assert first.isascii()
    others = {
        event_id(TERMINAL, EventKind.PRINTED, "Pay1"),
        event_id(TERMINAL, EventKind.ANNOUNCED, "Pay2"),
        event_id(TERMINAL, EventKind.ANNOUNCED, "Pay", "1"),
    }
    assert first not in others
    assert len(others) == 3


def test_events_are_pushed_until_the_server_has_them(bench: Bench) -> None:
    pushed = bench.asked(ef.PushEvents)
    assert [event.kind for event in pushed[0].events] == [EventKind.STARTED]
    bench.clear()
    bench.send(ev.PushFailed("deadline"))
    bench.wait(4)
    assert bench.asked(ef.PushEvents) == []
    bench.wait(1.5)
    assert bench.asked(ef.PushEvents)[0].events == pushed[0].events
    bench.send(ev.EventsPushed(tuple(event.event_id for event in pushed[0].events)))
    assert bench.state.outbox.pending == ()
    assert bench.journal.load().outbox == ()
    bench.clear()
    bench.wait(60)
    assert bench.asked(ef.PushEvents) == []


def test_a_push_without_any_answer_is_repeated(bench: Bench) -> None:
    bench.clear()
    bench.wait(16)
    assert len(bench.asked(ef.PushEvents)) == 1


def test_an_answer_that_names_none_of_ours_does_not_spin(bench: Bench) -> None:
    bench.clear()
    bench.send(ev.EventsPushed(("unknown",)))
    bench.wait(3)
    assert bench.asked(ef.PushEvents) == []


def test_offline_events_wait_and_survive_a_restart(bench: Bench) -> None:
    bench.offline()
    bench.pay(bench.front.number, 1_200)
    bench.finish_speech()
    waiting = bench.state.outbox.pending
    bench.boot()
    kinds = [event.kind for event in bench.state.outbox.pending]
    assert kinds[: len(waiting)] == [event.kind for event in waiting]
    assert EventKind.ANNOUNCED in kinds


def test_an_outage_is_reported_when_it_is_over_a_blink_is_not(bench: Bench) -> None:
    bench.send(ev.ServerLinkChanged(LinkState.DOWN, reason="no route"))
    bench.wait(2)
    bench.online()
    bench.send(ev.ServerLinkChanged(LinkState.DOWN, reason="no route"))
    bench.wait(75)
    bench.online()
    outages = [e.detail for e in bench.state.outbox.pending if e.kind is EventKind.OUTAGE]
    assert outages == ["server 75 s no route"]
