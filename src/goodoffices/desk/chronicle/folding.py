# SPDX-License-Identifier: Apache-2.0
"""Words as the search compares them: one form for what a reader would call the same word.

Works letter by letter, from Unicode's own decompositions and one small table; it knows no grammar but two
things that would hide half of a text: the joiner inside Persian words, and the Arabic article.
"""

from __future__ import annotations

import re
import unicodedata

MAX_ASKED = 16
"""Words of one question that are looked for."""
JOINER = "\u200c"
ARTICLE = ("\u0627\u0644", "\u0648\u0627\u0644")
"""al-, and wa-l-: written without a blank before the word that it belongs to."""
SHORTEST = 3
"""Letters that a word keeps without its article, or it keeps the article."""

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
        "\u0640": None,  # tatweel only stretches a word
    }
)
_WORD = re.compile(r"[^\W_]+(?:\u200c+[^\W_]+)*")


def folded(text: str) -> str:
    """Letters in one form: no case, no vowel signs and accents, digits of every script as ASCII.

    Hidden characters go, but for the joiner between the parts of a Persian word.
    """
    out: list[str] = []
    for char in unicodedata.normalize("NFKD", text):
        category = unicodedata.category(char)
        if char == JOINER:
            out.append(char)
        elif category == "Nd":
            out.append(str(unicodedata.decimal(char)))
        elif category not in ("Mn", "Me", "Cf", "Cs"):
            out.append(char)
    return "".join(out).translate(_LETTERS).casefold()


def words_of(text: str) -> list[str]:
    """The words of a text as they are kept: a joined word whole and in its parts, one with an article also without."""
    kept: list[str] = []
    for found in _WORD.findall(folded(text)):
        parts = found.split(JOINER)
        kept.append("".join(parts))
        if len(parts) > 1:
            kept += [each for each in parts if each]
        for each in (parts[0],) if len(parts) == 1 else ():
            bare = _without_article(each)
            if bare is not None:
                kept.append(bare)
    return kept


def asked(question: str) -> str:
    """A question as FTS5 takes it: every word must be there, each also as the beginning of a longer one.

    Empty if nothing in it is a word. Nothing of it is read as an operator.
    """
    terms = []
    for found in _WORD.findall(folded(question))[:MAX_ASKED]:
        parts = [each for each in found.split(JOINER) if each]
        ways = [f'"{"".join(parts)}"*']
        if len(parts) > 1:
            ways.append("(" + " AND ".join(f'"{each}"*' for each in parts) + ")")
        else:
            bare = _without_article(parts[0])
            if bare is not None:
                ways.append(f'"{bare}"*')
        terms.append(ways[0] if len(ways) == 1 else "(" + " OR ".join(ways) + ")")
    return " AND ".join(terms)


def _without_article(word: str) -> str | None:
    for article in reversed(ARTICLE):
        if word.startswith(article) and len(word) - len(article) >= SHORTEST:
            return word.removeprefix(article)
    return None
