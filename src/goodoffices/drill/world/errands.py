# SPDX-License-Identifier: Apache-2.0
"""What else goes on at the desks of the simulated world, beside notes and never in their way (P11).

Line tests and service chat, remarks that two officers sign, translations, sheets handed over and answers written down,
drafts that somebody else goes on with, bundles that a courier carries, loses, brings twice or to the wrong
door, and channels that are agreed anew while the old one is in use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from goodoffices.core import crypto
from goodoffices.core.act import ActType
from goodoffices.core.courier import read_bundle
from goodoffices.core.errors import OtherOfficeError, YourError
from goodoffices.core.handing import Hand
from goodoffices.core.line import EntryKind, read_items
from goodoffices.core.note import Words
from goodoffices.core.service_traffic import ServiceChat
from goodoffices.core.statement import read_signed
from goodoffices.desk.courier.carrying import carry_in, carry_out
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import Ledger, LineRow
from goodoffices.desk.officers.acts import Draft, Terms
from goodoffices.drill.world.begin import TERMS
from goodoffices.drill.world.checks import need
from goodoffices.drill.world.officers import release, sign_draft
from goodoffices.drill.world.parts import SECOND, SimOffice
from goodoffices.drill.world.translations import check_beside, put_beside
from goodoffices.drill.world.world import World

ERRANDS = (
    "test",
    "chat",
    "chat",
    "draft",
    "remark",
    "remark",
    "paper",
    "paper",
    "courier",
    "courier",
    "beside",
    "beside",
    "agree",
)
MOST_MANDATES = 2
"""Channels that are agreed anew within one run, at most."""


@dataclass
class Errands:
    """What was said and done beside the notes of one run."""

    world: World
    agreed: int = 0
    said: list[tuple[str, str]] = field(default_factory=list)
    """(office, words) of each line of chat that stands on its writer's disk."""
    beside: set[str] = field(default_factory=set)
    """Texts that somebody wanted beside a note."""

    def run(self) -> None:
        """Somebody does something else than a note."""
        dice, world = self.world.rng, self.world
        office = dice.choice(world.offices)
        desk = office.desk
        if desk is None:
            return
        what = dice.choice(ERRANDS)
        lines = desk.ledger.lines()
        line = dice.choice(lines)
        match what:
            case "test":
                self._test(office, line)
            case "chat":
                self._chat(office, line)
            case "draft":
                self._draft()
            case "remark":
                self._remark(office)
            case "paper":
                self._paper()
            case "courier":
                self._courier(office, line)
            case "beside":
                put_beside(self.world, office, self.beside)
            case "agree":
                self._agree()

    def _ask(self, office: SimOffice, what: str, deed: Callable[[Desk], object]) -> bool:
        def ask(desk: Desk) -> bool:
            try:
                deed(desk)
            except YourError:
                return False
            return True

        done = bool(self.world.visit(office, what, ask))
        self.world.count(f"{what}: {'done' if done else 'not now'}")
        return done

    # --- line tests and chat --------------------------------------------------------------------------

    def _test(self, office: SimOffice, line: LineRow) -> None:
        world, person = self.world, self.world.chance(0.5)
        unanswered = office.disk.raw.execute(
            "SELECT nonce FROM line_test WHERE line=? AND mine=0 AND person=1 AND answered IS NULL",
            (line.id,),
        ).fetchone()
        if unanswered is not None and world.chance(0.7):
            self._ask(
                office,
                "answers a line test",
                lambda desk: desk.service_traffic.answer(
                    office.officer, line.id, bytes(unanswered[0]), world.now(office)
                ),
            )
        else:
            self._ask(
                office,
                "tests a line",
                lambda desk: desk.service_traffic.call_now(
                    office.officer, line.id, world.now(office), person=person
                ),
            )

    def _chat(self, office: SimOffice, line: LineRow) -> None:
        world = self.world
        if world.chance(0.1):
            self._ask(
                office,
                "erases chat",
                lambda desk: desk.service_traffic.erase_chat(office.officer, line.id, world.now(office)),
            )
            return
        words = f"{len(self.said)}. Is your clock right?"
        self._ask(
            office,
            "chats",
            lambda desk: desk.service_traffic.say(office.officer, line.id, words, world.now(office)),
        )
        self.said.append((office.name, words))

    # --- drafts, remarks, paper -----------------------------------------------------------------------

    def _draft(self) -> None:
        """Somebody goes on with a draft of before, changes it, or takes its release down."""
        world = self.world
        if not world.drafts:
            return
        draft_id = world.rng.choice(list(world.drafts))
        office, draft = world.drafts[draft_id]
        if office.desk is None:
            return
        match world.rng.randint(1, 6):
            case 1:
                self._ask(
                    office,
                    "takes a release down",
                    lambda desk: desk.clearing.call_back(office.officer, draft_id, world.now(office)),
                )
            case 2:
                changed = Draft(
                    mandate=draft.mandate,
                    recipient=draft.recipient,
                    words=Words(text=f"{draft.words.text} ({world.rng.randint(1, 9)})", language="en"),
                    precedence=draft.precedence,
                )
                if self._ask(
                    office,
                    "changes a draft",
                    lambda desk: desk.clearing.save(office.officer, changed, world.now(office), of=draft_id),
                ):
                    world.drafts[draft_id] = office, changed
            case 3:
                verdict = world.rng.randint(1, 3)
                self._ask(
                    office,
                    "judges a draft",
                    lambda desk: desk.clearing.judge(
                        office.officers[-1], draft_id, 1, verdict, "As I see it.", world.now(office)
                    ),
                )
            case _:
                sign_draft(world, office, draft_id, world.rng.randrange(3))

    def _remark(self, office: SimOffice) -> None:
        """An intermediary adds words; where it takes two, another officer signs them, or drops them."""
        world, desk = self.world, office.desk
        assert desk is not None
        passing = [
            note
            for mandate in world.mandates
            if desk.ledger.has_mandate(mandate)
            for note in desk.ledger.notes(mandate)
            if office.id not in (note.author, note.recipient)
        ]
        if not passing:
            return
        note = world.rng.choice(passing[-6:]).id
        waiting = office.disk.raw.execute(
            "SELECT officer, slot FROM words_open WHERE note=?", (note,)
        ).fetchone()
        first = next((each for each in office.officers if waiting and each.public == waiting[0]), None)
        second = office.officers[-1]

        def sign(desk: Desk) -> None:
            for found in desk.acts.open_words(note)[:1]:
                desk.acts.sign_words(second, first, note, found.digest, world.now(office))

        if waiting is None:
            words = f"With this office's compliments, {world.rng.randint(1, 9)}."
            deed: Callable[[Desk], object] = lambda desk: desk.acts.remark(  # noqa: E731 # one of three
                office.officer, note, words, world.now(office)
            )
            self._ask(office, "remarks", deed)
        elif world.chance(0.8):
            self._ask(office, "signs a remark", sign)
        else:
            self._ask(
                office,
                "drops a remark",
                lambda desk: desk.acts.drop_words(second, note, bytes(waiting[1]), world.now(office)),
            )

    def _paper(self) -> None:
        """A note to the party on paper, its sheet, and its answer as the intermediary wrote it down."""
        world, east, post = self.world, self.world.offices[0], self.world.offices[1]
        if world.paper is None or east.desk is None or post.desk is None:
            return
        agreement = Ledger(post.disk).agreement(world.paper)
        south = next(each for each in agreement.mandate.path if agreement.mandate.on_paper(each))
        here = post.desk.ledger.notes(world.paper)
        if not here or world.chance(0.3):
            words = Words(text=world.number("To be read out."), language="en")
            draft = Draft(
                mandate=world.paper, recipient=south, words=words, precedence=world.rng.randint(1, 4)
            )
            release(world, east, draft)
            return
        note = world.rng.choice(here[-4:]).id
        hand = Hand("the secretary", "the residence", world.now(post), "our first secretary")
        if world.chance(0.5):
            self._ask(
                post,
                "hands a sheet over",
                lambda desk: desk.acts.hand_over(post.officer, note, hand, world.now(post)),
            )
        else:
            answer = f"It was said that {world.rng.randint(1, 99)} would come."
            self._ask(
                post,
                "writes an answer down",
                lambda desk: desk.acts.transcribe(
                    post.officer, note, hand, answer, world.now(post), spoken=True
                ),
            )

    # --- couriers -------------------------------------------------------------------------------------

    def _courier(self, office: SimOffice, line: LineRow) -> None:
        """A bundle goes out; it may be lost, spoilt, brought twice, late, or to somebody else first."""
        world = self.world
        made: list[bytes] = []
        self._ask(
            office,
            "makes a bundle",
            lambda desk: made.append(carry_out(desk, None, line.id, world.now(office))),
        )
        if not made or world.chance(0.1):
            return
        bundle = made[0]
        if world.chance(0.15):
            at = world.rng.randrange(len(bundle))
            bundle = bundle[:at] + bytes([bundle[at] ^ 1]) + bundle[at + 1 :]
            world.spoilt |= _envelopes_in(bundle)
        other = next(each for each in world.offices if each.id == line.peer)
        wrong = world.rng.choice(world.offices)
        way = [wrong, other, other] if world.chance(0.2) else [other]
        for at, door in enumerate(way):
            span = world.rng.choice((SECOND, 60 * SECOND, 1800 * SECOND)) * (at + 1)
            world.at(span, self._bring(door, bundle))

    def _bring(self, office: SimOffice, bundle: bytes) -> Callable[[], None]:
        def take(desk: Desk) -> None:
            try:
                carry_in(desk, None, bundle, self.world.now(office))
            except OtherOfficeError:
                self.world.count("bundles that are none")

        def arrive() -> None:
            self._ask(office, "takes a bundle in", take)

        return arrive

    # --- channels agreed anew -------------------------------------------------------------------------

    def _agree(self) -> None:
        """The first post proposes the successor of a mandate that is in use."""
        world, post = self.world, self.world.offices[1]
        if self.agreed >= MOST_MANDATES or post.desk is None:
            return
        reading, forwarding = world.rng.choice(TERMS)
        terms = Terms(
            name=f"channel agreed anew {self.agreed + 1}",
            path=tuple(each.id for each in world.offices),
            reading=reading,
            forwarding=forwarding,
            predecessor=world.rng.choice(world.mandates),
        )

        made: list[bytes] = []
        self._ask(
            post,
            "proposes a mandate",
            lambda desk: made.append(desk.acts.propose(post.officer, terms, world.now(post))),
        )
        if made and Ledger(post.disk).has_mandate(made[0]):
            self.agreed += 1
            world.mandates.append(made[0])

    # --- what must hold at the end --------------------------------------------------------------------

    def check(self, *, restores: bool) -> None:
        """Once everything is delivered: chat came over as it was said, remarks have their signatures."""
        check_beside(self.world, self.beside)
        for office in self.world.offices:
            ledger = Ledger(office.disk)
            self._check_chat(office, restores=restores)
            for (signed,) in office.disk.raw.execute(
                "SELECT signed FROM act WHERE type=?", (int(ActType.REMARK),)
            ).fetchall():
                remark = read_signed(bytes(signed))
                mandate = office.disk.raw.execute(
                    "SELECT mandate FROM act WHERE id=?", (remark.id,)
                ).fetchone()
                asked = ledger.agreement(bytes(mandate[0])).mandate.officers_to_add_words
                need(len(remark.signers) >= asked, f"{office.name} holds a remark that too few have signed")

    def _check_chat(self, office: SimOffice, *, restores: bool) -> None:
        said = {words for _, words in self.said}
        found: list[str] = []
        for body, writer in office.disk.raw.execute(
            "SELECT body, writer FROM entry WHERE kind=? ORDER BY position", (int(EntryKind.SERVICE_CHAT),)
        ).fetchall():
            if not body:
                continue
            words = _words_in(bytes(body))
            need(words in said, f"{office.name} holds chat that nobody wrote")
            if bytes(writer) == office.id:
                found.append(words)
        if not restores:
            need(len(set(found)) == len(found), f"{office.name}'s chat stands there twice")


def _words_in(body: bytes) -> str:
    signed = read_signed(read_items(body)[0][1])
    signed.verify()
    return signed.statement.read(ServiceChat).words


def _envelopes_in(bundle: bytes) -> set[bytes]:
    try:
        return {crypto.sha256(each) for each in read_bundle(bundle)}
    except OtherOfficeError:
        return set()
