# SPDX-License-Identifier: Apache-2.0
"""The words for every silence (P6): what it is called, and what somebody without training does about it."""

from __future__ import annotations

from goodoffices.web.words import N_

SIGNS = {
    "open": "●",
    "relay down": "◕",
    "locked": "◧",
    "not heard": "○",
    "silent": "▲",
    "left": "■",
    "relays down": "✕",
    "route down": "✕",
    "confirm here": "!",
    "confirm there": "!",
}
"""A shape for each state, so that nothing hangs on colour."""

CARRIED = frozenset({"route down", "relays down", "silent"})
"""States in which nothing passes on the line, and a stick or pictures still do."""
CALM = frozenset({"open", "not heard", "relay down"})
"""States in which nothing has to be done now."""

NOTES = {
    "not arrived": N_("not yet at the intermediary’s desk"),
    "not forwarded": N_("at the intermediary’s desk, not forwarded"),
    "on the way": N_("forwarded, not yet at the far desk"),
    "not opened": N_("at the far desk, nobody has opened it"),
    "no answer": N_("opened, and no answer"),
    "refused": N_("refused"),
    "returned": N_("returned with a question"),
    "expired": N_("expired, not forwarded"),
    "on paper": N_("handed over on paper, and no answer"),
    "altered": N_("altered on the way"),
}

CAUCUS_NOTES = {
    "not arrived": N_("not yet at their desk"),
    "not forwarded": N_("at their desk, nobody has opened it"),
    "not opened": N_("at their desk, nobody has opened it"),
}
"""In a lane that ends at the next desk, the same rungs say something else."""

ADVICE = {
    "not arrived": N_("It is safe here and is sent by itself. Look at the line above: it says what is down."),
    "not forwarded": N_(
        "Their desk has it. If the time allowed has run out, call the intermediary’s duty officer, or ask in "
        "the service chat whether anybody is there."
    ),
    "on the way": N_(
        "The intermediary has passed it on; the far desk has not signed for it. Ask the intermediary for the "
        "state of its line to them."
    ),
    "not opened": N_(
        "It lies at their desk and is safe. Nobody there has read it. Ask the intermediary to wake their "
        "duty officer."
    ),
    "no answer": N_(
        "They have read it: that is signed by them. Silence after that is a choice or takes time; it is no "
        "fault of the line. Tell the principal."
    ),
    "refused": N_("Read the reason on the note’s page. It was not passed on."),
    "returned": N_("The intermediary asks something. Answer it to the intermediary alone, or write anew."),
    "on paper": N_(
        "It was put into their hands; the intermediary signed to whom and when. Ask it for a reply."
    ),
    "expired": N_("It was not passed on. Write anew if it still matters."),
    "altered": N_(
        "What arrived is not what was signed. Do not repeat it on this channel; tell your superior."
    ),
}

OWN_LOCKED = N_(
    "Nobody is signed in here. This desk collects and stores, and the other desks are told that it is locked."
)
