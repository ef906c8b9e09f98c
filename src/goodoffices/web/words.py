# SPDX-License-Identifier: Apache-2.0
"""The words that stand on screen for the codes of signed objects and read models. Marked for translation."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802 - the name by which translation tools know it
    """Mark a text for translation where it stands, to be translated where it is shown."""
    return text


UNITS = (N_("s"), N_("min"), N_("h"), N_("d"))
"""Seconds, minutes, hours, days, as they stand after a number; the pages' clocks have them from ``base.html``."""

RUNGS = {
    "released": N_("released"),
    "on a relay": N_("on a relay"),
    "at the desk": N_("at the desk"),
    "seen": N_("seen by an officer"),
    "covering remark": N_("covering remark added"),
    "translation": N_("translation added"),
    "rewording": N_("rewording added"),
    "forwarded": N_("forwarded"),
    "handed over": N_("handed over on paper"),
    "at the far desk": N_("at the far desk"),
    "opened": N_("opened"),
    "with the principal": N_("with the principal"),
    "acknowledged": N_("acknowledged"),
    "refused": N_("refused"),
    "returned": N_("returned to its author"),
    "withdrawn": N_("withdrawn"),
    "expired": N_("expired, not forwarded"),
    "altered": N_("altered on the way"),
}

FIELDS = {
    "precedence": N_("Urgency"),
    "valid_until": N_("Valid until (Zulu), if it ends"),
    "authority": N_("On the authority of"),
    "reply_by": N_("Reply asked for by (Zulu)"),
    "code_number": N_("What it stands for"),
    "reading": N_("Who can read a note"),
    "forwarding": N_("How a note is passed on"),
    "clock_flash": "FLASH",
    "clock_immediate": "IMMEDIATE",
    "clock_priority": "PRIORITY",
    "clock_routine": "ROUTINE",
    "flash_most": N_("How many each office may release"),
    "flash_hours": N_("within so many hours"),
    "disclosure": N_("What the intermediary may tell"),
    "record_use": N_("What the record is for"),
    "ends": N_("It ends (Zulu)"),
    "officers_to_add_words": N_("Words of the intermediary beside a note"),
    "when": N_("When (Zulu)"),
    "became": N_("It is now"),
    "since": N_("From (Zulu)"),
    "said": N_("When it was said (Zulu)"),
    "from": N_("It was so from (Zulu)"),
    "at": N_("Known by then (Zulu; empty: now)"),
    "so": N_("It was so at (Zulu; empty: any time)"),
    "releasers": N_("How many sign before a note goes out"),
    "seconds": N_("Seconds between two envelopes; 0 for no beat"),
    "needed": N_("How many shares open them"),
    "starts": N_("From"),
}
"""Fields of the pages' forms by their labels; one that different pages call differently says so where it is read."""

DRAFT_FIELDS = {
    "precedence": N_("Urgency"),
    "valid_until": N_("valid until"),
    "authority": N_("On the authority of"),
    "language": N_("Language of the text"),
    "reply_by": N_("Reply by"),
    "reason": N_("Why so urgent"),
    "confidential": N_("Confidential"),
    "in_reply_to": N_("In reply to"),
    "replaces": N_("Replaces"),
    "withdraws": N_("Withdraws"),
}

LEAVES = {
    1: N_("On the authority of"),
    2: N_("Language of the text"),
    3: N_("Reply by"),
    4: N_("In reply to"),
    5: N_("Replaces"),
    6: N_("Withdraws"),
    7: N_("What its author had read"),
    8: N_("What lay unopened at its author’s desk"),
    9: N_("Why so urgent"),
    10: N_("Confidential"),
    11: N_("Which form it is by"),
    12: N_("A field of its form"),
    13: N_("Its code"),
    130: N_("A report that it brings"),
}
"""Fields of a note by their labels (format.md §5.1)."""

NOTE_KINDS = {
    1: N_("plain note"),
    2: N_("clarification of an incident"),
    3: N_("advance notice of own action"),
    4: N_("request for clarification"),
    5: N_("assurance"),
    6: N_("cease of action"),
    7: N_("by a form"),
    8: N_("coded note"),
}
"""Kinds of notes (format.md §5)."""

WORDS_OF = {
    "the author's own statement": N_("the author’s own statement"),
    "the intermediary's word": N_("the intermediary’s word"),
    "signed by the reader": N_("signed by the reader"),
}

NOT_REACHED = {
    "awaited": N_("awaited: nothing has been reported yet"),
    "later": N_("later"),
    "not reported": N_("not known: nobody has reported it"),
    "not told": N_("not known: the mandate does not let it travel"),
    "stopped": N_("will not happen"),
    "expired": N_("expired before it was forwarded; it is not forwarded by itself"),
}

ACKNOWLEDGEMENTS = {
    1: N_("read"),
    2: N_("received, considering"),
    3: N_("a reply follows"),
    4: N_("answered"),
}

GRADES = {
    2: N_("at sight"),
    3: N_("rough"),
    4: N_("official"),
    1: N_("machine"),
}

AUTHORITIES = {
    1: N_("not stated"),
    2: N_("an official"),
    3: N_("a minister"),
    4: N_("the head of government"),
}

READING = {
    1: N_(
        "Sealed: only the author and the reader can read a note. The intermediary sees from whom, "
        "to whom, number, urgency and validity."
    ),
    2: N_("Open: the intermediary can read every note that it carries."),
}
COPIES = {
    "unopened": N_("not opened here yet"),
    "verified": N_("verified"),
    "sealed": N_("sealed to others"),
    "altered": N_("altered on the way"),
}
"""What a form in which a note came turned out to be."""

READING_SHORT = {1: N_("sealed"), 2: N_("open")}

FORWARDING = {
    1: N_("By hand: an officer of the intermediary forwards each note."),
    2: N_("Automatic: the intermediary’s desk forwards each note at once, unseen."),
}
FORWARDING_SHORT = {1: N_("forwarded by hand"), 2: N_("forwarded automatically")}

DISCLOSURE = {
    1: N_(
        "Only with consent: what a party tells the intermediary alone, the other party learns only "
        "if the first agrees."
    ),
    2: N_(
        "Unless confidential: the intermediary may tell the other party the substance, except of "
        "notes marked confidential."
    ),
}

RECORD_USE = {
    1: N_("The record is not used outside the channel."),
    2: N_("The record is used outside only with the consent of all."),
    3: N_("The record may be used as evidence."),
}

TRAVELLING = {
    7: N_("opened"),
    8: N_("with the principal"),
    9: N_("acknowledged"),
}

RIGHTS = {
    "draft": N_("draft"),
    "release": N_("release"),
    "duty": N_("duty"),
    "keys": N_("keys"),
    "audit": N_("audit"),
}

AUDIT_KINDS = {
    "sign-in": N_("signed in"),
    "refused": N_("turned away"),
    "sign-out": N_("signed out"),
    "act": N_("signed act"),
    "draft": N_("draft"),
    "office": N_("office and keys"),
    "export": N_("export"),
    "other": N_("other"),
}

CHANNEL_STATES = {
    "in force": N_("in force"),
    "signing": N_("waits for signatures"),
    "ended": N_("ended"),
}

THIN_LINES = {
    "no": N_("An ordinary line."),
    "ours": N_("We want it thin; they have not said so yet."),
    "theirs": N_("They want it thin; we have not said so yet."),
    "agreed": N_("Both want it thin; keys are being agreed."),
    "thin": N_("This line is thin."),
}
"""How a line stands, by ``ThinAgreeing.state``."""

LINE_STATES = {
    "confirm here": N_("Not confirmed here"),
    "confirm there": N_("Not confirmed by them"),
    "route down": N_("Our way out is down"),
    "relays down": N_("No relay carries"),
    "relay down": N_("One relay is down, another carries"),
    "silent": N_("Their desk is down or cut off"),
    "left": N_("They have left; their keys are destroyed"),
    "locked": N_("Their desk was up but locked when last heard"),
    "not heard": N_("Not heard since this desk started"),
    "open": N_("In order"),
}

LINE_ADVICE = {
    "confirm here": N_("Compare the digits by any voice line and type them in on the lines page."),
    "confirm there": N_("They have yet to type your digits. Call them."),
    "route down": N_(
        "No relay of any line answers, so it is most likely our own network. Check cable, switch and "
        "firewall here first. Notes are kept and go out by themselves."
    ),
    "relays down": N_(
        "Nothing goes out or comes in on this line. The desk keeps trying by itself. Check this "
        "machine’s network, then ask the keeper of the relays."
    ),
    "relay down": N_("Nothing is lost: the other relay carries. Tell the keeper of the relays by day."),
    "left": N_(
        "They told us so by a certificate that they signed beforehand. Nothing reaches them until they come "
        "back with a new roster; then the line goes on by itself. Ask their people by another way."
    ),
    "silent": N_(
        "The relays hold what we sent, and nobody fetches it. Call them by another way and ask "
        "whether their desk runs."
    ),
    "locked": N_(
        "It said that it collects and stores, and that nobody was signed in to read. Call them if it is urgent."
    ),
    "not heard": N_(
        "That is no fault: a desk that has nothing to say is silent. Something sent shows whether "
        "they are there."
    ),
    "open": N_("Nothing to do."),
}

FAULTS = {
    "yours": N_("ours"),
    "the other office's": N_("the other office’s"),
    "the relay's": N_("a relay’s"),
    "this machine's": N_("this machine’s"),
    "unknown": N_("not known"),
}

LANGUAGES = {
    "en": "English",
    "fa": "فارسی",
    "ar": "العربية",
    "fr": "Français",
    "de": "Deutsch",
    "he": "עברית",
    "ru": "Русский",
}

ALARMS = {
    "forward": N_("To forward"),
    "open": N_("To open"),
    "altered": N_("Altered on the way"),
    "unreadable": N_("Cannot be read here"),
    "arrival": N_("The next desk has not said that it has it"),
    "passing": N_("Nobody has passed it on in time"),
    "stopped": N_("It was not passed on"),
    "reply": N_("A reply is asked for"),
    "answer": N_("An answer on paper or by word of mouth has come"),
    "unanswered": N_("No reply has come by the time asked for"),
    "line": N_("A line is down or silent"),
    "machine": N_("This machine is in trouble"),
    "outward": N_("An address outside fails"),
    "ready": N_("Something will run out or does not work: see the page Ready"),
    "assurance": N_("An assurance ends soon"),
    "lapse": N_("An assurance has lapsed"),
}

DAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)

CHRONICLE_KINDS = {
    "note": N_("notes"),
    "step": N_("their steps and receipts"),
    "report": N_("reports of incidents"),
    "assurance": N_("assurances"),
    "statement": N_("public statements"),
}
OWN_WORDS = {
    "remark": N_("Covering remark"),
    "transcript": N_("Transcript"),
    "translation": N_("Translation"),
    "rewording": N_("Rewording"),
}
CAME = {
    "transcript": N_("answered on paper or by word of mouth: a transcript"),
    "translation": N_("a translation came after it was opened"),
    "rewording": N_("a rewording came after it was opened"),
    "covering remark": N_("a covering remark came after it was opened"),
}
CHRONICLE_KIND = {
    "note": N_("Note"),
    "report": N_("Report of an incident"),
    "assurance": N_("Assurance"),
    "statement": N_("Public statement"),
}
CHRONICLE_STEPS = RUNGS | {
    "compared": N_("compared the digits"),
    "briefed": N_("made a briefing"),
    "transcript": N_("transcript"),
    "other": N_("another act"),
}
SHARING_MARKS = {
    0: N_("none given"),
    1: N_("TLP:CLEAR – may be made public"),
    2: N_("TLP:GREEN – within the community"),
    3: N_("TLP:AMBER – this office and those it serves, need to know"),
    4: N_("TLP:AMBER+STRICT – this office alone"),
    5: N_("TLP:RED – named readers alone"),
}
SOURCE_GRADES = {
    1: N_("A – completely reliable"),
    2: N_("B – usually reliable"),
    3: N_("C – fairly reliable"),
    4: N_("D – not usually reliable"),
    5: N_("E – unreliable"),
    6: N_("F – cannot be judged"),
}
ITEM_GRADES = {
    1: N_("1 – confirmed by other sources"),
    2: N_("2 – probably true"),
    3: N_("3 – possibly true"),
    4: N_("4 – doubtful"),
    5: N_("5 – improbable"),
    6: N_("6 – cannot be judged"),
}
BECAME = {
    1: N_("in force"),
    2: N_("withdrawn"),
    3: N_("disputed"),
    4: N_("lapsed"),
}
