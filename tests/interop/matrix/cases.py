"""Which story is told with which setting."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.interop.matrix import stories, troubles
from tests.interop.matrix.chance import byChance
from tests.interop.matrix.crowd import CROWDS, MEMBERS, THIRD
from tests.interop.matrix.settings import MEDIA, ORIGINALS, OURS, PAIRS, Setting
from tests.interop.matrix.story import STORIES, Story

__all__ = ["LONG", "Case", "caseNamed", "compared", "matching", "matrix"]

_TOLD = (stories, troubles)
"""The modules whose stories are in L{STORIES} once they are imported."""


@dataclass(frozen=True, slots=True)
class Case:
    """
    One story with one setting.

    @ivar name: C{pair/medium-auth-msgfmt-failback/story}.
    """

    setting: Setting
    story: Story

    @property
    def name(self) -> str:
        pair, *others = self.setting.words
        return f"{pair}/{'-'.join(others)}/{self.story.name}"


LONG = ("loss",)
"""Stories of minutes."""

_BASIC = ("together", "move", "power-alpha", "power-beta")
_WITHOUT_FAILBACK = (
    "first-alpha",
    "first-beta",
    "power-alpha",
    "power-beta",
    "reboot-alpha",
    "reboot-beta",
    "restart-alpha",
    "restart-beta",
    "stop-alpha",
    "stop-beta",
    "kill-alpha",
    "kill-beta",
    "moves",
    "heal",
    "slow-takeover-alpha",
    "slow-takeover-beta",
    "giver-dies-alpha",
    "giver-dies-beta",
    "taker-dies-alpha",
    "taker-dies-beta",
)
_LEGACY = ("together", "power-alpha", "power-beta", "stop-alpha", "stop-beta")
_TABLE: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    ({}, tuple(name for name in STORIES if name not in ("one-of-two", *LONG))),
    ({"failback": "off"}, _WITHOUT_FAILBACK),
    ({"failback": "legacy"}, _LEGACY),
    *(({"medium": medium}, _BASIC) for medium in MEDIA if medium not in ("bcast", "bcast+bcast")),
    *(
        ({"medium": medium}, ("one-of-two",))
        for medium in ("bcast+serial", "bcast+mcast", "bcast+bcast")
    ),
    *(({"auth": auth}, _BASIC) for auth in ("crc", "md5")),
    # Two originals never finish a standby with it; nothing is promised of moves.
    ({"msgfmt": "netstring"}, ("together", "power-alpha", "power-beta", "stop-alpha", "stop-beta")),
    ({"medium": "serial", "auth": "md5", "failback": "off"}, ("move", "stop-alpha", "stop-beta")),
    ({"auth": "crc", "msgfmt": "netstring"}, ("power-alpha",)),
    ({}, LONG),
)


def matrix(seeds: Iterable[int] = range(1, 11)) -> Iterator[Case]:
    """
    Every case, the long ones last.

    @param seeds: those of the stories by chance, told of both pairs and of two nodes of ours.
    """
    for values, names in _TABLE[:-1]:
        for pair in PAIRS:
            for name in names:
                yield Case(Setting(pair=pair, **values), STORIES[name])
    for seed in seeds:
        for number, pair in enumerate(PAIRS):
            yield Case(Setting(pair=pair, failback=("on", "off")[(seed + number) % 2]), byChance(seed))
        medium, failback = ("bcast+serial", "bcast")[seed % 2], ("off", "on")[seed % 2]
        yield Case(Setting(pair=OURS, medium=medium, failback=failback), byChance(seed))
    for crowd, story in CROWDS:
        yield Case(Setting(pair=crowd), story)
    for pair in PAIRS:
        for name in LONG:
            yield Case(Setting(pair=pair), STORIES[name])


def compared(cases: Iterable[Case]) -> Iterator[Case]:
    """The same stories with two originals, once each."""
    told = set()
    for case in cases:
        pair, *others = case.setting.words
        if pair not in PAIRS:
            continue
        setting = Setting(
            pair=ORIGINALS, medium=others[0], auth=others[1], msgfmt=others[2], failback=others[3]
        )
        beside = Case(setting, case.story)
        if beside.name not in told:
            told.add(beside.name)
            yield beside


def caseNamed(name: str) -> Case:
    """
    The case of that name, whether it is in the matrix or not.

    @raise ValueError: there is no such setting or story; says which words there are.
    """
    try:
        if name.count("/") != 2:
            raise ValueError("it has three parts")
        pair, setting, story = name.split("/")
        *medium, auth, msgfmt, failback = setting.split("-")
        made = Setting(pair=pair, medium="-".join(medium), auth=auth, msgfmt=msgfmt, failback=failback)
        made.plan(), made.kinds
        if story.startswith("chance-"):
            return Case(made, byChance(int(story.removeprefix("chance-"))))
        return Case(made, {**STORIES, MEMBERS.name: MEMBERS, THIRD.name: THIRD}[story])
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{name}: no such case ({error}); write PAIR/MEDIUM-AUTH-MSGFMT-FAILBACK/STORY with a pair"
            f" of ours and theirs, a medium of {', '.join(MEDIA)}, and a story of {', '.join(STORIES)}"
        ) from error


def matching(cases: Iterable[Case], patterns: Iterable[str]) -> list[Case]:
    """
    The cases whose name, or one of the three parts of it, is like one of C{patterns}.

    @param patterns: as in a shell: C{serial*}, C{*/stop-*}; none at all means every case.
    """
    wanted = tuple(patterns)

    def like(name: str) -> bool:
        parts = (name, *name.split("/"))
        return any(fnmatch.fnmatchcase(part, pattern) for part in parts for pattern in wanted)

    return [case for case in cases if not wanted or like(case.name)]
