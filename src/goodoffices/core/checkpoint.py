# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: a writer's signature over its chain so far, in a form that others can witness (ADR 0015).

    tree        per line, writer and incarnation: the leaf of entry n is SHA-256(0x00 || entry ID), at n - 1
    origin      "goodoffices/" and 32 hexadecimal digits that only those who know the line can tell
    text        origin, number of entries, root in base64, one line each        (C2SP tlog-checkpoint)
    note        text, a blank line, one line per signature                      (C2SP signed-note)
    kept        CBOR [mark, line, writer, incarnation, roster, note, ML-DSA-65, cosigners, time stamps]

The writer signs the text with its checkpoint key; the counterpart, who holds the same entries, cosigns it
(C2SP tlog-cosignature); so may witnesses, who see the root alone. Beside each of the two offices' Ed25519
signatures stands one by ML-DSA-65 over the same bytes, so that entries before a checkpoint withstand a
forger with a quantum computer.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from dataclasses import dataclass, replace

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Foreign, Malformed, NotNow, WrongSigner
from goodoffices.core.fields import MAX_TIME
from goodoffices.core.office import Office, require_version

MARK = "GO1 checkpoint"
MAX_CHECKPOINT = 120_000
MAX_LINES = 64
MAX_STAMPS = 8
MAX_STAMP = 16_000
_ED25519, COSIGNATURE = b"\x01", b"\x04"
_TEXT = re.compile(r"(goodoffices/[0-9a-f]{32})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n")
_SIGNATURE = re.compile(r"— ([^\s+]{1,200}) ([A-Za-z0-9+/]{1,8000}={0,2})")


@dataclass(frozen=True)
class Tree:
    """The entries of one writer on one line in one incarnation."""

    line: bytes
    writer: bytes
    incarnation: bytes

    @property
    def origin(self) -> str:
        """The tree's name before witnesses. Line and incarnation are random, so it names nobody."""
        named = crypto.sha256(b"GO1 origin" + self.line + self.writer + self.incarnation)
        return f"goodoffices/{named[:16].hex()}"

    def cosigner(self, office: bytes) -> str:
        """The name under which an office cosigns this tree; as random."""
        return f"goodoffices/{crypto.sha256(b'GO1 cosigner' + self.line + office)[:16].hex()}"


@dataclass(frozen=True)
class Line:
    """One signature line of a note: the key's name, its ID (4 bytes), what follows."""

    name: str
    key_id: bytes
    blob: bytes

    def __str__(self) -> str:
        return f"— {self.name} {b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True)
class Cosigner:
    """An office's part beside its cosignature line: by which roster, and with ML-DSA-65."""

    office: bytes
    roster: int
    mldsa65: bytes


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as it travels and is kept. Read; what is signed is verified by ``verify``."""

    tree: Tree
    roster: int
    text: bytes
    lines: tuple[Line, ...]
    mldsa65: bytes
    cosigners: tuple[Cosigner, ...] = ()
    stamps: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """How many entries it covers: those numbered 1 to ``size``."""
        return int(self.text.split(b"\n")[1])

    @property
    def root(self) -> bytes:
        """The tree's root, 32 bytes."""
        return b64decode(self.text.split(b"\n")[2])

    @property
    def note(self) -> str:
        """The signed note, as any C2SP tool reads it."""
        return self.text.decode() + "\n" + "".join(map(str, self.lines))

    @property
    def raw(self) -> bytes:
        """The bytes that travel and are kept."""
        tree = self.tree
        cosigners = [[each.office, each.roster, each.mldsa65] for each in self.cosigners]
        return cbor.encode(
            [
                MARK,
                tree.line,
                tree.writer,
                tree.incarnation,
                self.roster,
                self.note,
                self.mldsa65,
                cosigners,
                self.stamps,
            ]
        )

    def cosigner(self, office: bytes) -> Cosigner | None:
        """An office's part beside its cosignature, if it cosigned."""
        return next((each for each in self.cosigners if each.office == office), None)

    def witnesses(self) -> tuple[Line, ...]:
        """Signature lines that are neither the writer's nor an office's: whose they are, keys must tell."""
        own = {self.tree.origin, *(self.tree.cosigner(each.office) for each in self.cosigners)}
        return tuple(line for line in self.lines if line.name not in own)

    def with_more(self, lines: Iterable[Line] = (), stamps: Iterable[bytes] = ()) -> Checkpoint:
        """The same with further signature lines and time stamps; what is there already counts once."""
        more = [line for line in lines if line not in self.lines]
        tokens = [stamp for stamp in stamps if stamp not in self.stamps]
        return replace(self, lines=(*self.lines, *more), stamps=(*self.stamps, *tokens))


_VKEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{44,60})")


def read_vkey(text: str) -> tuple[str, bytes]:
    """(name, key) of a witness from its verifier key (C2SP signed-note), NAME+ID+KEY; raises Malformed."""
    found = _VKEY.fullmatch(text)
    try:
        raw = b64decode(found[3], validate=True) if found else b""
    except ValueError:
        raw = b""
    if found is None or len(raw) != 33 or raw[:1] != COSIGNATURE:
        raise Malformed("Not the verifier key of a witness, with an Ed25519 cosignature key.")
    if key_id(found[1], COSIGNATURE, raw[1:]).hex() != found[2]:
        raise Malformed("The ID in a witness's verifier key does not belong to it.")
    crypto.check_ed25519_key(raw[1:])
    return found[1], raw[1:]


def write_vkey(tree: Tree, public: bytes) -> str:
    """The verifier key of a tree's writer (C2SP signed-note): what a witness is told that keeps a list."""
    named = key_id(tree.origin, _ED25519, public).hex()
    return f"{tree.origin}+{named}+{b64encode(_ED25519 + public).decode()}"


def key_id(name: str, kind: bytes, public: bytes) -> bytes:
    """4 bytes by which a note's reader finds the key (C2SP signed-note)."""
    return crypto.sha256(name.encode() + b"\n" + kind + public)[:4]


def mldsa_seed(seed: bytes) -> bytes:
    """The ML-DSA-65 seed that belongs to a checkpoint key's seed."""
    return crypto.hkdf(seed, b"GO1 checkpoint ML-DSA-65")


def mldsa_public(seed: bytes) -> bytes:
    """The ML-DSA-65 key (1,952 bytes) that belongs to a checkpoint key's seed."""
    return crypto.mldsa_public(mldsa_seed(seed))


def make(tree: Tree, size: int, root: bytes, *, roster: int, seed: bytes) -> Checkpoint:
    """A checkpoint by the tree's writer. ``seed``: of its checkpoint key."""
    text = f"{tree.origin}\n{size}\n{b64encode(root).decode()}\n".encode()
    public = crypto.ed25519_public(seed)
    line = Line(tree.origin, key_id(tree.origin, _ED25519, public), crypto.ed25519_sign(seed, text))
    return Checkpoint(tree, roster, text, (line,), crypto.mldsa_sign(mldsa_seed(seed), text))


def _cosigned(text: bytes, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n".encode() + text


def cosign(checkpoint: Checkpoint, office: bytes, *, roster: int, seed: bytes, now: int) -> Checkpoint:
    """The checkpoint with ``office``'s cosignature: it held these entries at ``now`` (ms UTC)."""
    name, seconds, public = checkpoint.tree.cosigner(office), now // 1000, crypto.ed25519_public(seed)
    message = _cosigned(checkpoint.text, seconds)
    blob = seconds.to_bytes(8, "big") + crypto.ed25519_sign(seed, message)
    line = Line(name, key_id(name, COSIGNATURE, public), blob)
    cosigner = Cosigner(office, roster, crypto.mldsa_sign(mldsa_seed(seed), message))
    return replace(checkpoint, lines=(*checkpoint.lines, line), cosigners=(*checkpoint.cosigners, cosigner))


# --- reading and verifying -----------------------------------------------------------------------------


def read_lines(text: str) -> tuple[Line, ...]:
    """Signature lines; raises Malformed."""
    lines = []
    for each in text.split("\n")[:-1]:
        found = _SIGNATURE.fullmatch(each)
        try:
            raw = b64decode(found[2], validate=True) if found else b""
        except NotBase64:
            raw = b""
        if found is None or len(raw) < 5:
            raise Malformed("Not a signature line of a note.")
        lines.append(Line(found[1], raw[:4], raw[4:]))
    if len(lines) > MAX_LINES or (text and not text.endswith("\n")):
        raise Malformed("Too many signature lines, or the last one is cut.")
    return tuple(lines)


def read_checkpoint(raw: bytes) -> Checkpoint:
    """Decode; nothing is verified yet. Raises Malformed or Oversized."""
    value = cbor.decode(raw, max_size=MAX_CHECKPOINT)
    if not isinstance(value, tuple) or len(value) != 9 or value[0] != MARK:
        raise Malformed("Not a checkpoint.")
    _, line, writer, incarnation, roster, note, mldsa65, cosigners, stamps = value
    sized = ((line, 32), (writer, 32), (incarnation, 16), (mldsa65, crypto.MLDSA_SIGNATURE_SIZE))
    if not all(isinstance(each, bytes) and len(each) == size for each, size in sized):
        raise Malformed("A checkpoint's tree or signature has the wrong form.")
    if isinstance(roster, bool) or not isinstance(roster, int) or not isinstance(note, str):
        raise Malformed("A checkpoint's roster or note has the wrong form.")
    if not isinstance(cosigners, tuple) or not isinstance(stamps, tuple) or len(cosigners) > 4:
        raise Malformed("A checkpoint's cosigners or time stamps have the wrong form.")
    if len(stamps) > MAX_STAMPS or not all(isinstance(x, bytes) and len(x) <= MAX_STAMP for x in stamps):
        raise Malformed("A checkpoint's time stamps have the wrong form.")
    text, blank, signatures = note.partition("\n\n")
    if not blank or _TEXT.fullmatch(text + "\n") is None:
        raise Malformed("A checkpoint's note is not origin, size and root.")
    tree = Tree(line, writer, incarnation)
    body = f"{text}\n".encode()
    read = tuple(map(_cosigner, cosigners))
    return Checkpoint(tree, roster, body, read_lines(signatures), mldsa65, read, stamps)


def _cosigner(value: object) -> Cosigner:
    match value:
        case (bytes(office), int(roster), bytes(mldsa65)) if len(office) == 32 and roster is not True:
            return Cosigner(office, roster, mldsa65)
        case _:
            raise Malformed("A checkpoint's cosigner has the wrong form.")


def _keys(office: Office, version: int) -> tuple[bytes, bytes]:
    roster = require_version(office, version)
    if roster.checkpoint is None or roster.checkpoint_mldsa65 is None:
        raise WrongSigner(f"{office.name}'s roster {version} lists no key for checkpoints.")
    return roster.checkpoint, roster.checkpoint_mldsa65


def _line_of(checkpoint: Checkpoint, name: str, kind: bytes, public: bytes, size: int) -> bytes:
    named = key_id(name, kind, public)
    found = [line.blob for line in checkpoint.lines if line.name == name and line.key_id == named]
    if len(found) != 1 or len(found[0]) != size:
        raise WrongSigner("A checkpoint without its one signature line of that key.")
    return found[0]


def verify(checkpoint: Checkpoint, writer: Office) -> None:
    """Raise unless the tree's writer signed it, with both keys that its roster lists for checkpoints."""
    if writer.id != checkpoint.tree.writer:
        raise Foreign("A checkpoint held against another office than its tree's writer.")
    if not checkpoint.text.startswith(checkpoint.tree.origin.encode() + b"\n"):
        raise Foreign("A checkpoint of another tree than it says.")
    ed25519, mldsa65 = _keys(writer, checkpoint.roster)
    signature = _line_of(checkpoint, checkpoint.tree.origin, _ED25519, ed25519, 64)
    crypto.ed25519_verify(ed25519, signature, checkpoint.text)
    crypto.mldsa_verify(mldsa65, checkpoint.mldsa65, checkpoint.text)


def verify_cosigner(checkpoint: Checkpoint, office: Office) -> int:
    """When ``office`` cosigned (ms UTC, by its clock); raises unless it did, with both keys."""
    cosigner = checkpoint.cosigner(office.id)
    if cosigner is None:
        raise NotNow(f"{office.name} has not cosigned this checkpoint.")
    ed25519, mldsa65 = _keys(office, cosigner.roster)
    seconds = verify_cosignature(checkpoint, checkpoint.tree.cosigner(office.id), ed25519)
    crypto.mldsa_verify(mldsa65, cosigner.mldsa65, _cosigned(checkpoint.text, seconds))
    return seconds * 1000


def verify_cosignature(checkpoint: Checkpoint, name: str, public: bytes) -> int:
    """Seconds since 1970 of a cosignature by the key ``public`` called ``name``; raises WrongSigner."""
    blob = _line_of(checkpoint, name, COSIGNATURE, public, 72)
    seconds = int.from_bytes(blob[:8], "big")
    if seconds * 1000 > MAX_TIME:
        raise Malformed("A cosignature of a time that no calendar has.")
    crypto.ed25519_verify(public, blob[8:], _cosigned(checkpoint.text, seconds))
    return seconds


def bare(checkpoint: Checkpoint) -> Checkpoint:
    """Only the writer's own signatures: what a counterpart looks at and cosigns."""
    own = tuple(line for line in checkpoint.lines if line.name == checkpoint.tree.origin)
    return replace(checkpoint, lines=own, cosigners=(), stamps=())


def merge(known: Checkpoint, other: Checkpoint) -> Checkpoint:
    """What both hold of one checkpoint; raises Foreign if their texts are not the same."""
    if known.tree != other.tree or known.text != other.text:
        raise Foreign("Another checkpoint.")
    fresh = [each for each in other.cosigners if known.cosigner(each.office) is None]
    there = {(line.name, line.key_id) for line in known.lines}
    lines = [line for line in other.lines if (line.name, line.key_id) not in there]
    merged = replace(known, cosigners=(*known.cosigners, *fresh))
    return merged.with_more(lines, other.stamps)
