"""Many look-ups in one read: each caller gets its own answer, and never an older one."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from server.db.together import ReadTogether


class Shelf:
    """Rows behind a read that takes a moment."""

    def __init__(self, **rows: int) -> None:
        self.rows = rows
        self.reads: list[tuple[str, ...]] = []
        self.failing = False

    async def read(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.reads.append(tuple(keys))
        rows = dict(self.rows)  # as they stand when the read begins
        await asyncio.sleep(0.001)
        if self.failing:
            raise OSError("away")
        return {key: rows[key] for key in keys if key in rows}


async def test_what_is_asked_during_a_read_is_answered_by_the_next_together() -> None:
    shelf = Shelf(a=1, b=2, c=3)
    together = ReadTogether(shelf.read)
    answers = await asyncio.gather(*(together.get(key) for key in ("a", "b", "a", "x")))
    assert answers == [1, 2, 1, None]
    assert shelf.reads == [("a", "b", "x")]
    first = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(together.get(key)) for key in ("b", "c")]
    assert [await answer for answer in (first, *later)] == [1, 2, 3]
    assert shelf.reads[1:] == [("a",), ("b", "c")]


async def test_an_answer_is_never_older_than_its_question() -> None:
    shelf = Shelf(a=1)
    together = ReadTogether(shelf.read)
    running = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert shelf.reads  # it has read already and only has to answer
    shelf.rows.clear()
    assert await together.get("a") is None
    assert await running == 1


async def test_a_read_never_grows_beyond_its_bound() -> None:
    shelf = Shelf(**{f"k{i}": i for i in range(600)})
    together = ReadTogether(shelf.read)
    assert await asyncio.gather(*(together.get(f"k{i}") for i in range(600))) == list(range(600))
    assert [len(keys) for keys in shelf.reads] == [256, 256, 88]


async def test_a_failure_reaches_every_caller_and_the_next_read_is_a_new_one() -> None:
    shelf = Shelf(a=1)
    shelf.failing = True
    together = ReadTogether(shelf.read)
    answers = await asyncio.gather(together.get("a"), together.get("b"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError, OSError]
    shelf.failing = False
    assert await together.get("a") == 1


async def test_a_caller_who_goes_away_disturbs_nobody() -> None:
    shelf = Shelf(a=1)
    together = ReadTogether(shelf.read)
    gone, stays = asyncio.create_task(together.get("a")), asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 1
    with pytest.raises(asyncio.CancelledError):
        await gone
