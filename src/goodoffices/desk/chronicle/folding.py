# SPDX-License-Identifier: Apache-2.0
"""Words as the search compares them: one form for what a reader would call the same word.

Works letter by letter, from Unicode's own decompositions and small tables. It knows no grammar but what would
hide half of a text: the joiner inside Persian words, which may be a blank or nothing; what is written before an
Arabic word without a blank; and hamza, which stands on one carrier here and on another there, or on none.
"""

from __future__ import annotations

import re
import unicodedata

MAX_ASKED = 16
"""Words of one question that are looked for."""
JOINER = "\u200c"
HAMZA = "\u0654"
"""Hamza above a carrier, as letters with it decompose."""
BEFORE = tuple(
    f"{first}{article}"
    for first, article in (
        ("\u0648", "\u0627\u0644"),  # wa-l-: and the
        ("\u0628", "\u0627\u0644"),  # bi-l-
        ("\u0641", "\u0627\u0644"),  # fa-l-
        ("\u06a9", "\u0627\u0644"),  # ka-l-
        ("", "\u0627\u0644"),  # al-
        ("", "\u0644\u0644"),  # li-l-
    )
)
"""The article and what merges with it, written before the word without a blank."""
AND = "\u0648"
"""wa-: and. Its word must stay long enough, for many words begin with this letter."""
SHORTEST, SHORTEST_AFTER_AND = 3, 4
"""Letters that a word keeps without what stands before it, or it keeps that."""
ALEF = "\u0627"
CARRIERS = ("\u0627", "\u0648", "\u06cc", "")
"""What hamza stands on: alef, waw, yeh, or nothing."""
FIRST_PARTS = ("\u0646\u0645\u06cc", "\u0645\u06cc")
"""nemi-, mi-: of verbs, before a joiner, a blank or nothing."""
LAST_PARTS = (
    "\u0647\u0627\u06cc\u06cc",
    "\u0647\u0627\u06cc",
    "\u0647\u0627",
    "\u062a\u0631\u06cc\u0646",
    "\u062a\u0631",
)
"""-hayi, -haye, -ha, -tarin, -tar: plurals and comparisons, after a joiner, a blank or nothing."""
EZAFE = "\u06cc"
NEAR = 4
"""Words that may stand between two such: the ways in which the first is written too."""

_LETTERS = str.maketrans(
    {
        "\u064a": "\u06cc",  # Arabic yeh is the Persian one
        "\u0649": "\u06cc",  # alef maksura
        "\u06d2": "\u06cc",  # Urdu's large yeh
        "\u0643": "\u06a9",  # Arabic kaf is the Persian one
        "\u06aa": "\u06a9",  # swash kaf
        "\u0629": "\u0647",  # teh marbuta: Persian writes heh
        "\u06c0": "\u0647",  # heh with yeh above
        "\u06d5": "\u0647",  # ae, what the letter before decomposes to
        "\u06c1": "\u0647",  # heh goal
        "\u06be": "\u0647",  # heh doachashmee
        "\u0671": "\u0627",  # alef wasla
        "\u0621": None,  # hamza by itself: written at the end of a word, or left out
        "\u0640": None,  # tatweel only stretches a word
        "\u066c": None,  # parts the thousands of a number
    }
)
_LETTER = f"(?:[^\\W_]|{HAMZA})"
_PREFIXED = frozenset(each[0] for each in (*BEFORE, AND))
_WORD = re.compile(f"{_LETTER}+(?:{JOINER}+{_LETTER}+)*")
_THOUSANDS = re.compile(r"(?<=[0-9])[,\u2019'](?=[0-9]{3}(?![0-9]))")
_ON_HEH = re.compile(f"(?<=\u0647){HAMZA}")
_AT_FIRST = re.compile(f"(?<![^\\W_])(\u0627){HAMZA}")


def folded(text: str) -> str:
    """Letters in one form: no case, no vowel signs and accents, digits of every script as ASCII.

    Hidden characters go, but for the joiner between the parts of a Persian word.
    """
    return _told(text).replace(HAMZA, "")


def _told(text: str) -> str:
    """As ``folded``, with hamza left on its carrier where the carrier could be another one."""
    out: list[str] = []
    for char in unicodedata.normalize("NFKD", text):
        category = unicodedata.category(char)
        if char in (JOINER, HAMZA):
            out.append(char)
        elif category == "Nd":
            out.append(str(unicodedata.decimal(char)))
        elif category not in ("Mn", "Me", "Cf", "Cs"):
            out.append(char)
    plain = _THOUSANDS.sub("", "".join(out).translate(_LETTERS).casefold())
    # On heh it is a vowel of Persian grammar; at the beginning of a word there is but one carrier.
    return _AT_FIRST.sub(r"\1", _ON_HEH.sub("", plain))


def words_of(text: str) -> list[str]:
    """The words of a text as they are kept: a joined word whole and in its parts, one with an article also without,
    one with hamza in each way in which it is written."""
    kept: list[str] = []
    for found in _WORD.findall(_told(text)):
        if found[0] not in _PREFIXED and HAMZA not in found and JOINER not in found:
            kept.append(found)
            continue
        parts = [each for each in found.split(JOINER) if each.strip(HAMZA)]
        ways = _written("".join(parts))
        if len(parts) > 1:
            ways += [each.replace(HAMZA, "") for each in parts]
        ways += [bare for each in ways[:1] for bare in _bare(each)]
        kept += [each for each in dict.fromkeys(ways) if each]
    return kept


def asked(question: str) -> str:
    """A question as FTS5 takes it: every word must be there, each also as the beginning of a longer one.

    Two words that follow each other may stand as one. Empty if nothing in it is a word. Nothing is an operator.
    """
    found = [
        [each for each in word.split(JOINER) if each.strip(HAMZA)] for word in _WORD.findall(_told(question))
    ]
    words = [parts for parts in found if parts][:MAX_ASKED]
    if len(words) > 1:
        words = [parts for parts in words if parts != [EZAFE]] or words
    whole = ["".join(parts).replace(HAMZA, "") for parts in words]
    terms = []
    for at, parts in enumerate(words):
        ways = _ways(parts)
        ways += [
            f'"{"".join(pair)}"*' for pair in (whole[max(0, at - 1) : at + 1], whole[at : at + 2]) if pair[1:]
        ]
        ways = list(dict.fromkeys(ways))
        terms.append(ways[0] if len(ways) == 1 else "(" + " OR ".join(ways) + ")")
    return " AND ".join(terms)


def _ways(parts: list[str]) -> list[str]:
    """How one word of a question may stand in a text."""
    joined = "".join(parts)
    forms = _written(joined)
    ways = [f'"{each}"*' for each in forms]
    own = [each for each in (part.replace(HAMZA, "") for part in parts) if each]
    if len(own) > 1:
        own = [each for each in own if each != EZAFE] or own
        ways.append("(" + " AND ".join(f'"{each}"*' for each in own) + ")")
    else:
        ways += [f'"{each}"*' for each in _bare(forms[0])]
        ways += [f'NEAR("{first}"* "{last}"*, {NEAR})' for first, last in _apart(forms[0])]
    return ways


def _written(word: str) -> list[str]:
    """A word in each way in which its first hamza may be written; without one, the word."""
    plain, at = word.replace(HAMZA, ""), word.find(HAMZA)
    before, after = word[: max(0, at - 1)], word[at + 1 :].replace(HAMZA, "")
    if not before or (word[at - 1] == ALEF and (len(before) == 1 or before in BEFORE)):
        return [plain]  # at the beginning, also behind an article or one letter, there is but one carrier
    return list(dict.fromkeys([plain, *(f"{before}{carrier}{after}" for carrier in CARRIERS)]))


def _bare(word: str) -> list[str]:
    """A word without the article and what merges with it, and without an 'and'."""
    for before in BEFORE:
        if word.startswith(before) and len(word) - len(before) >= SHORTEST:
            return [word.removeprefix(before)]
    if word.startswith(AND) and len(word) - 1 >= SHORTEST_AFTER_AND:
        return [word[1:]]
    return []


def _apart(word: str) -> list[tuple[str, str]]:
    """A Persian word that is asked for as one, as two beside each other."""
    ways = [
        (first, word.removeprefix(first))
        for first in FIRST_PARTS
        if word.startswith(first) and len(word) - len(first) >= SHORTEST - 1
    ]
    ways += [
        (word.removesuffix(last), last)
        for last in LAST_PARTS
        if word.endswith(last) and len(word) - len(last) >= SHORTEST - 1
    ]
    return ways
