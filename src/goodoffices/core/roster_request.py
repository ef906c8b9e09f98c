# SPDX-License-Identifier: Apache-2.0
"""A desk's request for its next roster: what the root is asked to sign, far from the desk (docs/format.md §3.1).

    request = CBOR ["GO1 roster request", credential, statement]

It is not signed: who holds the root reads what would change, in words, before signing. The credential
shows what is in force; the statement is the roster that would follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Malformed, NotAllowed, NotNow, Oversized
from goodoffices.core.office import (
    MAX_CREDENTIAL,
    Office,
    Right,
    Roster,
    follow,
    read_office,
    sign_as_root,
)
from goodoffices.core.statement import MAX_SIGNED, Signed, Statement

MAX_REQUEST = MAX_CREDENTIAL + MAX_SIGNED + 1024
"""Bytes of a request."""
_MARK = "GO1 roster request"
_DAY = 86_400_000


@dataclass(frozen=True)
class RosterRequest:
    """The roster that a desk asks for, beside the credential that it would follow."""

    office: Office
    statement: Statement

    @property
    def roster(self) -> Roster:
        """What would be in force."""
        return self.statement.read(Roster, realm=self.office.realm)

    @property
    def raw(self) -> bytes:
        """The request as it is handed to whoever holds the root."""
        return cbor.encode([_MARK, self.office.raw, self.statement.raw])


def read_request(raw: bytes) -> RosterRequest:
    """Decode a request; raises Malformed, Oversized, WrongSigner or Foreign."""
    if len(raw) > MAX_REQUEST:
        raise Oversized("A request for a roster is larger than it can be.")
    value = cbor.decode(raw, max_size=MAX_REQUEST)
    if not isinstance(value, tuple) or len(value) != 3 or value[0] != _MARK:
        raise Malformed("This is not a request for a roster.")
    _, credential, statement = value
    if not isinstance(credential, bytes) or not isinstance(statement, bytes):
        raise Malformed("This is not a request for a roster.")
    request = RosterRequest(read_office(credential), Statement(statement))
    if (
        request.roster.office != request.office.id
        or request.roster.version != request.office.roster.version + 1
    ):
        raise Malformed("A request for a roster that does not follow the one in force.")
    return request


def require_root(office: Office, root_seed: bytes) -> None:
    """Raises NotAllowed if it is another office's root."""
    if crypto.root_public(root_seed) != (office.root.ed25519, office.root.mldsa65):
        raise NotAllowed(
            f"This is not the root of {office.name}.",
            "Take the root file that was written with the office.",
        )


def sign_request(request: RosterRequest, root_seed: bytes) -> Signed:
    """The roster asked for, signed with the root; raises NotAllowed if it is another office's root."""
    require_root(request.office, root_seed)
    signed = sign_as_root(request.statement, root_seed)
    follow(request.office, signed)
    return signed


def check_signed_before(request: RosterRequest, signed: Office) -> None:
    """Raise NotNow where the root has signed what the asking desk does not hold: no version has two rosters.

    ``signed``: the credential as the root last signed it, kept with the root.
    """
    theirs = request.office.signed
    if signed.id != request.office.id:
        raise NotAllowed(
            f"What lies beside the root was signed for {signed.name}, not for {request.office.name}.",
            "Keep each root in a folder of its own.",
        )
    if [each.id for each in signed.signed] != [each.id for each in theirs[: len(signed.signed)]]:
        raise NotNow(
            f"The root has signed roster {signed.roster.version} of {signed.name}, and the desk that asks goes by"
            f" roster {request.office.roster.version}: it has not installed what was signed, or has lost it.",
            "Install that first, then ask again: goodoffices office install-roster with the file beside the root.",
        )


def rights_in_words(rights: int) -> str:
    """The rights of an officer by name."""
    return ", ".join(str(each.name).lower() for each in Right if rights & each) or "no rights"


def changes(old: Roster, new: Roster) -> Iterator[str]:
    """What a new roster changes, one sentence each, for whoever decides about signing it."""
    before = {public: (name, rights) for name, public, rights in old.officers}
    after = {public: (name, rights) for name, public, rights in new.officers}
    for public, (name, rights) in after.items():
        if public not in before:
            yield f"{name} comes in: {rights_in_words(rights)}. Key {public.hex()}"
        elif before[public] != (name, rights):
            was, held = before[public]
            yield f"{name} (was {was}): {rights_in_words(rights)}; until now {rights_in_words(held)}."
    for public, (name, _) in before.items():
        if public not in after:
            why = next((f": {why}" for key, _, why in new.revoked if key == public and why), "")
            yield f"{name} goes out{why}. Key {public.hex()}"
    if new.releasers_needed != old.releasers_needed:
        yield f"{new.releasers_needed} officers release a note together; until now {old.releasers_needed}."
    if new.desk != old.desk:
        yield f"The desk gets a new key {new.desk.hex()}; until now {old.desk.hex()}"
    for public, _, why in new.revoked:
        if public == old.desk:
            yield f"The old key of the desk is revoked: {why}"
    if new.checkpoint != old.checkpoint:
        yield (
            f"The key for checkpoints is {new.checkpoint.hex()}"
            if new.checkpoint
            else "The key for checkpoints is taken out"
        )
    if new.epochs_of is None:
        first, last = new.reading_epochs[0], new.reading_epochs[-1]
        yield f"Sealing keys {first[0]} to {last[0]}, for {(last[2] - new.made) // _DAY} days from now on."
