# SPDX-License-Identifier: Apache-2.0
"""An intermediary answers a question for consent in the name of the party that was asked."""

from __future__ import annotations

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.briefing import Sharing
from goodoffices.core.consent import Consent, Question
from goodoffices.core.line import Item
from goodoffices.core.mandate import RecordUse
from goodoffices.core.record.findings import Flaw
from goodoffices.desk.consent import ask, asked
from tests.attacks.catalogue import Attack, Scene

ATTACK = Attack(
    by="A hostile intermediary",
    does="consents to a briefing in a party's name",
    refused="the answer is no officer's of that party: refused, and the party stands as one that has not answered",
    promise=4,
    record="Tehran",
    finds=(Flaw.ITEM_SIGNER,),
)


def committed() -> Scene:
    scene = Scene(record_use=RecordUse.WITH_CONSENT_OF_ALL)
    note = scene.release(scene.west, scene.east)
    scene.forward(note)
    what = Question("The Tribunal", Sharing.AMBER, (note,))
    question = ask(scene.east.desk, scene.east.officer, scene.mandate, CHANNEL_LANE, what, scene.tick())
    yes = {"recipient": scene.east.me, "code": int(Consent.GIVEN), "evidence": question}
    act = scene.act(scene.middle.officer, scene.west, ActType.CONSENT, **yes)
    scene.say(scene.middle, scene.east_line, (Item.ACT, act.raw))
    return scene


def test_who_has_not_signed_has_not_consented() -> None:
    """P1, P4"""
    scene = committed()
    (question,) = asked(scene.east.desk, scene.mandate)
    assert question.answers == {}
    assert "without the right" in scene.found(scene.east)
