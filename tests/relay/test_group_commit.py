# SPDX-License-Identifier: Apache-2.0
"""What nobody is held up by waits for company, and never for ever (ADR 0083)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from goodoffices.relay.group_commit import GroupCommit

LONG = 600.0


def group(commits: list[list[object]], patience: float) -> GroupCommit:
    """One that notes what each of its commits did."""

    def commit(works: Sequence[object]) -> list[object]:
        commits.append(list(works))
        return [None] * len(works)

    return GroupCommit(commit, lambda works, outcomes: None, lambda: None, patience=patience)


def test_a_delete_goes_with_the_next_put_and_has_no_commit_of_its_own() -> None:
    """P5: a put does not wait for the sync of a delete that came just before it."""
    asyncio.run(company())


async def company() -> None:
    """A delete, some turns of the loop, a put; at the end a delete alone."""
    commits: list[list[object]] = []
    committing = group(commits, LONG)
    delete = committing.submit("delete", patient=True)
    for _ in range(3):
        await asyncio.to_thread(int)  # the loop turns, more than once
    await committing.submit("put")
    await delete
    last = committing.submit("another delete", patient=True)
    await committing.close()
    assert last.done(), "what was asked is done before the relay stops"
    assert commits == [["delete", "put"], ["another delete"]]


def test_a_delete_alone_is_done_after_a_moment() -> None:
    """P12: and so is one that came while a batch was on its way."""
    asyncio.run(alone())


async def alone() -> None:
    """Nothing else comes."""
    commits: list[list[object]] = []
    committing = group(commits, 0.001)
    put = committing.submit("put")
    await asyncio.to_thread(int)
    await asyncio.wait_for(asyncio.gather(put, committing.submit("delete", patient=True)), 10)
    await asyncio.wait_for(committing.submit("another delete", patient=True), 10)
    await committing.close()
    assert [work for works in commits for work in works] == ["put", "delete", "another delete"]
