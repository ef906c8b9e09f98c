# SPDX-License-Identifier: Apache-2.0
"""What stands in the audit log, in the language of the page. The rows themselves are English and chained by
hash, so they are never changed: what is known is told anew, what is not is shown as it was written.
"""

from __future__ import annotations

from goodoffices.web import words
from goodoffices.web.language import Language
from goodoffices.web.retold import Patterns
from goodoffices.web.words import N_

DEEDS = (
    N_("signed '{did}' about note {note}"),
    N_("signed '{did}'"),
    N_("released note {number} to {to}"),
    N_("saved draft {draft}, version {version}"),
    N_("changed draft {draft}: its release is off"),
    N_("set draft {draft} aside"),
    N_("cleared draft {draft}, version {version}"),
    N_("refused draft {draft}, version {version}"),
    N_("commented on draft {draft}, version {version}"),
    N_("put draft {draft}, version {version}, up for release"),
    N_("signed the release of draft {draft}"),
    N_("took the release of draft {draft} down"),
    N_("wrote a remark on note {note} for a second officer"),
    N_("dropped a remark on note {note}"),
    N_("wrote a transcript on note {note} for a second officer"),
    N_("dropped a transcript on note {note}"),
    N_("signed a rewording beside note {note}"),
    N_("signed a rewording beside note {note}, which waits for more"),
    N_("took down a rewording beside note {note}"),
    N_("signed a translation of grade {grade} beside note {note}"),
    N_("signed a translation of grade {grade} beside note {note}, which waits for more"),
    N_("took down a translation of grade {grade} beside note {note}"),
    N_("tested the line {line}"),
    N_("paired the line {line}"),
    N_("confirmed the line {line}"),
    N_("removed the line {line}"),
    N_("changed the relays of the line {line}"),
    N_("asked for the thin line {line}"),
    N_("ended the thin line {line}"),
    N_("allowed the relay {host} inside the own network"),
    N_("erased the service chat of the line {line}"),
    N_("made a courier's bundle for the line {line}"),
    N_("took in a courier's bundle on the line {line}"),
    N_("made an invitation"),
    N_("introduced {office}"),
    N_("proposed the mandate {mandate}"),
    N_("signed a mandate"),
    N_("entered the time zone of {name}"),
    N_("made checkpoints"),
    N_("made a briefing for {whom}"),
    N_("took the record along"),
    N_("locked out {name}"),
    N_("roster {version} came into force"),
    N_("roster {version} of {office} counts: a key that its desk had vouches for it"),
    N_("heard the digits of roster {version} of {office}: it counts"),
    N_("offered the watch"),
    N_("took the watch over"),
    N_("called a handover back"),
    N_("took the alarm '{alarm}'"),
    N_("put the watch {name} into the roster"),
    N_("took a watch out of the roster"),
    N_("changed the zone or the sentence of the watch"),
    N_("added an address for the office"),
    N_("added an address for {name}"),
    N_("took an address out"),
    N_("tried an address"),
    N_("wrote '{term}' into the glossary"),
    N_("took a term out of the glossary"),
    N_("made a passkey for {host}"),
    N_("let a passkey open the key"),
    N_("removed a passkey"),
    N_("removed the passkeys of {name}"),
    N_("set the secret for leaving"),
    N_("took the secret for leaving back"),
    N_("had no right to {path}"),
    N_("sign-in refused (wrong secret) from {address}"),
    N_("sign-in refused (not in the roster) from {address}"),
    N_("signed in by passphrase from {address}"),
    N_("signed in by passkey from {address}"),
    N_("signed in by passphrase and passkey from {address}"),
    N_("signed in by passphrase from {address}, on watch"),
    N_("signed in by passkey from {address}, on watch"),
    N_("signed in by passphrase and passkey from {address}, on watch"),
    N_("signed out"),
    N_("signed in anew"),
    N_("ended from another session of the same officer"),
    N_("ended by {keeper}, who keeps the keys"),
    N_("the session ended: nothing was done in it"),
    N_("the session ended: locked out, or not in the roster any more"),
    N_("the session ended: its time was over"),
    N_("made room for another session"),
    N_("wrote an assurance down"),
    N_("stated what became of an assurance"),
    N_("logged a public statement"),
    N_("corrected a public statement"),
    N_("took the chronicle along as {form}, {mark}"),
    N_("put 1 paper beside a briefing, not proved"),
    N_("put {count} papers beside a briefing, not proved"),
    N_("opened an incident file"),
    N_("restored this desk from a backup"),
    N_("set backups up to go to {place}"),
    N_("had backups go to {place} as well"),
    N_("had no more backups go to {place}"),
)

# Acts by the names that the log has for them.
ACTS = {
    "on relay": words.RUNGS["on a relay"],
    "at desk": words.RUNGS["at the desk"],
    "with principal": words.RUNGS["with the principal"],
    "remark": words.RUNGS["covering remark"],
    "compared": N_("compared the digits"),
    "transcript": N_("transcript"),
    **words.RUNGS,
}


_KNOWN = Patterns(DEEDS)


def told(what: str, language: Language) -> str | None:
    """A row of the log in a language; None where it is shown in English, as it was written."""
    found = _KNOWN.find(what)
    if found is None:
        return None
    deed, names = found
    if "did" in names:
        names["did"] = language.say(ACTS.get(names["did"], names["did"]))
    if "alarm" in names:
        names["alarm"] = language.say(words.ALARMS.get(names["alarm"], names["alarm"]))
    return language.say(deed).format(**names)
