# SPDX-License-Identifier: Apache-2.0
"""A dishonest intermediary while rosters change and vaults go back: what is held against it, and that it is found."""

from dataclasses import replace

import pytest

from goodoffices.core.act import Act, ActType
from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Words
from goodoffices.core.statement import LIVE, sign, state
from goodoffices.desk.context import Officer
from goodoffices.desk.ledger.ledger import Ledger
from goodoffices.desk.officers.acts import Draft
from goodoffices.drill.world.checks import Broken
from goodoffices.drill.world.hostile import ALSO, Crook
from goodoffices.drill.world.officers import do, release
from goodoffices.drill.world.parts import SimOffice
from goodoffices.drill.world.plans import forced, plan_of, replay
from goodoffices.drill.world.rosters import fetch_root
from goodoffices.drill.world.runs import beginning, run
from goodoffices.drill.world.shrinking import plan_from
from goodoffices.drill.world.truth import Truth, check_hostile
from goodoffices.drill.world.world import World

AUTOMATIC_OPEN = 3


class Scene:
    """East renewed its keys and lost an officer, wrote a note, and the post handed it on beside a reworded one."""

    def __init__(self) -> None:
        self.world = World(1)
        self.world.begin_from(beginning(1, young=False))
        self.world.mandates = [self.world.mandates[AUTOMATIC_OPEN]]
        self.east, self.post, self.west = self.world.offices
        self.crook = Crook(self.world, self.post, ("twice",), ALSO)
        self.crook.install()
        self.truth = Truth.of(self.world)
        for office in (self.east, self.post):
            self.out = self.somebody_goes(office)
        self.note = self.write()
        self.world.rest()
        self.crook.relent(for_good=True)
        self.world.rest()
        do(self.world, self.west, "opens", self.note)
        self.world.rest()

    def somebody_goes(self, office: SimOffice) -> Officer:
        gone = office.officers[-1]
        self.world.visit(
            office,
            "lets somebody go",
            lambda desk: desk.rosters.remove(office.officer, gone.public, "left", self.world.now(office)),
        )
        fetch_root(self.world, office)
        return gone

    def write(self) -> bytes:
        draft = Draft(
            mandate=self.world.mandates[0],
            recipient=self.west.id,
            words=Words(text="0. We do not want war.", language="en"),
            precedence=Precedence.FLASH,
        )
        released = release(self.world, self.east, draft)
        assert released is not None
        return released.id

    def check(self) -> None:
        check_hostile(self.world, self.crook, self.truth)

    def put_act(self, where: SimOffice, author: SimOffice, signer: Officer) -> None:
        """An act stands on a disk that no desk took in."""
        act = Act(
            mandate=self.world.mandates[0],
            author=author.id,
            recipient=where.id,
            lane=bytes(32),
            incarnation=bytes(16),
            sequence=1,
            roster=2,
            proof=1,
            time=(self.world.time, 0),
            type=int(ActType.OPENED),
            subject=self.note,
        )
        signed = sign(state(act, LIVE), signer.seed)
        row = signed.id, act.mandate, act.lane, act.author, act.type, act.subject, signed.raw, act.time[0]
        where.disk.raw.execute(
            "INSERT INTO act (id, mandate, lane, author, type, subject, signed, at) VALUES (?,?,?,?,?,?,?,?)",
            row,
        )


@pytest.fixture
def scene() -> Scene:
    """A world that holds."""
    made = Scene()
    made.check()
    return made


def harm(office: SimOffice, sql: str, *values: object) -> None:
    office.disk.raw.execute("PRAGMA foreign_keys=OFF")
    office.disk.raw.execute(sql, values)


def test_what_holds_is_held_against_the_rosters_of_its_time(scene: Scene) -> None:
    """P1, P10: by new keys and officers of which the founding rosters know nothing."""
    copies = sorted(each[3] for each in Ledger(scene.west.disk).copies(scene.note))
    assert copies == ["altered", "verified"]
    known = Ledger(scene.west.disk).office(scene.east.id)
    assert known is not None
    assert known.roster.version == 2


def test_an_altered_note_is_found(scene: Scene) -> None:
    """P1: were it called verified, or its carrier not named."""
    harm(scene.west, "UPDATE finding SET what='Something.' WHERE entry=?", scene.note)
    with pytest.raises(Broken, match="West does not say who carried an altered note"):
        scene.check()
    harm(scene.west, "UPDATE copy SET state='verified'")
    with pytest.raises(Broken, match="West did not name an altered copy"):
        scene.check()


def test_altered_words_are_found(scene: Scene) -> None:
    """P1: were other words shown than those that were released."""
    released = scene.world.notes[scene.note]
    said = replace(released.draft.words, text="0. We want war.")
    scene.world.notes[scene.note] = replace(released, draft=replace(released.draft, words=said))
    with pytest.raises(Broken, match="shows words that are not the author's"):
        scene.check()


def test_an_act_in_anothers_name_is_found(scene: Scene) -> None:
    """P1: in East's name, signed at the post."""
    scene.put_act(scene.west, scene.east, scene.post.officer)
    with pytest.raises(Broken, match="West holds an act of East that its author never signed"):
        scene.check()


def test_an_act_of_somebody_who_was_out_is_found(scene: Scene) -> None:
    """P10: in the post's own name, by the roster that lists him no more."""
    scene.put_act(scene.west, scene.post, scene.out)
    with pytest.raises(Broken, match="West holds an act of Post 1 by somebody who was out"):
        scene.check()


def test_a_note_that_was_handed_in_and_lost_is_found(scene: Scene) -> None:
    """P2: an honest desk saw it receipted."""
    harm(scene.post, "DELETE FROM note")
    with pytest.raises(Broken, match="note 0 of East is lost between East and Post 1"):
        scene.check()


def test_a_note_that_was_handed_on_and_lost_is_found(scene: Scene) -> None:
    """P2: the post did pass it on as it was written."""
    harm(scene.west, "DELETE FROM note")
    with pytest.raises(Broken, match="West was handed note 1 as it was written, and it is lost there"):
        scene.check()


@pytest.mark.slow
def test_a_roster_that_was_kept_back_stops_no_line_for_good() -> None:
    """P2: the post hands it over in the end, and its line comes to rest; this seed once did not."""
    verdict = run(forced(plan_of(620010, 40), ("rosters",)))
    assert verdict.broken is None, verdict.sentence


def test_a_run_that_was_forced_says_so_where_it_is_replayed() -> None:
    """The command makes the same plan again."""
    plan = forced(plan_of(4711, 40), ("hostile", "rosters"))
    assert plan.hostile
    assert plan.rosters
    words = replay(plan).split()
    asked = words[words.index("--on") + 1]
    assert plan_from(4711, 40, None, None, None, None, asked) == plan


def test_an_act_by_an_older_roster_that_is_not_marked_is_found(scene: Scene) -> None:
    """P1, P10: were it taken for plainly signed by whoever had left."""
    while not scene.crook.by_old_rosters:  # in East's name, once its dice take West for the reader
        scene.crook.meddle()
    scene.world.rest()
    scene.check()
    (row,) = scene.west.disk.raw.execute("SELECT id FROM signer_left").fetchall()
    assert bytes(row[0]) in scene.crook.by_old_rosters
    harm(scene.west, "DELETE FROM signer_left")
    with pytest.raises(Broken, match="West does not mark what is by an older roster"):
        scene.check()
