"""What somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable

from twisted_ha.config.complaints import listed

__all__ = ["didYouMean", "nearest", "nearestHost"]

_LONGEST = 100
"""Longer words are not compared: no name is that long, and comparing is quadratic."""

_ALIKE = 0.6
_AS_GOOD = 0.1
"""A second suggestion is made only if it is nearly as like as the first."""


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known words most like C{word}, ignoring case; at most two, best first."""
    if len(word) > _LONGEST:
        return []
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(name.lower(), name)
    import difflib  # nobody needs it while all words are known

    near = difflib.get_close_matches(word.lower(), folded, n=2, cutoff=_ALIKE)
    ratios = [difflib.SequenceMatcher(None, word.lower(), name).ratio() for name in near]
    return [
        folded[name] for name, ratio in zip(near, ratios, strict=True) if ratio > ratios[0] - _AS_GOOD
    ]


def nearestHost(word: str, known: Iterable[str]) -> list[str]:
    """
    The known names of machines most like C{word}: those with the same first label, whatever domain
    they are in, else as L{nearest}.
    """
    names = list(known)
    label = word.lower().partition(".")[0]
    same = [name for name in names if name.lower().partition(".")[0] == label]
    return same[:2] or nearest(word, names)


def didYouMean(word: str, known: Iterable[str]) -> str:
    """C{"did you mean x?"}, or nothing if nothing is near."""
    near = nearest(word, known)
    return f"did you mean {listed(near, 'or')}?" if near else ""
