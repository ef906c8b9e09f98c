# SPDX-License-Identifier: Apache-2.0
"""Makes the test vectors from fixed seeds: ``python -m tests.vectors.make`` in the repository's folder.

Each file says which verdict is expected; this program states it too, by hand, and stops where the
software disagrees. ML-DSA signing and HPKE encapsulation draw randomness inside the library (ADR
0003), so vectors marked ``"drawn": true`` come out with other bytes, and the same verdict, each time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from goodoffices.core import cbor, checkpoint, crypto, envelope, merkle
from goodoffices.core.act import ActType
from goodoffices.core.assurance import Assurance, AssuranceChange, Became
from goodoffices.core.backup import Piece, root_seed, seal_piece
from goodoffices.core.beside import Beside, Grade, seal_beside
from goodoffices.core.briefing import Sharing
from goodoffices.core.clearance import Clearance, Verdict
from goodoffices.core.consent import Question, write_question
from goodoffices.core.courier import MARK, Frame, bundle_name, write_bundle
from goodoffices.core.fields import to_map
from goodoffices.core.handing import Hand
from goodoffices.core.handing import words_of as hand_words
from goodoffices.core.handover import Handover, OpenStep
from goodoffices.core.incident import Incident, Report
from goodoffices.core.line import Head
from goodoffices.core.mailboxes import Mailboxes
from goodoffices.core.office import Office, make_root, make_roster, verify_office
from goodoffices.core.pairing import LIFE, meeting_message, meeting_place, pair, spoken
from goodoffices.core.public_statement import PublicStatement
from goodoffices.core.sealed import header_of, seal_note
from goodoffices.core.service_traffic import body_of
from goodoffices.core.statement import LIVE, Signed, Statement, sign, state
from goodoffices.core.stop import Stop
from tests.core import curve, making
from tests.core.making import (
    DRILL,
    NOW,
    WORDS,
    Made,
    bern,
    entry,
    next_roster,
    released,
    seed,
    tehran,
    washington,
    without,
)
from tests.core.test_envelope import by_hand as envelope_of
from tests.core.test_mandate import attested, on_paper
from tests.core.test_note import by_hand as note_of
from tests.core.test_pairing import MINE, THEIRS, confirmed, offer
from tests.core.test_sealed import KEY, _sealed_by_hand
from tests.vectors import agreed, thin, vouched
from tests.vectors.check import run

HERE = Path(__file__).resolve().parent
SIGNERS = (washington().officer(), bern().officer(), tehran().officer())
Vector = tuple[str, str, str, dict[str, Any], str]
"""name, what it shows, check, input, verdict"""
OK = "accepted"


def _cbor() -> Iterator[Vector]:
    for name, shows, raw, verdict in (
        ("cbor-map-in-order", "Keys in bytewise order of their encodings.", "a3010a1880006161f6", OK),
        ("cbor-longest-integers", "Both ends of 64 bits.", "821bffffffffffffffff3bffffffffffffffff", OK),
        ("cbor-keys-out-of-order", "Text before a number.", "a2616100010a", "Malformed"),
        ("cbor-key-twice", "The same key twice.", "a201000100", "Malformed"),
        ("cbor-number-not-shortest", "23 in two bytes.", "1817", "Malformed"),
        ("cbor-indefinite-length", "An array without a length.", "9f01ff", "Malformed"),
        ("cbor-float", "1.0 is no number of this format.", "f93c00", "Malformed"),
        ("cbor-tag", "A date tag.", "c11a514b67b0", "Malformed"),
        ("cbor-undefined", "Only true, false and null.", "f7", "Malformed"),
        ("cbor-bytes-after-the-end", "Two objects.", "0101", "Malformed"),
        ("cbor-text-not-utf8", "A surrogate as text.", "63eda080", "Malformed"),
        ("cbor-key-true", "A key that is neither a number nor text.", "a1f500", "Malformed"),
        ("cbor-nested-too-deeply", "Seventeen arrays in each other.", "81" * 17 + "00", "Malformed"),
        ("cbor-length-beyond-the-end", "A string of 2^63 bytes.", "5b8000000000000000", "Malformed"),
    ):
        yield name, shows, "cbor", {"bytes": raw}, verdict


def _keys() -> Iterator[Vector]:
    one = crypto.ed25519_public(seed("one"))
    good = crypto.ed25519_sign(seed("one"), b"text")
    mixed = curve.encode(curve.add(curve.times(7, curve.BASE), curve.torsion()[1]))
    unfit = next(
        signature
        for nonce in range(1, 50)
        for signature in [curve.sign_with(7, mixed, nonce, b"text")]
        if curve.hash_mod_l(signature[:32], mixed, b"text") % 8
    )
    high_s = good[:32] + (int.from_bytes(good[32:], "little") + curve.L).to_bytes(32, "little")
    no_point = next(y for y in range(2, 50) if curve.x_of(y, 0) is None).to_bytes(32, "little")
    yield "key-ed25519", "A key of full order.", "ed25519 key", {"key": one.hex()}, OK
    for at, point in enumerate(curve.torsion()):
        key = {"key": curve.encode(point).hex()}
        yield f"key-small-order-{at}", "A point of small order, canonical.", "ed25519 key", key, "Malformed"
    for at, y in enumerate((curve.P, curve.P + 1)):
        key = {"key": y.to_bytes(32, "little").hex()}
        shows = "A point of small order, not canonical."
        yield f"key-small-order-not-canonical-{at}", shows, "ed25519 key", key, "Malformed"
    yield (
        "key-not-canonical",
        "y = p + 3.",
        "ed25519 key",
        {"key": (curve.P + 3).to_bytes(32, "little").hex()},
        "Malformed",
    )
    yield "key-not-a-point", "No x belongs to this y.", "ed25519 key", {"key": no_point.hex()}, "Malformed"
    for name, shows, public, signature, verdict in (
        ("signature", "RFC 8032, as every library makes it.", one, good, OK),
        ("signature-s-not-reduced", "S + L fits the equation too.", one, high_s, "WrongSigner"),
        (
            "signature-r-not-canonical",
            "R written as p + 1.",
            one,
            (curve.P + 1).to_bytes(32, "little") + good[32:],
            "WrongSigner",
        ),
        (
            "signature-cofactored-only",
            "Fits times eight only: verification is cofactorless.",
            mixed,
            unfit,
            "WrongSigner",
        ),
        (
            "signature-by-small-order-key",
            "It would fit any text.",
            curve.encode(curve.IDENTITY),
            curve.encode(curve.IDENTITY) + bytes(32),
            "WrongSigner",
        ),
        (
            "signature-of-another-text",
            "One byte of R changed.",
            one,
            bytes([good[0] ^ 1]) + good[1:],
            "WrongSigner",
        ),
    ):
        given = {"key": public.hex(), "signature": signature.hex(), "message": b"text".hex()}
        yield name, shows, "ed25519 signature", given, verdict
    public = crypto.sealing_public(seed("one"))
    yield "sealing-key", "X-Wing.", "sealing key", {"key": public.hex()}, OK
    low = {"key": (public[:1184] + bytes(32)).hex()}
    yield "sealing-key-small-order", "X25519 part zero.", "sealing key", low, "Malformed"
    unreduced = {"key": (b"\xff" * 1184 + public[1184:]).hex()}
    yield "sealing-key-not-reduced", "ML-KEM part not reduced mod q.", "sealing key", unreduced, "Malformed"
    yield (
        "keys-from-a-seed",
        "How keys come from a 32-byte seed.",
        "keys from a seed",
        {"seed": seed("one").hex()},
        OK,
    )
    sealed = {"seed": seed("one").hex(), "sealed": crypto.seal(public, b"plain", b"info").hex()}
    yield "seal", "HPKE with X-Wing.", "unseal", sealed | {"info": b"info".hex()}, OK
    yield (
        "seal-other-info",
        "Bound to something else.",
        "unseal",
        sealed | {"info": b"other".hex()},
        "Altered",
    )


def _digits() -> Iterator[Vector]:
    for what, count in (("pairing", 60), ("mandate", 60), ("office", 30), ("note", 20), ("roster", 30)):
        given = {"what": what, "id": seed("id").hex(), "count": count}
        yield f"digits-{what}", f"{count} digits of one and the same ID.", "digits", given, OK
    leaves = released().leaves
    given = {"seed": seed("note seed").hex(), "leaves": cbor.encode(leaves).hex()}
    yield "merkle-root-of-a-note", "One leaf per field and paragraph.", "merkle", given, OK
    assert run({"check": "merkle", "input": given})[1] == {
        "root": merkle.body_root(seed("note seed"), leaves).hex()
    }


def _signed() -> Iterator[Vector]:
    signed, _ = making.signed_act(bern())
    other, _ = making.signed_act(bern(), type=4)
    yield "signed", "An act with one signature.", "signed", {"signed": signed.raw.hex()}, OK
    unsigned = Signed(signed.statement, ())
    yield "signed-by-nobody", "No signature.", "signed", {"signed": unsigned.raw.hex()}, "WrongSigner"
    moved = Signed(signed.statement, other.signatures)
    yield (
        "signed-something-else",
        "A signature of another act.",
        "signed",
        {"signed": moved.raw.hex()},
        "WrongSigner",
    )
    twice = Signed(signed.statement, signed.signatures * 2)
    yield (
        "signed-twice-by-one-key",
        "A key may stand once.",
        "signed",
        {"signed": twice.raw.hex()},
        "Malformed",
    )
    suite = Statement(cbor.encode(["GO1", 2, 17, LIVE, {}]))
    yield (
        "signed-in-another-suite",
        "Suite 2.",
        "signed",
        {"signed": sign(suite, seed("a")).raw.hex()},
        "NewerVersion",
    )


def _office() -> Iterator[Vector]:
    def given(*signed: Signed) -> dict[str, Any]:
        return {"credential": cbor.encode([each.raw for each in signed]).hex()}

    root, first = washington().office.signed
    second = next_roster(washington()).signed[2]
    third = make_roster(making.roster("Washington", root.id, 3, second.id), washington().root_seed, LIVE)
    stray = make_roster(making.roster("Washington", root.id, 2, seed("x")), washington().root_seed, LIVE)
    nobody = make_roster(
        making.roster("Washington", root.id, releasers_needed=0), washington().root_seed, LIVE
    )
    newer = Statement(cbor.encode(["GO1", 1, 2, LIVE, dict(first.statement.parts[2]) | {200: "later"}]))
    unknown = Statement(cbor.encode(["GO1", 1, 2, LIVE, dict(first.statement.parts[2]) | {12: 1}]))
    small = Statement(
        cbor.encode(["GO1", 1, 2, LIVE, dict(first.statement.parts[2]) | {5: bytes([1]) + bytes(31)}])
    )
    from goodoffices.core.office import sign_as_root

    key = washington().root_seed
    shorter = next_roster(washington(), epochs_of=1).signed[2]
    nowhere = next_roster(washington(), epochs_of=9).signed[2]
    for name, shows, signed, verdict in (
        ("office", "A root and two rosters.", (root, first, second), OK),
        ("office-epochs-of", "Sealing epochs of an earlier roster hold on.", (root, first, shorter), OK),
        ("office-epochs-of-nothing", "It names a version that is not there.", (root, first, nowhere), OK),
        ("office-field-from-128-on", "A field that may be ignored.", (root, sign_as_root(newer, key)), OK),
        (
            "office-field-below-128",
            "A field that must be understood.",
            (root, sign_as_root(unknown, key)),
            "NewerVersion",
        ),
        (
            "office-small-order-desk-key",
            "The desk's key would sign anything.",
            (root, sign_as_root(small, key)),
            "Malformed",
        ),
        ("office-without-roster", "A root alone.", (root,), "Malformed"),
        ("office-roster-skipped", "Version 3 after version 1.", (root, first, third), "Foreign"),
        ("office-roster-follows-another", "Names another roster before it.", (root, first, stray), "Foreign"),
        (
            "office-roster-by-another-root",
            "Tehran's roster under Washington's root.",
            (root, tehran().office.signed[1]),
            "WrongSigner",
        ),
        (
            "office-root-signs-with-ed25519-only",
            "The ML-DSA-65 half is missing.",
            (root, Signed(first.statement, tuple(each for each in first.signatures if len(each[1]) == 64))),
            "WrongSigner",
        ),
        (
            "office-root-signs-with-mldsa-only",
            "The Ed25519 half is missing.",
            (root, Signed(first.statement, tuple(each for each in first.signatures if len(each[1]) != 64))),
            "WrongSigner",
        ),
        ("office-nobody-needs-to-release", "m of n with m = 0.", (root, nobody), "Malformed"),
        (
            "office-drills-roster",
            "A roster of another realm.",
            (root, making.made_office("Washington", DRILL).office.signed[1]),
            "Foreign",
        ),
    ):
        yield name, shows, "office", given(*signed), verdict


def _mandate() -> Iterator[Vector]:
    def given(signed: Signed, offices: tuple[Office, ...], *papers: Signed) -> dict[str, Any]:
        return {
            "signed": signed.raw.hex(),
            "credentials": [each.raw.hex() for each in offices],
            "papers": [each.raw.hex() for each in papers],
        }

    three = (washington().office, bern().office, tehran().office)
    signed = making.agreement().signed
    root = make_root("Tehran", seed("made in Bern"), LIVE, NOW)
    false = verify_office(
        (root, make_roster(making.roster("false Tehran", root.id), seed("made in Bern"), LIVE))
    )
    shown = state(making.mandate(offices=making.path(three[0], three[1], false)), LIVE)
    false_signed = sign(shown, washington().officer(), bern().officer(), seed("false Tehran officer duty"))
    paper = on_paper(attested())
    by_party = attested(washington().officer(), attested_by=washington().id)
    drafter = sign(signed.statement, washington().officer("drafter"))
    yield "mandate", "Signed by all three.", "mandate", given(signed, three), OK
    yield (
        "mandate-keys-substituted-by-the-intermediary",
        "It verifies; only its digits differ from the vector 'mandate', which is why people compare them.",
        "mandate",
        given(false_signed, (three[0], three[1], false)),
        OK,
    )
    yield (
        "mandate-credential-missing",
        "Tehran's is not there.",
        "mandate",
        given(signed, three[:2]),
        "Foreign",
    )
    budget = sign(state(making.mandate(flash_budget=(3, 86_400_000)), LIVE), *SIGNERS)
    yield "mandate-flash-budget", "Three FLASH notes a day.", "mandate", given(budget, three), OK
    never = Statement(cbor.encode(["GO1", 1, 4, LIVE, to_map(making.mandate()) | {18: [0, 86_400_000]}]))
    yield (
        "mandate-flash-budget-of-none",
        "A budget by which no FLASH note could be released.",
        "mandate",
        given(sign(never, *SIGNERS), three),
        "Malformed",
    )
    yield "mandate-signed-by-a-drafter", "No keeper of keys.", "mandate", given(drafter, three), "WrongSigner"
    out = next_roster(bern(), officers=without(bern().office.roster, "duty"))
    changed = state(making.mandate(offices=making.path(three[0], out, three[2])), LIVE)
    theirs = washington().officer(), tehran().officer()
    yield (
        "mandate-signed-by-a-keeper-of-the-pinned-roster",
        "Bern's second officer, after the duty officer went out.",
        "mandate",
        given(sign(changed, *theirs, bern().officer("second")), (three[0], out, three[2])),
        OK,
    )
    yield (
        "mandate-signed-by-a-keeper-who-was-out",
        "Bern's duty officer, whom only a roster before the pinned one lists.",
        "mandate",
        given(sign(changed, *theirs, bern().officer()), (three[0], out, three[2])),
        "WrongSigner",
    )
    yield (
        "mandate-office-on-paper",
        "A party without a desk (P14).",
        "mandate",
        given(paper, three[:2], attested()),
        OK,
    )
    yield (
        "mandate-office-on-paper-attested-by-a-party",
        "Only the intermediary attests.",
        "mandate",
        given(on_paper(by_party), three[:2], by_party),
        "Foreign",
    )
    yield (
        "mandate-office-on-paper-unattested",
        "The attestation is missing.",
        "mandate",
        given(paper, three[:2]),
        "Foreign",
    )


def _clearance() -> Iterator[Vector]:
    content = Clearance(
        office=washington().id,
        roster=1,
        time=(NOW, 0),
        draft=seed("draft"),
        version=2,
        content=seed("content"),
        verdict=Verdict.CLEARED,
    )
    good = sign(state(content, LIVE), washington().officer("drafter"))
    yield "clearance", "A version of a draft, cleared.", "clearance", {"signed": good.raw.hex()}, OK
    wrong = Statement(cbor.encode(["GO1", 1, 40, LIVE, to_map(content) | {7: 4}]))
    unknown = {"signed": sign(wrong, washington().officer("drafter")).raw.hex()}
    yield "clearance-unknown-verdict", "A fourth verdict.", "clearance", unknown, "NewerVersion"


def _handover() -> Iterator[Vector]:
    def given(*signers: str, **changes: Any) -> dict[str, Any]:
        both = {name: crypto.ed25519_public(washington().officer(name)) for name in ("duty", "second")}
        fields: dict[str, Any] = {
            "office": washington().id,
            "roster": 1,
            "time": (NOW, 0),
            "leaving": both["duty"],
            "coming": both["second"],
            "open": (
                (int(OpenStep.OPEN), seed("note"), NOW - 60_000, True),
                (int(OpenStep.MACHINE), None, NOW - 1_000, False),
            ),
            "words": "They will ring back at six.",
            "previous": seed("handover before"),
        }
        content = Handover(**(fields | changes))
        signed = sign(state(content, LIVE), *(washington().officer(each) for each in signers))
        return {"signed": signed.raw.hex(), "credential": washington().office.raw.hex()}

    yield "handover", "A watch handed over, signed by both.", "handover", given("duty", "second"), OK
    yield (
        "handover-signed-by-one",
        "The one who comes has not signed.",
        "handover",
        given("duty"),
        "WrongSigner",
    )
    drafter = crypto.ed25519_public(washington().officer("drafter"))
    yield (
        "handover-to-a-drafter",
        "Who comes does not hold the right 'duty'.",
        "handover",
        given("duty", "drafter", coming=drafter),
        "WrongSigner",
    )
    alone = crypto.ed25519_public(washington().officer("duty"))
    yield (
        "handover-to-oneself",
        "Two officers, not one.",
        "handover",
        given("duty", coming=alone),
        "Malformed",
    )


def _backup() -> Iterator[Vector]:
    rows = b"rows of a vault"
    piece = Piece(
        office=washington().id,
        roster=1,
        time=(NOW, 0),
        series=seed("series")[:16],
        number=0,
        schema=15,
        digest=crypto.sha256(rows),
        whole=True,
        proof=seed("proof")[:16],
    )
    reader = root_seed(seed("a root"))

    def given(piece: Piece, signer: bytes, opener: bytes = reader) -> dict[str, str]:
        raw, _ = seal_piece(
            piece,
            rows,
            washington().office,
            desk_seed=signer,
            readers=[crypto.sealing_public(reader)],
            rng=lambda count: seed("content key")[:count],
            introduce=True,
        )
        return {"file": raw.hex(), "seed": opener.hex()}

    desk = washington().desk_seed
    yield "backup", "A first piece, opened with the root's key.", "backup", given(piece, desk), OK
    yield (
        "backup-by-an-officer",
        "Only the desk signs backups.",
        "backup",
        given(piece, washington().officer("duty")),
        "WrongSigner",
    )
    yield (
        "backup-other-rows",
        "Other rows than those signed.",
        "backup",
        given(replace(piece, digest=seed("other")), desk),
        "Altered",
    )
    yield (
        "backup-without-its-first-piece",
        "A series begins with number 0.",
        "backup",
        given(replace(piece, number=3, previous=seed("before")), desk),
        "Altered",
    )
    yield (
        "backup-for-somebody-else",
        "No key that is given opens it.",
        "backup",
        given(piece, desk, seed("another reader")),
        "WrongSecret",
    )


def _incident() -> Iterator[Vector]:
    def given(content: Incident | Report, officer: str = "duty") -> dict[str, Any]:
        signed = sign(state(content, LIVE), washington().officer(officer))
        return {"signed": signed.raw.hex(), "credential": washington().office.raw.hex()}

    def report(**changes: Any) -> Report:
        fields: dict[str, Any] = {
            "office": washington().id,
            "roster": 1,
            "time": (NOW, 0),
            "incident": seed("incident"),
            "claim": 1,
            "what": "It is still on the ground.",
            "where": "Damascus",
            "happened": (NOW - 7_200_000, NOW - 3_600_000),
            "known": NOW - 3_600_000,
            "source": "an informant at the airport",
            "grade": (2, 3),
            "question": "Has the flight left?",
            "answer": "no",
            "contradicts": (seed("the listing"),),
            "evidence": ((seed("photograph"), "a photograph"),),
        }
        return Report(**(fields | changes))

    file = Incident(
        office=washington().id, roster=1, time=(NOW, 0), title="Flight 6Q501", place="Damascus–Baghdad"
    )
    yield "incident", "A file opened on an event.", "incident", given(file), OK
    by_the_desk = sign(state(file, LIVE), washington().desk_seed)
    yield (
        "incident-by-the-desk",
        "No officer stands behind it.",
        "incident",
        {"signed": by_the_desk.raw.hex(), "credential": washington().office.raw.hex()},
        "WrongSigner",
    )
    yield "report", "A report in a file, graded, on a question.", "report", given(report()), OK
    for name, what, wrong in (
        ("report-of-an-intent-without-claimant", "Nobody's claim.", report(claim=2)),
        ("report-that-ends-before-it-begins", "From and to exchanged.", report(happened=(2, 1))),
        ("report-with-a-question-alone", "A question without its answer.", report(answer="")),
    ):
        yield name, what, "report", given(wrong), "Malformed"
    by_the_desk = sign(state(report(), LIVE), washington().desk_seed)
    yield (
        "report-by-the-desk",
        "No officer stands behind it.",
        "report",
        {"signed": by_the_desk.raw.hex(), "credential": washington().office.raw.hex()},
        "WrongSigner",
    )


def _stop() -> Iterator[Vector]:
    stop = Stop(line=seed("line"), office=washington().id, roster=1, time=(NOW, 0))

    def given(stop: Stop, signer: bytes) -> dict[str, str]:
        signed = sign(state(stop, LIVE), signer)
        return {
            "signed": signed.raw.hex(),
            "line": seed("line").hex(),
            "credential": washington().office.raw.hex(),
        }

    desk = washington().desk_seed
    yield "stop", "An office has left.", "stop", given(stop, desk), OK
    yield (
        "stop-by-an-officer",
        "Only the desk stops its own key.",
        "stop",
        given(stop, washington().officer("duty")),
        "WrongSigner",
    )
    yield (
        "stop-of-another-line",
        "Made for another line.",
        "stop",
        given(replace(stop, line=seed("another line")), desk),
        "Foreign",
    )


def _assurance() -> Iterator[Vector]:
    def given(statement: Statement, seed_of_signer: bytes) -> dict[str, Any]:
        return {
            "signed": sign(statement, seed_of_signer).raw.hex(),
            "credential": washington().office.raw.hex(),
        }

    duty = washington().officer("duty")
    content = Assurance(
        office=washington().id,
        roster=1,
        time=(NOW, 0),
        note=seed("note"),
        what="The end, for now.",
        conditions=("no answer",),
        until=NOW + 86_400_000,
    )
    promised = state(content, LIVE)
    yield "assurance", "What a note promised.", "assurance", given(promised, duty), OK
    by_the_desk = given(promised, washington().desk_seed)
    yield "assurance-by-the-desk", "No officer stands behind it.", "assurance", by_the_desk, "WrongSigner"
    change = AssuranceChange(
        office=washington().id,
        roster=1,
        time=(NOW, 0),
        assurance=promised.id,
        became=int(Became.DISPUTED),
        why="They call it conditional.",
    )
    yield (
        "assurance-change",
        "What became of it.",
        "assurance change",
        given(state(change, LIVE), duty),
        OK,
    )
    fifth = Statement(cbor.encode(["GO1", 1, 47, LIVE, to_map(change) | {5: 5}]))
    yield (
        "assurance-change-unknown",
        "A fifth thing to become.",
        "assurance change",
        given(fifth, duty),
        "NewerVersion",
    )


def _public_statement() -> Iterator[Vector]:
    content = PublicStatement(
        office=washington().id,
        roster=1,
        time=(NOW, 0),
        what="We also said this at the UN.",
        by="the ambassador",
        where="New York",
        said=NOW - 7_200_000,
        known=NOW - 3_600_000,
        source="a recording",
        grade=(1, 2),
        mark=1,
        evidence=((seed("recording"), "a recording"),),
    )

    def given(content: PublicStatement, signer: bytes) -> dict[str, Any]:
        signed = sign(state(content, LIVE), signer)
        return {"signed": signed.raw.hex(), "credential": washington().office.raw.hex()}

    duty = washington().officer("duty")
    yield "public-statement", "Said before everybody.", "public statement", given(content, duty), OK
    yield (
        "public-statement-by-the-desk",
        "No officer stands behind it.",
        "public statement",
        given(content, washington().desk_seed),
        "WrongSigner",
    )
    yield (
        "public-statement-known-before-said",
        "The two times exchanged.",
        "public statement",
        given(replace(content, known=NOW - 8_000_000), duty),
        "Malformed",
    )


def _act() -> Iterator[Vector]:
    def given(signed: Signed, **changes: Any) -> dict[str, Any]:
        values = {
            "signed": signed.raw.hex(),
            "credential": bern().office.raw.hex(),
            "automatic": False,
            "words_need": 1,
        }
        return values | changes

    def act(*signers: bytes, **fields: Any) -> Signed:
        return making.signed_act(bern(), *signers, **fields)[0]

    desk, remark = bern().desk_seed, {"type": int(ActType.REMARK), "words": "With our compliments."}
    yield "act-seen-by-an-officer", "SEEN.", "act", given(act()), OK
    yield (
        "act-seen-by-the-desk",
        "A desk never claims that somebody saw.",
        "act",
        given(act(desk)),
        "WrongSigner",
    )
    yield "act-at-desk-by-the-desk", "AT_DESK.", "act", given(act(desk, type=1)), OK
    yield (
        "act-forwarded-automatically",
        "By the desk, as the mandate says.",
        "act",
        given(act(desk, type=3), automatic=True),
        OK,
    )
    yield (
        "act-forwarded-by-a-desk-that-may-not",
        "By hand only.",
        "act",
        given(act(desk, type=3)),
        "WrongSigner",
    )
    yield (
        "act-by-a-drafter",
        "Without the right.",
        "act",
        given(act(bern().officer("drafter"))),
        "WrongSigner",
    )
    yield (
        "act-remark-by-one-of-two",
        "The mandate asks for two.",
        "act",
        given(act(**remark), words_need=2),
        "WrongSigner",
    )
    yield "act-reserved-proof-kind", "Proof kind 2.", "act", given(act(proof=2)), "NewerVersion"
    yield (
        "act-second-without-first",
        "Sequence 2 that follows nothing.",
        "act",
        given(act(sequence=2)),
        "Malformed",
    )
    yield "act-by-a-roster-to-come", "Roster 2 is not here yet.", "act", given(act(roster=2)), "NotNow"


def _beside() -> Iterator[Vector]:
    words = Beside(language="en", text="We want no war.\n", salt=seed("beside salt"))
    rough = replace(words, text="We do not want war.\n", corrects=seed("an act"), made_with="a programme 1.0")
    three = (washington().office, bern().office, tehran().office)

    def given(
        author: Made, *signers: bytes, found: Beside = words, of: Signed | None = None, **fields: Any
    ) -> dict[str, Any]:
        values: dict[str, Any] = {
            "type": int(ActType.TRANSLATION),
            "code": int(Grade.SIGHT),
            "subject": released().signed.id,
            "evidence": crypto.sha256(found.inside),
        }
        agreed = of or making.agreement().signed
        signed, _ = making.signed_act(author, *signers, mandate=agreed.id, **(values | fields))
        return {
            "signed": signed.raw.hex(),
            "inside": found.inside.hex(),
            "mandate": agreed.raw.hex(),
            "credentials": [each.raw.hex() for each in three],
        }

    two = sign(state(making.mandate(officers_to_add_words=2), LIVE), *SIGNERS)
    second = bern().officer("second")
    changed = given(bern()) | {"inside": replace(words, text="We want war.\n").inside.hex()}
    reworded: dict[str, Any] = {"type": int(ActType.REWORDING), "code": None}
    other = given(bern()) | {
        "inside": cbor.encode(["GO1 beside", seed("beside salt"), "en", "", None, None]).hex()
    }
    for name, shows, values, verdict in (
        ("beside", "A translation at sight, by the intermediary's officer.", given(bern()), OK),
        (
            "beside-corrects-another",
            "A rough one in its place, made with a programme.",
            given(bern(), found=rough, code=int(Grade.ROUGH)),
            OK,
        ),
        ("beside-grade-to-come", "A grade of a newer version.", given(bern(), code=9), OK),
        ("beside-by-its-author", "A party's own translation.", given(washington()), OK),
        ("beside-rewording", "The intermediary's own words.", given(bern(), **reworded), OK),
        (
            "beside-two-of-two",
            "The mandate asks for two.",
            given(bern(), bern().officer(), second, of=two),
            OK,
        ),
        ("beside-by-one-of-two", "The mandate asks for two.", given(bern(), of=two), "WrongSigner"),
        (
            "beside-rewording-by-a-party",
            "A party that rewords writes another note.",
            given(washington(), **reworded),
            "WrongSigner",
        ),
        (
            "beside-by-a-drafter",
            "Without the right.",
            given(washington(), washington().officer("drafter")),
            "WrongSigner",
        ),
        (
            "beside-by-the-desk",
            "A machine's is a person's to add.",
            given(bern(), bern().desk_seed),
            "WrongSigner",
        ),
        ("beside-names-no-note", "It would stand beside nothing.", given(bern(), subject=None), "Malformed"),
        ("beside-word-changed", "Other words than were signed.", changed, "Altered"),
        ("beside-of-no-words", "Hash and words differ, and there are none.", other, "Altered"),
    ):
        yield name, shows, "beside", values, verdict
    note = released().signed.id
    sealed = seal_beside(
        words,
        (washington().reader, tehran().reader),
        KEY,
        realm=LIVE,
        mandate=making.agreement().id,
        author=bern().id,
        note=note,
    )
    for name, shows, reader, subject, verdict in (
        ("sealed-beside", "Opened by a reader of its note.", tehran(), note, OK),
        ("sealed-beside-not-a-reader", "Sealed to others.", bern(), note, "Foreign"),
        ("sealed-beside-of-another-note", "Hung on another note.", tehran(), seed("another note"), "Altered"),
    ):
        opened = given(bern(), subject=subject, sealed=sealed)
        seeds = {"1": reader.reading().hex()}
        values = {"signed": opened["signed"], "reader": reader.id.hex(), "seeds": seeds}
        yield name, shows, "sealed beside", values, verdict


def _note() -> Iterator[Vector]:
    def given(inside: bytes, office: Office | None = None) -> dict[str, Any]:
        return {"inside": inside.hex(), "credential": (office or washington().office).raw.hex()}

    good = released()
    leaves = good.leaves
    reordered = cbor.encode([good.signed.raw, good.seed, (*leaves[:-2], leaves[-1], leaves[-2])])
    word = cbor.encode([good.signed.raw, good.seed, (*leaves[:-1], (16, "Another word."))])
    doubled = cbor.encode([good.signed.raw, good.seed, (*leaves, leaves[-1])])
    two = making.made_office("Washington", LIVE, 2).office
    one_of_two = released(author=two.id)
    both = released(WORDS, washington().officer(), washington().officer("second"), author=two.id)
    persian = released(replace(WORDS, text="ما جنگ نمی‌خواهیم.\r\n\r\nاین پیام از سوی ماست.\n", language="fa"))
    fields = (1, 1), (2, "en"), (16, "text")
    for name, shows, inside, office, verdict in (
        ("note", "Two paragraphs, released by one.", good.inside, None, OK),
        (
            "note-in-persian",
            "With a zero width non-joiner and other line ends, byte for byte.",
            persian.inside,
            None,
            OK,
        ),
        ("note-two-needed-two-signed", "m of n.", both.inside, two, OK),
        ("note-two-needed-one-signed", "m of n.", one_of_two.inside, two, "WrongSigner"),
        (
            "note-released-by-a-drafter",
            "Without the right.",
            released(WORDS, washington().officer("drafter")).inside,
            None,
            "WrongSigner",
        ),
        (
            "note-released-by-the-desk",
            "Notes are people's.",
            released(WORDS, washington().desk_seed).inside,
            None,
            "WrongSigner",
        ),
        (
            "note-of-another-office",
            "Held against Tehran's credential.",
            good.inside,
            tehran().office,
            "Foreign",
        ),
        ("note-word-changed", "One paragraph replaced after release.", word, None, "Altered"),
        ("note-paragraphs-exchanged", "The leaves in another order.", reordered, None, "Altered"),
        ("note-paragraph-twice", "A leaf more than was signed.", doubled, None, "Altered"),
        (
            "note-leaf-from-128-on",
            "A leaf that may be ignored.",
            note_of((*fields, (128, "later"))),
            None,
            OK,
        ),
        ("note-rewords", "A note of another's matter.", note_of((*fields, (129, seed("a note")))), None, OK),
        (
            "note-rewords-nothing",
            "It names no note.",
            note_of((*fields, (129, "a note"))),
            None,
            "Malformed",
        ),
        (
            "note-leaf-below-128",
            "A leaf that must be understood.",
            note_of((*fields, (17, "later"))),
            None,
            "NewerVersion",
        ),
        (
            "note-without-language",
            "Every note states it.",
            note_of((fields[0], fields[2])),
            None,
            "Malformed",
        ),
        (
            "note-reserved-proof-kind",
            "An aide-mémoire is not taken for a note verbale.",
            released(proof=2).inside,
            None,
            "NewerVersion",
        ),
        ("note-reserved-kind", "An assurance.", released(kind=5).inside, None, "NewerVersion"),
    ):
        yield name, shows, "note", given(inside, office), verdict
    yield (
        "issue-aide-memoire",
        "Refused by name before it is signed.",
        "issue",
        {"kind": 1, "proof": 2},
        "NotAllowed",
    )
    yield "issue-plain-note", "The one kind that this version issues.", "issue", {"kind": 1, "proof": 1}, OK


def _sealed() -> Iterator[Vector]:
    def given(raw: bytes, **changes: Any) -> dict[str, Any]:
        return {
            "sealed": raw.hex(),
            "realm": LIVE.hex(),
            "reader": tehran().id.hex(),
            "seeds": {"1": tehran().reading().hex()},
        } | changes

    good = seal_note(released(), (tehran().reader,), KEY)
    other = seal_note(released(number=2), (tehran().reader,), KEY)
    header = cbor.encode(to_map(replace(good.header, precedence=4)))
    moved = cbor.encode([1, header, good.wraps, good.ciphertext])
    swapped = cbor.encode([1, good.header_raw, other.wraps, good.ciphertext])
    lied = _sealed_by_hand(header, released().inside)
    drill = released(realm=DRILL)
    drilled = _sealed_by_hand(cbor.encode(to_map(header_of(drill.note, drill.signed.id))), drill.inside)
    bern_reads = {"reader": bern().id.hex(), "seeds": {"1": bern().reading().hex()}}
    opened = seal_note(released(), (tehran().reader, bern().reader), KEY)
    for name, shows, fields, verdict in (
        ("sealed", "To its reader alone.", given(good.raw), OK),
        (
            "sealed-open-channel",
            "To reader and intermediary: the same bytes.",
            given(opened.raw, **bern_reads),
            OK,
        ),
        (
            "sealed-not-a-reader",
            "The intermediary of a sealed channel.",
            given(good.raw, **bern_reads),
            "Foreign",
        ),
        (
            "sealed-epoch-destroyed",
            "The key of epoch 1 is gone.",
            given(good.raw, seeds={"2": seed("x").hex()}),
            "Foreign",
        ),
        (
            "sealed-another-key",
            "Said to be epoch 1.",
            given(good.raw, seeds={"1": seed("x").hex()}),
            "Altered",
        ),
        ("sealed-header-changed", "Raised to FLASH on the way.", given(moved), "Altered"),
        ("sealed-header-lies", "Sealed anew under FLASH by one who holds the key.", given(lied), "Altered"),
        ("sealed-wrapped-key-of-another-note", "Same reader, same epoch.", given(swapped), "Altered"),
        ("sealed-drills-note-under-a-live-seal", "Another realm inside.", given(drilled), "Altered"),
        (
            "sealed-read-in-a-drill",
            "A live note, read by a drill's desk.",
            given(good.raw, realm=DRILL.hex()),
            "Altered",
        ),
    ):
        yield name, shows, "sealed", fields, verdict


def _line() -> Iterator[Vector]:
    def given(carried: Any, **changes: Any) -> dict[str, Any]:
        return {
            "signed": carried.signed.raw.hex(),
            "salt": carried.salt.hex(),
            "body": carried.body.hex(),
            "line": making.LINE.hex(),
            "credential": bern().office.raw.hex(),
        } | changes

    body = cbor.encode([[99, "an item of a newer version"]])
    good = entry(bern(), body)
    by_officer = replace(good, signed=sign(good.signed.statement, bern().officer()))
    for name, shows, fields, verdict in (
        ("entry", "The first of its incarnation.", given(good), OK),
        ("entry-of-unknown-kind", "Kept and chained.", given(entry(bern(), body, kind=200)), OK),
        ("entry-of-another-line", "Held against another line.", given(good, line=seed("x").hex()), "Foreign"),
        ("entry-with-another-body", "Not the one it commits to.", given(good, body="80"), "Foreign"),
        ("entry-signed-by-an-officer", "Desks write entries.", given(by_officer), "WrongSigner"),
        (
            "entry-second-without-first",
            "Number 2 that follows nothing.",
            given(entry(bern(), body, number=2)),
            "Malformed",
        ),
    ):
        yield name, shows, "entry", fields, verdict
    part = envelope.entry_part(good)
    base = {"realm": LIVE.hex(), "line": making.LINE.hex(), "seed": tehran().envelope().hex()}
    for name, shows, raw, changes, verdict in (
        ("envelope", "One entry in the smallest class.", envelope_of(cbor.encode([part])), {}, OK),
        (
            "envelope-part-of-unknown-number",
            "It does not cost the others.",
            envelope_of(cbor.encode([[9, b""], part])),
            {},
            OK,
        ),
        (
            "envelope-with-a-roster",
            "Part 5 is a signed object; whose roster it is, if any, is judged once it is opened.",
            envelope_of(cbor.encode([[5, good.signed.raw], part])),
            {},
            OK,
        ),
        (
            "envelope-of-another-line",
            "Opened as if of another.",
            envelope_of(cbor.encode([part])),
            {"line": seed("x").hex()},
            "Altered",
        ),
        (
            "envelope-length-too-large",
            "Longer inside than outside.",
            envelope_of(b"\x80", length=2**32 - 1),
            {},
            "Malformed",
        ),
        (
            "envelope-padding-not-zero",
            "Something hidden after the end.",
            envelope_of(b"\x80", padding=1),
            {},
            "Malformed",
        ),
        ("envelope-of-no-class", "One byte short.", envelope_of(b"\x80")[:-1], {}, "Malformed"),
    ):
        yield name, shows, "envelope", {"envelope": raw.hex()} | base | changes, verdict


def _paper() -> Iterator[Vector]:
    hand = Hand("Mr Zarif", "his office, Tehran", NOW, "the ambassador")

    def given(signed: Any, **changes: Any) -> dict[str, Any]:
        base = {"signed": signed[0].raw.hex(), "credential": bern().office.raw.hex()}
        return base | {"automatic": False, "words_need": 1} | changes

    over = making.signed_act(bern(), type=18, words=hand_words(hand))
    said = making.signed_act(bern(), type=19, code=2, words=hand_words(hand, "Come on Thursday."))
    desk = making.signed_act(bern(), bern().desk_seed, type=18, words=hand_words(hand))
    for name, shows, fields, verdict in (
        ("act-handed-over", "By an officer on duty.", given(over), OK),
        ("act-handed-over-by-the-desk", "A desk has no hands.", given(desk), "WrongSigner"),
        ("act-transcript", "The intermediary's own words.", given(said), OK),
        ("act-transcript-by-too-few", "Two add words.", given(said, words_need=2), "WrongSigner"),
    ):
        yield name, shows, "act", fields, verdict


def _consent() -> Iterator[Vector]:
    def given(*signers: bytes, **fields: Any) -> dict[str, Any]:
        signed = making.signed_act(bern(), *(signers or (bern().officer(),)), type=48, **fields)[0]
        base = {"signed": signed.raw.hex(), "credential": bern().office.raw.hex()}
        return base | {"automatic": False, "words_need": 1}

    asked = write_question(Question("The Tribunal", Sharing.AMBER, (seed("a note"),), "To be heard."))
    for name, shows, fields, verdict in (
        ("asked", "For whom, which notes, what for.", given(code=1, words=asked), OK),
        ("asked-of-nothing", "It names no note.", given(code=1, words="for: us\nmark: TLP:RED"), "Malformed"),
        ("given", "It names the question.", given(code=2, evidence=seed("asked")), OK),
        ("refused", "The same, with a reason.", given(code=3, evidence=seed("asked"), words="No."), OK),
        ("given-to-nothing", "It names no question.", given(code=2), "Malformed"),
        (
            "by-a-drafter",
            "Release is asked for.",
            given(bern().officer("drafter"), code=1, words=asked),
            "WrongSigner",
        ),
        ("of-a-code-to-come", "Code 4.", given(code=4), OK),
    ):
        yield f"act-consent-{name}", shows, "act", fields, verdict


def _service() -> Iterator[Vector]:
    def given(signed: Signed, **changes: Any) -> dict[str, Any]:
        kind, raw = body_of(signed)
        base = {"kind": int(kind), "body": raw.hex(), "line": making.LINE.hex()}
        return base | {"credential": bern().office.raw.hex()} | changes

    call, chat = making.line_test(bern()), making.service_chat(bern())
    person = making.line_test(bern(), bern().officer(), step=4)
    by_desk = making.line_test(bern(), bern().desk_seed, step=4)
    two = cbor.encode([[16, call.raw], [16, call.raw]])
    for name, shows, fields, verdict in (
        ("test-call", "By the desk, every hour.", given(call), OK),
        ("test-answered-by-a-person", "By an officer on duty.", given(person), OK),
        ("test-answered-for-a-person", "A desk that says a person is there.", given(by_desk), "WrongSigner"),
        ("test-of-another-line", "Held against another line.", given(call, line=seed("x").hex()), "Foreign"),
        ("test-with-something-beside-it", "It stands alone.", given(call, body=two.hex()), "Malformed"),
        ("chat", "Words of an officer on duty.", given(chat), OK),
        ("chat-by-the-desk", "A desk has nothing to say.", given(making.service_chat(bern(), bern().desk_seed)),
         "WrongSigner"),
        ("chat-in-an-entry-of-a-test", "Neither becomes the other.", given(chat, kind=2), "Malformed"),
    ):  # fmt: skip
        yield name, shows, "service traffic", fields, verdict
    kept = entry(bern(), body_of(chat)[1], kind=3)
    erased = {"signed": kept.signed.raw.hex(), "salt": "", "body": "", "line": making.LINE.hex()}
    yield (
        "entry-of-chat-erased",
        "The chain holds without the words.",
        "entry",
        erased | {"credential": bern().office.raw.hex()},
        OK,
    )
    acts = entry(bern(), cbor.encode([[99, "anything"]]))
    yield (
        "entry-of-acts-erased",
        "An act can never be left out.",
        "entry",
        erased | {"signed": acts.signed.raw.hex(), "credential": bern().office.raw.hex()},
        "Foreign",
    )


def _pairing() -> Iterator[Vector]:
    def given(theirs: Any, **changes: Any) -> dict[str, Any]:
        return {"mine": MINE.raw.hex(), "theirs": theirs.raw.hex(), "now": NOW} | changes

    third = offer(tehran().office, "in the middle")
    fits = spoken(pair(MINE, THEIRS), washington().id).expected
    misfit = spoken(pair(third, THEIRS), bern().id).read_aloud
    drill = offer(making.made_office("Bern", DRILL).office)
    yield "pairing", "Two offers, and the half that was heard.", "pairing", given(THEIRS, heard=fits), OK
    yield (
        "pairing-somebody-in-the-middle",
        "What Bern reads is of another line.",
        "pairing",
        given(third, heard=misfit),
        "WrongSigner",
    )
    yield "pairing-offer-expired", "After its hour.", "pairing", given(THEIRS, now=NOW + LIFE + 1), "NotNow"
    yield "pairing-with-a-drill", "Realms never mix.", "pairing", given(drill), "Foreign"
    yield "pairing-with-oneself", "The own offer.", "pairing", given(MINE), "Foreign"
    base = {"line": pair(MINE, THEIRS).id.hex(), "credential": bern().office.raw.hex()}
    yield "confirmed", "By a keeper of keys.", "confirmed", base | {"signed": confirmed().raw.hex()}, OK
    by_desk = confirmed(bern().desk_seed).raw.hex()
    yield "confirmed-by-the-desk", "People confirm.", "confirmed", base | {"signed": by_desk}, "WrongSigner"
    code = "12345 67890 12345 67890"
    yield "meeting-place", "Where a code leads.", "meeting place", {"code": code}, OK
    commitment = meeting_message(meeting_place(code), 1, MINE.digest, seed("salt"), 4096)
    yield (
        "meeting-commitment",
        "What is put first.",
        "meeting message",
        {"code": code, "message": commitment.hex()},
        OK,
    )
    other = {"code": "00000 00000 00000 00000", "message": commitment.hex()}
    yield "meeting-message-of-another-code", "It does not open.", "meeting message", other, "Altered"


def _courier() -> Iterator[Vector]:
    raw = write_bundle([bytes(4096)])
    for name, shows, given, verdict in (
        ("bundle", "One envelope, whatever is in it.", raw, OK),
        ("bundle-of-nothing", "Nothing is owed.", write_bundle([]), OK),
        (
            "bundle-with-something-else",
            "5 bytes are no envelope.",
            cbor.encode([MARK, 1, [b"hello"]]),
            "Malformed",
        ),
        ("bundle-of-a-newer-version", "A second form.", cbor.encode([MARK, 2, []]), "NewerVersion"),
        ("bundle-cut-short", "The stick was pulled out.", raw[:-1], "Malformed"),
    ):
        yield name, shows, "bundle", {"bundle": given.hex()}, verdict
    packet = bytes(4) + bytes(64)
    frame = Frame(bundle_name(raw), len(raw), 64, packet).raw
    for name, shows, given, verdict in (
        ("frame", "The first of a sequence.", frame, OK),
        ("frame-of-another-block", "There is one block.", frame[:26] + b"\1" + frame[27:], "Malformed"),
        ("frame-one-byte-short", "Less than it says.", frame[:-1], "Malformed"),
        ("frame-of-too-much", "More than pictures carry.", frame[:20] + b"\xff" + frame[21:], "Oversized"),
        ("frame-of-something-else", "A code of somebody else.", b"https://example.org", "Malformed"),
    ):
        yield name, shows, "frame", {"frame": given.hex()}, verdict


def _checkpoint() -> Iterator[Vector]:
    key, other = seed("a checkpoint key"), seed("another checkpoint key")

    def listing(office: making.Made, secret: bytes) -> Office:
        public = crypto.ed25519_public(secret)
        return next_roster(office, checkpoint=public, checkpoint_mldsa65=checkpoint.mldsa_public(secret))

    writer, reader = listing(bern(), key), listing(tehran(), other)
    entries = [crypto.sha256(bytes([at])) for at in range(7)]
    leaves = [merkle.plain_leaf(each) for each in entries]
    tree = checkpoint.Tree(seed("line"), writer.id, bytes(range(16)))
    made = checkpoint.make(tree, 7, merkle.root(leaves), roster=2, seed=key)
    both = checkpoint.cosign(made, reader.id, roster=2, seed=other, now=NOW)
    forged = checkpoint.cosign(made, reader.id, roster=2, seed=key, now=NOW)
    credentials = [writer.raw.hex(), reader.raw.hex()]

    def given(one: checkpoint.Checkpoint) -> dict[str, Any]:
        known = [each.hex() for each in entries]
        return {"checkpoint": one.raw.hex(), "credentials": credentials, "entries": known}

    for name, shows, one, verdict in (
        ("checkpoint", "Signed by its writer over seven entries.", made, OK),
        ("checkpoint-cosigned", "By the other end of its line too.", both, OK),
        (
            "checkpoint-by-another-key",
            "Not the key that the roster lists.",
            checkpoint.make(tree, 7, made.root, roster=2, seed=other),
            "WrongSigner",
        ),
        (
            "checkpoint-without-mldsa",
            "The Ed25519 half alone is not enough.",
            replace(made, mldsa65=bytes(3309)),
            "WrongSigner",
        ),
        ("checkpoint-cosigned-by-its-writer", "Nobody vouches for himself.", forged, "WrongSigner"),
        (
            "checkpoint-of-another-tree",
            "The origin that is signed belongs to another incarnation.",
            replace(made, tree=replace(tree, incarnation=bytes(16))),
            "Foreign",
        ),
        (
            "checkpoint-over-other-entries",
            "Another root.",
            checkpoint.make(tree, 7, bytes(32), roster=2, seed=key),
            "Foreign",
        ),
        ("checkpoint-size-with-a-zero", "07 is not a number.", _zero_size(made), "Malformed"),
    ):
        yield name, shows, "checkpoint", given(one), verdict
    proof = {"entry": entries[4].hex(), "index": 4, "size": 7, "root": made.root.hex()}
    path = [each.hex() for each in merkle.inclusion(leaves, 4)]
    yield "inclusion", "The fifth of seven.", "inclusion", proof | {"path": path}, OK
    away = proof | {"path": path, "index": 5}
    yield "inclusion-in-another-place", "It is not the sixth.", "inclusion", away, "Altered"
    longer = proof | {"path": [*path, bytes(32).hex()]}
    yield "inclusion-with-a-hash-too-many", "The path's length is fixed.", "inclusion", longer, "Altered"


def _zero_size(made: checkpoint.Checkpoint) -> checkpoint.Checkpoint:
    return replace(made, text=made.text.replace(b"\n7\n", b"\n07\n"))


def _heads() -> Iterator[Vector]:
    question = Head(line=making.LINE, writer=bern().id, nonce=bytes(16), locked=True, time=(NOW, 2), roster=1)
    numbers = ((seed("a mandate"), bytes(32), 7), (seed("a mandate"), bern().id, 2))
    answer = replace(question, answers=bytes(range(16)), locked=False, numbers=numbers)
    for name, shows, content, signer, line, verdict in (
        ("head-question", "After a start, by a locked desk.", question, bern().desk_seed, making.LINE, OK),
        (
            "head-answer-with-numbers",
            "How far the asker's notes are here.",
            answer,
            bern().desk_seed,
            making.LINE,
            OK,
        ),
        (
            "head-with-mailboxes",
            "It collects where its third statement says, and writes where the first of the other side does.",
            replace(answer, numbers=None, mailboxes=(3, 1)),
            bern().desk_seed,
            making.LINE,
            OK,
        ),
        (
            "head-with-software",
            "It says which version of the program is behind it.",
            replace(question, software="0.1.0"),
            bern().desk_seed,
            making.LINE,
            OK,
        ),
        (
            "head-by-an-officer",
            "Desks compare heads.",
            question,
            bern().officer(),
            making.LINE,
            "WrongSigner",
        ),
        (
            "head-of-another-line",
            "Held against another line.",
            question,
            bern().desk_seed,
            seed("x"),
            "Foreign",
        ),
    ):
        signed = sign(state(content, LIVE), signer)
        given = {"signed": signed.raw.hex(), "line": line.hex(), "credential": bern().office.raw.hex()}
        yield name, shows, "head", given, verdict


def _mailboxes() -> Iterator[Vector]:
    stated = Mailboxes(
        line=making.LINE,
        office=bern().id,
        roster=1,
        version=1,
        mailboxes=(
            ("https://relay.example", bytes(range(16)), seed("put 1")),
            ("https://[2001:db8::1]:8443/two", bytes(16), seed("put 2")),
        ),
        time=(NOW, 2),
    )
    plain, twice = (("http://relay.example", bytes(16), bytes(32)),), (stated.mailboxes[0],) * 2
    duty, desk, here = bern().officer(), bern().desk_seed, making.LINE
    for name, shows, content, signer, line, verdict in (
        ("mailboxes", "Where Bern collects from now on.", stated, duty, here, OK),
        ("mailboxes-by-the-desk", "A keeper of keys says it.", stated, desk, here, "WrongSigner"),
        ("mailboxes-of-another-line", "Held against another.", stated, duty, seed("x"), "Foreign"),
        (
            "mailboxes-of-version-0",
            "0 is the pairing's.",
            replace(stated, version=0),
            duty,
            here,
            "Malformed",
        ),
        ("mailboxes-plain", "An open door.", replace(stated, mailboxes=plain), duty, here, "Malformed"),
        ("mailboxes-twice", "Each stands once.", replace(stated, mailboxes=twice), duty, here, "Malformed"),
        ("mailboxes-none", "It collects somewhere.", replace(stated, mailboxes=()), duty, here, "Malformed"),
    ):
        signed = sign(Statement(cbor.encode(["GO1", 1, 10, LIVE, to_map(content)])), signer)
        given = {"signed": signed.raw.hex(), "line": line.hex(), "credential": bern().office.raw.hex()}
        yield name, shows, "mailboxes", given, verdict


SECTIONS = (
    _cbor,
    _keys,
    _digits,
    _signed,
    _office,
    _mandate,
    _clearance,
    _handover,
    _incident,
    _assurance,
    _public_statement,
    _backup,
    _stop,
    vouched.vectors,
    _act,
    _beside,
    _note,
    agreed.vectors,
    _sealed,
    _line,
    _service,
    _paper,
    _consent,
    _checkpoint,
    _pairing,
    _courier,
    _heads,
    _mailboxes,
    *thin.SECTIONS,
)


def vectors() -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, vector) of all, each verdict as this program states it."""
    for section in SECTIONS:
        for name, shows, check, given, verdict in section():
            vector: dict[str, Any] = {"shows": shows, "check": check, "input": given, "verdict": verdict}
            found, result = run(vector)
            if found != verdict:
                raise SystemExit(f"{name}: expected {verdict}, the software says {found}")
            if result:
                vector["result"] = result
            yield name, vector


def main() -> None:
    """Write all files; mark those whose bytes come out otherwise in another run."""
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(json.dumps(dict(vectors())))
        return
    first = dict(vectors())
    again = subprocess.run(
        [sys.executable, "-m", "tests.vectors.make", "--print"], check=True, capture_output=True, text=True
    )
    second = json.loads(again.stdout)
    for old in HERE.glob("*.json"):
        old.unlink()
    for name, vector in first.items():
        if vector != second[name]:
            vector["drawn"] = True
        text = json.dumps(vector, indent=1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
