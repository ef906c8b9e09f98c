# SPDX-License-Identifier: Apache-2.0
"""What each kind of test vector is put through: its verdict, and what comes out when it is accepted.

A vector is a JSON object: ``shows`` (a sentence), ``check`` (a name below), ``input`` (bytes as hex),
``verdict`` (``accepted``, or the name of the error), ``result`` (what comes out of an accepted one).
Another implementation needs docs/format.md and these files, not this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from goodoffices.core import cbor, checkpoint, crypto, digits, envelope, merkle
from goodoffices.core.act import Act, check_signer
from goodoffices.core.agreed import check_agreed
from goodoffices.core.assurance import check_assurance, check_change
from goodoffices.core.backup import open_piece, proof_digits
from goodoffices.core.beside import check_beside, open_beside, read_beside, words_need
from goodoffices.core.clearance import Clearance
from goodoffices.core.codebook import read_book
from goodoffices.core.consent import check_consent
from goodoffices.core.courier import read_bundle, read_frame
from goodoffices.core.errors import Altered, Foreign, GoodOfficesError, Malformed
from goodoffices.core.extract import check_extracts
from goodoffices.core.forms import read_form
from goodoffices.core.handover import check_handover
from goodoffices.core.incident import check_incident, check_report
from goodoffices.core.line import CarriedEntry, verify_entry, verify_head
from goodoffices.core.mailboxes import verify_mailboxes
from goodoffices.core.mandate import Mandate, read_agreement
from goodoffices.core.mandate import check as check_mandate
from goodoffices.core.note import check_issued, note_digits, read_inside, verify_release
from goodoffices.core.office import read_office, require_version
from goodoffices.core.pairing import (
    check_fresh,
    check_heard,
    meeting_place,
    pair,
    read_meeting_message,
    read_offer,
    spoken,
    verify_confirmed,
)
from goodoffices.core.public_statement import check_public_statement
from goodoffices.core.readable.agreed import agreed_rows
from goodoffices.core.readable.reports import report_rows
from goodoffices.core.sealed import SealedNote, open_sealed, read_sealed
from goodoffices.core.service_traffic import LineTest, read_body
from goodoffices.core.statement import LIVE, Signed, Statement, read_signed
from goodoffices.core.stop import verify_stop
from goodoffices.core.thin import text as thin_text
from goodoffices.core.thin.cell import cell_place, open_cell, read_parts
from goodoffices.core.thin.keys import Reading, begin
from goodoffices.core.thin.note import open_thin
from goodoffices.core.vouching import verify_vouch

Input = dict[str, Any]
Result = dict[str, Any]


def _bytes(given: Input, name: str) -> bytes:
    return bytes.fromhex(given[name])


def _cbor(given: Input) -> Result:
    raw = _bytes(given, "bytes")
    assert cbor.encode(cbor.decode(raw)) == raw
    return {}


def _ed25519_key(given: Input) -> Result:
    crypto.check_ed25519_key(_bytes(given, "key"))
    return {}


def _ed25519_signature(given: Input) -> Result:
    crypto.ed25519_verify(_bytes(given, "key"), _bytes(given, "signature"), _bytes(given, "message"))
    return {}


def _sealing_key(given: Input) -> Result:
    crypto.check_sealing_key(_bytes(given, "key"))
    return {}


def _keys(given: Input) -> Result:
    seed = _bytes(given, "seed")
    root = crypto.root_public(seed)
    return {
        "root_ed25519": root[0].hex(),
        "root_mldsa65_sha256": crypto.sha256(root[1]).hex(),
        "signing": crypto.ed25519_public(seed).hex(),
        "sealing_sha256": crypto.sha256(crypto.sealing_public(seed)).hex(),
    }


def _unseal(given: Input) -> Result:
    return {
        "plain": crypto.unseal(_bytes(given, "seed"), _bytes(given, "sealed"), _bytes(given, "info")).hex()
    }


def _digits(given: Input) -> Result:
    return {"digits": digits.check_digits(given["what"], _bytes(given, "id"), given["count"])}


def _merkle(given: Input) -> Result:
    return {"root": merkle.body_root(_bytes(given, "seed"), cbor.decode(_bytes(given, "leaves"))).hex()}


def _signed(given: Input) -> Result:
    signed = read_signed(_bytes(given, "signed"))
    signed.verify()
    return {"id": signed.id.hex(), "kind": signed.statement.kind, "realm": signed.statement.realm.hex()}


def _office(given: Input) -> Result:
    office = read_office(_bytes(given, "credential"))
    return {
        "id": office.id.hex(),
        "name": office.name,
        "roster": office.roster.version,
        "digits": office.digits,
    }


def _mandate(given: Input) -> Result:
    offices = [read_office(bytes.fromhex(each)) for each in given["credentials"]]
    papers = tuple(read_signed(bytes.fromhex(each)) for each in given["papers"])
    found = read_agreement(read_signed(_bytes(given, "signed")), {each.id: each for each in offices}, papers)
    return {"id": found.id.hex(), "digits": found.digits, "complete": found.complete}


def _clearance(given: Input) -> Result:
    signed = read_signed(_bytes(given, "signed"))
    found = signed.statement.read(Clearance)
    signed.verify()
    return {"id": signed.id.hex(), "verdict": found.verdict}


def _backup(given: Input) -> Result:
    found = open_piece(_bytes(given, "file"), [_bytes(given, "seed")], None)
    return {
        "id": found.signed.id.hex(),
        "rows": found.rows.hex(),
        "digits": proof_digits(found.piece.proof),
    }


def _stop(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    return {"roster": verify_stop(signed, _bytes(given, "line"), office).roster}


def _vouched(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    said = verify_vouch(signed, office)
    return {"id": signed.id.hex(), "vouched": said.vouched.hex()}


def _handover(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    found = check_handover(signed, office)
    return {"id": signed.id.hex(), "open": len(found.open)}


def _incident(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    return {"id": signed.id.hex(), "title": check_incident(signed, office).title}


def _report(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    return {"id": signed.id.hex(), "known": check_report(signed, office).known}


def _assurance(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    return {"id": signed.id.hex(), "what": check_assurance(signed, office).what}


def _assurance_change(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    return {"id": signed.id.hex(), "became": check_change(signed, office).became}


def _public_statement(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    return {"id": signed.id.hex(), "said": check_public_statement(signed, office).said}


def _act(given: Input) -> Result:
    signed, office = read_signed(_bytes(given, "signed")), read_office(_bytes(given, "credential"))
    act = signed.statement.read(Act, realm=office.realm)
    check_signer(signed, act, office, automatic=given["automatic"], words_need=given["words_need"])
    check_consent(act)
    return {"id": signed.id.hex(), "type": act.type}


def _beside(given: Input) -> Result:
    offices = [read_office(bytes.fromhex(each)) for each in given["credentials"]]
    agreement = read_agreement(read_signed(_bytes(given, "mandate")), {each.id: each for each in offices}, ())
    signed = read_signed(_bytes(given, "signed"))
    act = signed.statement.read(Act)
    office = agreement.offices[act.author]
    check_signer(signed, act, office, automatic=False, words_need=words_need(act, office, agreement.mandate))
    check_beside(signed, act, office, agreement.mandate)
    found = read_beside(_bytes(given, "inside"), act.evidence)
    corrects = found.corrects.hex() if found.corrects else None
    return {
        "language": found.language,
        "text": found.text,
        "corrects": corrects,
        "made_with": found.made_with,
    }


def _sealed_beside(given: Input) -> Result:
    seeds = {int(epoch): bytes.fromhex(seed) for epoch, seed in given["seeds"].items()}
    act = read_signed(_bytes(given, "signed")).statement.read(Act)
    return {"text": open_beside(act, LIVE, _bytes(given, "reader"), seeds).text}


def _note(given: Input) -> Result:
    opened, office = read_inside(_bytes(given, "inside")), read_office(_bytes(given, "credential"))
    names = verify_release(opened, office)
    note_id = opened.signed.id
    return {
        "id": note_id.hex(),
        "digits": note_digits(note_id),
        "text": opened.words.text,
        "released_by": list(names),
    }


def _form(given: Input) -> Result:
    form = read_form(_bytes(given, "bytes"))
    return {"id": form.id.hex(), "code": form.code, "title": list(form.title)}


def _book(given: Input) -> Result:
    book = read_book(_bytes(given, "bytes"))
    return {"id": book.id.hex(), "word": book.word, "numbers": list(book.numbers)}


def _extract(given: Input) -> Result:
    (shown,) = check_extracts((_bytes(given, "bytes"),), read_office(_bytes(given, "credential")))
    return {"rows": list(report_rows((shown,)))}


def _agreed(given: Input) -> Result:
    mandate = Statement(_bytes(given, "mandate")).read(Mandate)
    check_mandate(mandate)
    opened, office = read_inside(_bytes(given, "inside")), read_office(_bytes(given, "credential"))
    verify_release(opened, office)
    check_agreed(opened.note, opened.words, mandate)
    return {"kind": opened.note.kind, "rows": list(agreed_rows(opened.words, mandate))}


def _issue(given: Input) -> Result:
    check_issued(given["kind"], given["proof"])
    return {}


def _sealed(given: Input) -> Result:
    seeds = {int(epoch): bytes.fromhex(seed) for epoch, seed in given["seeds"].items()}
    sealed = read_sealed(_bytes(given, "sealed"))
    opened = open_sealed(sealed, _bytes(given, "realm"), _bytes(given, "reader"), seeds)
    return {"id": opened.signed.id.hex(), "text": opened.words.text}


class _Shelf:
    """What a vector says that the reader holds."""

    def __init__(self, given: Input) -> None:
        self._values = [bytes.fromhex(each) for each in given["held"]]
        self._notes = {bytes.fromhex(note): (bytes.fromhex(by), at) for note, by, at in given["notes"]}

    def told(self, value: bytes) -> bool:
        return False

    def find(self, start: bytes, size: int) -> list[bytes]:
        return [each for each in self._values if len(each) == size and each.startswith(start)]

    def place_of(self, note: bytes) -> tuple[bytes, int] | None:
        return self._notes.get(note)

    def at(self, author: bytes, number: int) -> bytes | None:
        return next((note for note, place in self._notes.items() if place == (author, number)), None)

    def sealed(self, note: bytes, digest: bytes) -> bytes | None:
        return None


def _thin_text(given: Input) -> Result:
    return {"text": thin_text.decode(_bytes(given, "code"), given["letters"])}


def _thin_sealed(given: Input) -> Result:
    sealed = read_sealed(_bytes(given, "sealed"))
    if sealed.chain is None:
        raise Malformed("It is sealed the ordinary way.")
    chain, number = sealed.chain
    message, _ = Reading(begin(_bytes(given, "secret"), chain)).key_of(number)
    office = read_office(_bytes(given, "credential"))

    def officers(version: int) -> tuple[bytes, ...]:
        return tuple(each[1] for each in require_version(office, version).officers)

    opened = open_thin(sealed, message, _bytes(given, "realm"), _Shelf(given), officers)
    return {"inside": opened.inside.hex(), "text": opened.words.text, "id": opened.signed.id.hex()}


def _cell(given: Input) -> Result:
    envelope, chain = _bytes(given, "envelope"), _bytes(given, "chain")
    start, number = cell_place(envelope)
    if chain[:4] != start:
        raise Foreign("A cell of another chain.")
    message, _ = Reading(begin(_bytes(given, "secret"), chain)).key_of(number)
    offices = (bytes.fromhex(given["offices"][0]), bytes.fromhex(given["offices"][1]))
    parts = read_parts(
        open_cell(envelope, message), _bytes(given, "realm"), _bytes(given, "line"), offices, _Shelf(given)
    )
    return {"parts": [[kind, cbor.encode(_plain(part)).hex()] for kind, part in parts]}


def _plain(part: Signed | CarriedEntry | SealedNote) -> Any:
    return [part.signed.raw, part.salt, part.body] if isinstance(part, CarriedEntry) else part.raw


def _entry(given: Input) -> Result:
    carried = CarriedEntry(read_signed(_bytes(given, "signed")), _bytes(given, "salt"), _bytes(given, "body"))
    entry = verify_entry(carried, _bytes(given, "line"), read_office(_bytes(given, "credential")))
    return {"id": carried.signed.id.hex(), "number": entry.number}


def _service(given: Input) -> Result:
    office = read_office(_bytes(given, "credential"))
    signed, content = read_body(given["kind"], _bytes(given, "body"), _bytes(given, "line"), office)
    said = {"step": content.step} if isinstance(content, LineTest) else {"words": content.words}
    return {"id": signed.id.hex()} | said


def _envelope(given: Input) -> Result:
    parts = envelope.unpack(
        _bytes(given, "envelope"),
        realm=_bytes(given, "realm"),
        line=_bytes(given, "line"),
        seeds=[_bytes(given, "seed")],
    )
    return {"parts": [kind for kind, _ in parts]}


def _pairing(given: Input) -> Result:
    mine, theirs = read_offer(_bytes(given, "mine")), read_offer(_bytes(given, "theirs"))
    check_fresh(theirs, given["now"])
    line = pair(mine, theirs)
    halves = spoken(line, mine.office.id)
    if "heard" in given:
        check_heard(line, mine.office.id, given["heard"])
    return {"line": line.id.hex(), "read_aloud": halves.read_aloud, "expected": halves.expected}


def _confirmed(given: Input) -> Result:
    office = read_office(_bytes(given, "credential"))
    found = verify_confirmed(read_signed(_bytes(given, "signed")), _bytes(given, "line"), office)
    return {"office": found.office.hex()}


def _meeting_place(given: Input) -> Result:
    place = meeting_place(given["code"])
    return {name: getattr(place, name).hex() for name in ("mailbox", "put", "collect", "delete", "key")}


def _meeting_message(given: Input) -> Result:
    kind, content = read_meeting_message(meeting_place(given["code"]), _bytes(given, "message"))
    return {"kind": kind, "content": content.hex()}


def _head(given: Input) -> Result:
    head = verify_head(
        read_signed(_bytes(given, "signed")), _bytes(given, "line"), read_office(_bytes(given, "credential"))
    )
    numbers = [[mandate.hex(), lane.hex(), number] for mandate, lane, number in head.numbers or ()]
    told = {"mailboxes": list(head.mailboxes)} if head.mailboxes else {}
    return {"answers": head.answers.hex() if head.answers else None, "numbers": numbers, **told}


def _mailboxes(given: Input) -> Result:
    stated = verify_mailboxes(
        read_signed(_bytes(given, "signed")), _bytes(given, "line"), read_office(_bytes(given, "credential"))
    )
    return {"version": stated.version, "relays": [each.relay for each in stated.routes]}


def _bundle(given: Input) -> Result:
    return {"envelopes": [envelope.envelope_id(each).hex() for each in read_bundle(_bytes(given, "bundle"))]}


def _frame(given: Input) -> Result:
    frame = read_frame(_bytes(given, "frame"))
    return {"name": frame.name.hex(), "length": frame.length, "symbol": frame.symbol}


def _checkpoint(given: Input) -> Result:
    read = checkpoint.read_checkpoint(_bytes(given, "checkpoint"))
    writer, other = (read_office(bytes.fromhex(each)) for each in given["credentials"])
    checkpoint.verify(read, writer)
    times = [checkpoint.verify_cosigner(read, other)] if read.cosigners else []
    if read.root != merkle.root([merkle.plain_leaf(bytes.fromhex(each)) for each in given["entries"]]):
        raise Foreign("It is over other entries.")
    return {"origin": read.tree.origin, "size": read.size, "root": read.root.hex(), "cosigned": times}


def _inclusion(given: Input) -> Result:
    leaf, path = merkle.plain_leaf(_bytes(given, "entry")), [bytes.fromhex(each) for each in given["path"]]
    if merkle.root_by_path(leaf, given["index"], given["size"], path) != _bytes(given, "root"):
        raise Altered("It does not stand there.")
    return {}


CHECKS: dict[str, Callable[[Input], Result]] = {
    "bundle": _bundle,
    "head": _head,
    "mailboxes": _mailboxes,
    "frame": _frame,
    "cbor": _cbor,
    "ed25519 key": _ed25519_key,
    "ed25519 signature": _ed25519_signature,
    "sealing key": _sealing_key,
    "keys from a seed": _keys,
    "unseal": _unseal,
    "digits": _digits,
    "merkle": _merkle,
    "signed": _signed,
    "office": _office,
    "mandate": _mandate,
    "clearance": _clearance,
    "handover": _handover,
    "incident": _incident,
    "assurance": _assurance,
    "assurance change": _assurance_change,
    "public statement": _public_statement,
    "report": _report,
    "backup": _backup,
    "stop": _stop,
    "roster vouched": _vouched,
    "act": _act,
    "beside": _beside,
    "sealed beside": _sealed_beside,
    "note": _note,
    "form": _form,
    "code book": _book,
    "agreed": _agreed,
    "extract": _extract,
    "issue": _issue,
    "sealed": _sealed,
    "thin text": _thin_text,
    "thin sealed": _thin_sealed,
    "cell": _cell,
    "entry": _entry,
    "service traffic": _service,
    "envelope": _envelope,
    "checkpoint": _checkpoint,
    "inclusion": _inclusion,
    "pairing": _pairing,
    "confirmed": _confirmed,
    "meeting place": _meeting_place,
    "meeting message": _meeting_message,
}


def run(vector: dict[str, Any]) -> tuple[str, Result | None]:
    """(verdict, result) of a vector as this software sees it."""
    try:
        return "accepted", CHECKS[vector["check"]](vector["input"])
    except GoodOfficesError as error:
        return type(error).__name__, None
