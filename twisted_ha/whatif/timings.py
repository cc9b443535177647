"""How long a cluster's scripts take: C{IPaddr start 300ms}, one to an option or to a line of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twisted_ha.config.model import ResourceGroup
from twisted_ha.config.nearby import didYouMean
from twisted_ha.errors import HeartbeatError
from twisted_ha.sim.scenario import seconds

__all__ = ["Timing", "TimingError", "parseTiming", "parseTimings"]

VERBS = ("start", "stop", "status")
_FORM = 'write "RESOURCE start|stop|status TIME", for example "IPaddr start 300ms"'


class TimingError(HeartbeatError):
    """What was said about how long a script takes cannot be used; the text says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """
    One operation of one resource, or of all resources of an agent.

    @ivar name: a word of C{haresources}, or an agent: C{IPaddr::10.0.0.9}, C{IPaddr}.
    @ivar seconds: how long it takes.
    @ivar where: who said so, for complaints: C{--timing}, C{timings:3}.
    """

    name: str
    verb: str
    seconds: float
    where: str

    def tokens(
        self, groups: Sequence[ResourceGroup], written: Sequence[ResourceGroup]
    ) -> dict[tuple[str, str], float]:
        """
        Which operations of C{groups} it speaks of.

        @param written: the groups as C{haresources} has them.
        @raise TimingError: none there has that name.
        """
        known = {word for group in written for one in group.resources for word in (one.token, one.agent)}
        if self.name not in known:
            guess = didYouMean(self.name, known)
            names = ", ".join(sorted(known)) or "nothing"
            raise TimingError(
                f'{self.where}: there is no resource "{self.name}" in haresources;'
                f" {guess + ' ' if guess else ''}it has {names}"
            )
        return {
            (one.token, self.verb): self.seconds
            for group in groups
            for one in group.resources
            if self.name in (one.agent, one.token, one.token.rpartition("@")[0])
        }


def parseTiming(text: str, where: str = "--timing") -> Timing:
    """
    Read one.

    @raise TimingError: it is not written so.
    """
    words = text.split()
    if len(words) != 3:
        raise TimingError(f'{where}: "{text}" is no timing; {_FORM}')
    name, verb, length = words
    if verb.lower() not in VERBS:
        raise TimingError(f'{where}: "{verb}" is no operation of a resource; {_FORM}')
    try:
        return Timing(name=name, verb=verb.lower(), seconds=seconds(length), where=where)
    except ValueError as error:
        raise TimingError(f"{where}: {error}") from None


def parseTimings(lines: Iterable[str], file: str) -> Iterable[Timing]:
    """
    Read a file: a timing a line; C{#} begins a comment.

    @param file: its path, for complaints.
    @raise TimingError: a line is not written so.
    """
    for number, line in enumerate(lines, start=1):
        bare = line.partition("#")[0].strip()
        if bare:
            yield parseTiming(bare, f"{file}:{number}")
