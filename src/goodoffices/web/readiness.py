# SPDX-License-Identifier: Apache-2.0
"""The page Ready: what would fail when it is needed, in plain words, each with the next step."""

from __future__ import annotations

from goodoffices.core.office import Right
from goodoffices.desk.readiness import ORDER, Check, watch_checks
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.rights import ANYBODY


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for translation where it is said later."""
    return text


WORDS: dict[str, tuple[str, str]] = {
    "tls good": (N_("The certificate of these pages holds."), ""),
    "tls none": (N_("These pages are served on this machine alone, without a certificate."), ""),
    "tls soon": (
        N_("The certificate of these pages ends soon."),
        N_(
            "Get a new one now and restart the desk; with an authority of your own: goodoffices desk certificate."
        ),
    ),
    "tls over": (
        N_("The certificate of these pages has ended: browsers warn or refuse."),
        N_(
            "Get a new one now and restart the desk; with an authority of your own: goodoffices desk certificate."
        ),
    ),
    "tls unreadable": (
        N_("The certificate of these pages cannot be read any more."),
        N_("Put the file back before the next restart: the desk would not start."),
    ),
    "disk good": (N_("The disk has room: %(number)s GiB."), ""),
    "disk soon": (
        N_("The disk fills up: %(number)s GiB are left."),
        N_("Make room on the disk of the vault."),
    ),
    "disk full": (
        N_("The disk is nearly full: %(number)s MiB are left."),
        N_("Make room now: with a full disk nothing can be received or released."),
    ),
    "clock good": (N_("The clock is kept by %(about)s."), ""),
    "clock unknown": (
        N_("What keeps this machine’s clock is not known."),
        N_("Have systemd-timesyncd or chrony keep it, from a source that you trust."),
    ),
    "clock stale": (
        N_("%(about)s keeps the clock, and has not set it since:"),
        N_("See that it reaches its source of time."),
    ),
    "clock apart": (
        N_("The clock here and that of %(about)s differ by %(number)s seconds or more."),
        N_("Ask them for the time by voice, and set whichever is wrong. Nothing is refused meanwhile."),
    ),
    "clock wrong": (
        N_(
            "This machine’s clock is wrong: it differs from several counterparts’ by %(number)s seconds or more."
        ),
        N_(
            "Set it, from a source that you trust. Nothing is refused meanwhile; times stand wrong in the record."
        ),
    ),
    "keys good": (N_("Sealing keys are certified for long enough."), ""),
    "keys soon": (
        N_("The last sealing key that counterparts know ends soon."),
        N_("Bring a request to the root: goodoffices office renew."),
    ),
    "keys over": (
        N_("The last sealing key has ended and goes on being used, which protects less."),
        N_("Bring a request to the root now: goodoffices office renew."),
    ),
    "keys lost": (
        N_("This vault is older than the office’s keys: what is sealed to the newest ones cannot be opened."),
        N_("Bring a request to the root now: goodoffices office renew."),
    ),
    "keys mute": (
        N_("This vault is older than the key by which the office speaks: this desk signs and takes nothing."),
        N_(
            "If another machine is this office's desk now, stop this one. Else make new keys: goodoffices office"
            " renew. Until then it signs and takes nothing."
        ),
    ),
    "request waits": (
        N_("Roster %(number)s waits for the root’s signature."),
        N_("Take the request to the root, or ask for the change once more if it is no longer wanted."),
    ),
    "keepers few": (
        N_("Only %(number)s officer holds the right to keys."),
        N_("Give it to a second one: if the first is gone, nobody can change anything."),
    ),
    "watch none": (
        N_("There is no roster of watches: every alarm wakes everybody."),
        N_("Write one on the page Watch."),
    ),
    "watch gaps": (
        N_("In %(number)s hours of the week nobody is on watch: an alarm wakes everybody then."),
        N_("Close the gaps on the page Watch."),
    ),
    "watch good": (N_("Somebody is on watch at every hour."), ""),
    "device nobody": (
        N_("Nothing would wake anybody now."),
        N_("Turn the sound on at a page that stays open, or add an address outside, on the page Watch."),
    ),
    "device none": (
        N_("Nothing would wake %(about)s."),
        N_("Turn the sound on at a page that stays open, or add an address outside, on the page Watch."),
    ),
    "backup none": (
        N_("No backup is set up: a fire would take the record."),
        N_("Set backups up on the page Backups; with the desk stopped: goodoffices backup set-up."),
    ),
    "backup failing": (
        N_("Backups fail: %(about)s"),
        N_("It is tried again by itself. Mend what is said there."),
    ),
    "backup first": (
        N_("The first backup is on its way to %(about)s."),
        N_("Wait until it is whole, then try it."),
    ),
    "backup good": (N_("Backed up to %(about)s."), ""),
    "try good": (N_("A restore was tried."), ""),
    "try none": (
        N_("No restore was ever tried with these backups."),
        N_("On another machine run: goodoffices backup try. Type the digits that it shows below."),
    ),
    "try old": (
        N_("The last restore that was tried is long ago."),
        N_("On another machine run: goodoffices backup try. Type the digits that it shows below."),
    ),
    "line unconfirmed": (
        N_("The line %(about)s is not confirmed on both sides."),
        N_("Compare the digits, or remove the line."),
    ),
    "roster waits": (
        N_("Roster %(number)s of %(about)s came by its root’s word alone, and waits."),
        N_("Call their people: the page Lines says what to ask."),
    ),
    "relay one": (
        N_("The line %(about)s has a single relay: if it fails, nothing moves."),
        N_("Agree on a second one with the counterpart and change the line’s relays."),
    ),
    "relay down": (
        N_("The relay %(about)s does not answer."),
        N_("Tell whoever keeps it; see the line status for what still carries."),
    ),
    "peer well": (N_("%(about)s was well when last heard."), ""),
    "peer silent": (
        N_("%(about)s has answered no line test for hours."),
        N_("Call them by another way, and look at the line status."),
    ),
    "peer never": (
        N_("%(about)s was never heard on its line."),
        N_("Make a line test on the page Line status."),
    ),
    "version same": (N_("%(about)s: the version of this desk."), ""),
    "version other": (
        N_("%(about)s: another version than this desk’s."),
        N_("They work together; agree on who moves up and when."),
    ),
}


def in_words(check: Check) -> tuple[str, str]:
    """(what, next step) in English."""
    what, step = WORDS[check.code]
    return what % {"about": check.about, "number": check.number}, step


async def page(ask: Ask) -> Page:
    """Every check, the worst first."""
    ringing = ask.service.ringing
    watch = watch_checks(ringing.alarms, ringing.moment())
    checks = sorted([*ask.service.readiness.checks(), *watch], key=lambda each: ORDER[each.state])
    data = {
        "checks": checks,
        "bad": sum(each.state == "bad" for each in checks),
        "soon": sum(each.state == "soon" for each in checks),
        "proof": any(each.code.startswith("backup ") and each.code != "backup none" for each in checks),
    }
    return Page("readiness.html", ask.views.here(ask.who.officer, ask.now), data, {"ready_words": WORDS})


async def tried(ask: Ask) -> Done:
    """Somebody restored a backup elsewhere and types the digits that only it shows."""
    ask.service.backup.note_try(ask.who.officer.name, ask.form.text("digits"))
    return Done("/ready")


ROUTES = (
    Route("/ready", page, needs=ANYBODY),
    Route("/ready/tried", tried, "POST", back=page, needs=Right.DUTY | Right.KEYS),
)
