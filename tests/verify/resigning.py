# SPDX-License-Identifier: Apache-2.0
"""Changes to a record by somebody who holds every key in it: each object changed at random and signed again.

So a change gets past the signatures, and what is looked at behind them decides.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from goodoffices.core import cbor, crypto, merkle
from goodoffices.core.errors import OtherOfficeError
from goodoffices.core.line import commitment
from tests.verify.channel import Channel, files_of

Change = Callable[[Any], Any]


class AllKeys:
    """Every key of a channel, and the values that stand in its record."""

    def __init__(self, channel: Channel, folder: Path, rng: random.Random) -> None:
        self._rng = rng
        self._seeds: dict[bytes, bytes] = {}
        self._roots: dict[bytes, tuple[bytes, int]] = {}
        self._known: dict[int, list[bytes]] = {}
        for node in channel.nodes:
            founding = node.founding
            for seed in (founding.desk_seed, *founding.officer_seeds.values()):
                self._seeds[crypto.ed25519_public(seed)] = seed
            ed25519, mldsa65 = crypto.root_public(founding.root_seed)
            self._roots[ed25519] = founding.root_seed, 0
            self._roots[crypto.sha256(mldsa65)] = founding.root_seed, 1
        for path in files_of(folder):
            if path.suffix == ".cbor":
                self._learn(path.read_bytes())

    def _learn(self, raw: bytes) -> None:
        waiting = [cbor.decode(raw)]
        while waiting:
            value = waiting.pop()
            if isinstance(value, tuple):
                waiting += value
            elif isinstance(value, dict):
                waiting += value.values()
            elif isinstance(value, bytes) and len(value) in (16, 32):
                self._known.setdefault(len(value), []).append(value)
            elif isinstance(value, bytes) and value[:1] in (b"\x82", b"\x83", b"\x85"):
                waiting += [cbor.decode(value)] if _decodes(value) else []

    # --- one value -------------------------------------------------------------------------------------

    def other(self, value: Any) -> Any:
        """Another value, most often of the same form."""
        rng = self._rng
        if rng.random() < 0.05:
            return rng.choice((None, True, 0, -1, 2**53, 2**64 - 1, "", b"", (), {}, b"\0" * 32))
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return max(0, value + rng.choice((-1, 1, 2, 1000, -1000, 128)))
        if isinstance(value, bytes):
            if len(value) in self._known:
                return rng.choice(self._known[len(value)])
            if value[:1] in (b"\x82", b"\x83") and _decodes(value) and rng.random() < 0.8:
                return cbor.encode(self.other(cbor.decode(value)))  # a form, a code book, an extract
            return value[1:] + b"\0"
        if isinstance(value, str):
            return rng.choice((value[::-1], value + "\u202e", value * 2, "İK𝔐 \uff21\\\u00ad", ""))
        if isinstance(value, dict):
            return self.other_map(value)
        return self.other_list(value) if isinstance(value, tuple) else value

    def other_map(self, value: dict[Any, Any]) -> dict[Any, Any]:
        """A map with one field changed, left out, or more."""
        made, kind = dict(value), self._rng.randrange(8)
        if kind == 0:
            made[self._rng.choice((18, 127, 128, 129, 200, "text"))] = self._rng.choice(
                (0, 1, b"x", "y", 5000)
            )
        elif kind == 1 and made:
            made.pop(self._rng.choice(list(made)))
        elif made:
            field = self._rng.choice(list(made))
            made[field] = self.other(made[field])
        return made

    def other_list(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        """A list with one item changed, left out, doubled, or two exchanged."""
        if not value:
            return (0,)
        made, kind, at = list(value), self._rng.randrange(6), self._rng.randrange(len(value))
        if kind == 0:
            made.pop(at)
        elif kind == 1:
            made.insert(at, made[at])
        elif kind == 2:
            made[at], made[0] = made[0], made[at]
        else:
            made[at] = self.other(made[at])
        return tuple(made)

    def within(self, value: Any) -> Any:
        """A value with something changed anywhere in it; what is signed in it is signed again."""
        if isinstance(value, tuple) and value and self._rng.random() < 0.85:
            at = self._rng.randrange(len(value))
            return (*value[:at], self.within(value[at]), *value[at + 1 :])
        inner = (
            cbor.decode(value) if isinstance(value, bytes) and len(value) > 60 and _decodes(value) else None
        )
        if isinstance(inner, tuple) and len(inner) == 2 and isinstance(inner[1], tuple):
            return self.signed(value)
        return cbor.encode(self.within(inner)) if isinstance(inner, tuple) else self.other(value)

    # --- one object ------------------------------------------------------------------------------------

    def signed(self, raw: bytes, change: Change | None = None) -> bytes:
        """A signed object whose content is changed, under the signatures of the same signers."""
        statement, pairs = cbor.decode(raw)
        mark, suite, kind, realm, content = cbor.decode(statement)
        content = (change or self.other_map)(content)
        if self._rng.random() < 0.03:
            kind = self.other(kind)
        made = cbor.encode([mark, suite, kind, realm, content])
        signers = [signer for signer, _ in pairs]
        if self._rng.random() < 0.15:
            signers = sorted(
                {*signers, self._rng.choice(list(self._seeds))} - set(self._rng.sample(signers, 1))
            )
        return cbor.encode([made, [[signer, self._signature(signer, made)] for signer in signers]])

    def _signature(self, signer: bytes, message: bytes) -> bytes:
        if signer in self._roots:
            seed, half = self._roots[signer]
            return crypto.root_sign(seed, message)[half]
        return crypto.ed25519_sign(self._seeds[signer], message)

    def file(self, name: str, raw: bytes) -> bytes:
        """A file of an export with something in it changed and everything that covers it signed again."""
        if name == "credential.cbor":
            items = list(cbor.decode(raw))
            at = self._rng.randrange(len(items))
            items[at] = self.signed(items[at])
            return cbor.encode(self._rng.choice((tuple(items), self.other_list(tuple(items)))))
        if name == "pairing.cbor":
            *frame, content = cbor.decode(raw)
            return cbor.encode([*frame, self.other_map(content)])
        if name == "note.cbor":
            return self._note(raw)
        if name.startswith("sealed-"):
            return cbor.encode(self.other_list(cbor.decode(raw)))
        value = cbor.decode(raw)
        if name.startswith("beside-") or len(value) == 9:  # a checkpoint, or words beside a note
            return cbor.encode(self.other(value))
        return self._entry(*value) if len(value) == 3 else self.signed(raw)

    def _note(self, raw: bytes) -> bytes:
        signed, seed, leaves = cbor.decode(raw)
        if self._rng.random() < 0.5:
            return cbor.encode([self.signed(signed), seed, leaves])
        leaves = self.other_list(leaves)
        if not all(isinstance(leaf, tuple) and len(leaf) == 2 for leaf in leaves):
            return cbor.encode([signed, seed, leaves])
        root = merkle.body_root(seed, leaves)
        return cbor.encode([self.signed(signed, lambda old: old | {15: root, 16: len(leaves)}), seed, leaves])

    def _entry(self, signed: bytes, salt: bytes, body: bytes) -> bytes:
        if self._rng.random() < 0.4:
            return cbor.encode([self.signed(signed), salt, body])
        items = cbor.decode(body)
        at = self._rng.randrange(len(items))
        number, *rest = items[at]
        if number in (2, 3, 4) and self._rng.random() < 0.7:
            rest[0] = self.signed(rest[0])
        elif number in (1, 8):
            suite, header, wraps, ciphertext = cbor.decode(rest[0])
            rest[0] = cbor.encode(
                [suite, cbor.encode(self.other_map(cbor.decode(header))), wraps, ciphertext]
            )
        else:
            number, *rest = self.other_list((number, *rest)) or (0,)
        made = cbor.encode((*items[:at], (number, *rest), *items[at + 1 :]))
        return cbor.encode([self.signed(signed, lambda old: old | {9: commitment(salt, made)}), salt, made])


def _decodes(raw: bytes) -> bool:
    try:
        cbor.decode(raw)
    except OtherOfficeError:
        return False
    return True
