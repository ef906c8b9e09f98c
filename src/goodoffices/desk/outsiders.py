# SPDX-License-Identifier: Apache-2.0
"""Outside witnesses and time stamps for checkpoints: asked beside everything else, never waited for (ADR 0021).

A witness (C2SP tlog-witness) sees a checkpoint's note and a proof that it extends the last one; a time stamp
authority (RFC 3161) sees a hash. Neither sees a name, an entry or a word. Each has a task, connections and a
time limit of its own, so that one that hangs holds up nothing but itself (P11).
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

from goodoffices.core import checkpoint as checkpoints
from goodoffices.core.checkpoint import COSIGNATURE, MAX_STAMP, MAX_STAMPS, Checkpoint
from goodoffices.core.crypto import sha256
from goodoffices.core.errors import Malformed, OtherOfficeError, RelayError, YourError
from goodoffices.core.merkle import consistency, plain_leaf
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.checkpoints import CheckpointRow
from goodoffices.desk.routes.lean_http import LeanHttp, Unanswered
from goodoffices.desk.routes.relay_client import PROXY_TIMEOUT, check_relay_url
from goodoffices.desk.routes.socks import Proxy

TIMEOUT = 30.0
"""Seconds until one that does not answer counts as silent for this try."""
TOOK, SILENT, REFUSED, WRONG = "took", "silent", "refused", "wrong"
"""How a try ended: by a witness's signature or a time stamp, without an answer, with a status, with an answer that
does not hold."""
EVERY = 60.0
"""Seconds between two looks whether anything is owed."""


class _Refused(RelayError):
    """It answered, with a status that is none of success."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"{url} answered with status {status}.")
        self.status = status


@dataclass(frozen=True)
class Witness:
    """An outside witness: the name and key by which its cosignatures count, and where it is asked."""

    name: str
    public: bytes
    url: str


def read_witness(text: str) -> Witness:
    """From 'VKEY URL' (C2SP signed-note verifier key); raises YourError."""
    vkey, _, url = text.strip().partition(" ")
    try:
        name, public = checkpoints.read_vkey(vkey)
    except Malformed as error:
        raise YourError(
            f"A witness is written as 'NAME+ID+KEY URL'. {error.what}",
            "Copy the verifier key from the witness's own page.",
        ) from None
    if not url:
        raise YourError("A witness is written as 'NAME+ID+KEY URL'.", "Say where it is asked.")
    check_relay_url(url)
    return Witness(name, public, url.rstrip("/"))


class Outsiders:
    """Every witness and time stamp authority of one desk."""

    def __init__(
        self,
        desk: Desk,
        witnesses: Sequence[Witness],
        stamps: Sequence[str],
        now: Callable[[], int],
        proxy: Proxy | None = None,
    ) -> None:
        self.desk, self.now = desk, now
        self.ledger = desk.ledger
        for url in stamps:
            check_relay_url(url)
        self._witnesses, self._stamps = tuple(witnesses), tuple(stamps)
        self._http = LeanHttp(None, TIMEOUT if proxy is None else PROXY_TIMEOUT, proxy)
        self._tasks: list[asyncio.Task[None]] = []
        self._wake = asyncio.Event()
        self.ended = desk.checkpoints.outside
        """How the last try ended and with which status, by address; the checkpoints page shows it."""
        self.ended.update(dict.fromkeys((*(one.url for one in self._witnesses), *self._stamps), ("", 0)))

    def start(self) -> None:
        """One task for each outsider."""
        asked: list[tuple[str, Callable[[CheckpointRow], Awaitable[Checkpoint]]]]
        asked = [(each.url, partial(self._ask, each)) for each in self._witnesses]
        asked += [(url, partial(self._stamp, url)) for url in self._stamps]
        self._tasks = [asyncio.ensure_future(self._serve(who, ask)) for who, ask in asked]

    async def stop(self) -> None:
        """Ask nobody any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    def wake(self) -> None:
        """There may be a new checkpoint."""
        self._wake.set()

    async def _serve(self, who: str, ask: Callable[[CheckpointRow], Awaitable[Checkpoint]]) -> None:
        while True:
            for row in self.ledger.owed_by(who, self.desk.me):
                try:
                    more = await ask(row)
                except _Refused as error:
                    self.ended[who] = REFUSED, error.status
                    continue
                except RelayError:
                    self.ended[who] = SILENT, 0
                    continue
                except OtherOfficeError:
                    self.ended[who] = WRONG, 0
                    continue
                self.ended[who] = TOOK, 0
                self._keep(row, who, more)
            self._wake.clear()
            try:
                async with asyncio.timeout(EVERY):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _keep(self, row: CheckpointRow, who: str, more: Checkpoint) -> None:
        # What the counterpart cosigned meanwhile stands in the table: only what is new is added to it.
        known = self.ledger.same_checkpoint(row.checkpoint)
        if known is not None:
            both = known.checkpoint.with_more(more.lines, more.stamps)
            with self.desk.context.transaction():
                self.ledger.update_checkpoint(known.id, both, cosigned=known.cosigned)
                self.ledger.given(known.id, who, self.now())

    async def _post(self, url: str, kind: str, body: bytes) -> tuple[int, bytes]:
        try:
            url = url if urlsplit(url).path else f"{url}/"
            return await self._http.request("POST", url, {"Content-Type": kind}, body, apart=url.encode())
        except (Unanswered, OSError, TimeoutError) as error:
            raise RelayError(f"{url} does not answer: {type(error).__name__}.") from None

    # --- witnesses ------------------------------------------------------------------------------------

    async def _ask(self, witness: Witness, row: CheckpointRow) -> Checkpoint:
        old = self.ledger.last_given(row.checkpoint.tree, witness.url)
        status, answer = await self._add(witness, row.checkpoint, old)
        if status == 409 and re.fullmatch(rb"[0-9]{1,15}\n", answer):
            # It remembers another size than this desk does: a restored vault, or an answer that was lost.
            status, answer = await self._add(witness, row.checkpoint, int(answer))
        if status != 200:
            raise _Refused(witness.url, status)
        try:
            lines = checkpoints.read_lines(answer.decode("utf-8"))
        except UnicodeDecodeError:
            raise Malformed("A witness answered with something that is no signature.") from None
        named = checkpoints.key_id(witness.name, COSIGNATURE, witness.public)
        own = [line for line in lines if (line.name, line.key_id) == (witness.name, named)][:1]
        bare = checkpoints.bare(row.checkpoint)
        cosigned = bare.with_more(own)
        checkpoints.verify_cosignature(cosigned, witness.name, witness.public)
        return cosigned

    async def _add(self, witness: Witness, checkpoint: Checkpoint, old: int) -> tuple[int, bytes]:
        proof: list[bytes] = []
        if 0 < old < checkpoint.size:
            ids = self.ledger.entry_ids(checkpoint.tree, 0, checkpoint.size) or []
            leaves = [plain_leaf(each) for each in ids]
            proof = await asyncio.to_thread(consistency, leaves, old) if leaves else []
        rows = [f"old {old}", *(b64encode(each).decode() for each in proof), ""]
        note = checkpoints.bare(checkpoint).note
        body = "\n".join(rows) + "\n" + note
        return await self._post(f"{witness.url}/add-checkpoint", "text/plain", body.encode())

    # --- time stamps ----------------------------------------------------------------------------------

    async def _stamp(self, url: str, row: CheckpointRow) -> Checkpoint:
        checkpoint = row.checkpoint
        if len(checkpoint.stamps) >= MAX_STAMPS:
            raise Malformed("This checkpoint has all the time stamps that it can have.")
        request = TimestampRequestBuilder().data(checkpoint.text).hash_algorithm(HashAlgorithm.SHA256).build()
        status, answer = await self._post(url, "application/timestamp-query", request.as_bytes())
        if status != 200:
            raise _Refused(url, status)
        if len(answer) > MAX_STAMP:
            raise Malformed(f"{url} answered with {len(answer)} bytes, too long for a time stamp.")
        try:
            response = decode_timestamp_response(answer)
            info = response.tst_info
            fits = info.message_imprint.message == sha256(checkpoint.text) and info.nonce == request.nonce
        except ValueError as error:
            raise Malformed(f"{url} answered with something that is no time stamp: {error}.") from None
        if response.status not in (0, 1) or not fits:
            raise Malformed(f"{url} answered with a time stamp for something else.")
        return checkpoints.bare(checkpoint).with_more(stamps=[answer])
