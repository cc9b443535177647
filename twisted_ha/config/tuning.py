"""
C{twisted_ha.cf}: the optional fourth file, for what heartbeat's own files have no word for.

It reads like C{ha.cf}: one directive a line, C{#} begins a comment, times are in seconds or end in
C{ms}.  A file for heartbeat itself never needs to change because of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType

from twisted_ha.config.complaints import Complaints, listed, quoted
from twisted_ha.config.lexer import Statement, Token, statements
from twisted_ha.config.model import Deadlines, ResourceGroup, StopFailure, Tuning
from twisted_ha.config.nearby import didYouMean
from twisted_ha.config.values import Reader, Refusal, Value, choice, span

__all__ = ["DIRECTIVES", "parse"]

_EXAMPLES = {
    "start_deadline": "write start_deadline 60",
    "stop_deadline": "write stop_deadline 60",
    "status_deadline": "write status_deadline 20",
    "deadline": "write for example deadline agent Filesystem stop 120",
    "stop_failure": "write stop_failure hold, reboot or ignore",
    "address_conflict": "write address_conflict refuse or take",
    "address_probe": "write address_probe 20ms",
}
DIRECTIVES = tuple(_EXAMPLES)
"""Every directive of this file."""
_OPERATIONS = ("start", "stop", "status")
_LONGEST_PROBE = 10.0
_deadline = span(zero=False)
_probe = span(zero=True)
_failure = choice(tuple(item.value for item in StopFailure))
_conflict = choice(("refuse", "take"))


def parse(file: str, text: str, *, groups: Collection[ResourceGroup], complaints: Complaints) -> Tuning:
    """
    Read C{text}.

    @param groups: those of C{haresources}: a deadline for a name none of them has is warned of.
    """
    fold = _Fold(groups, complaints)
    for statement in statements(file, text, complaints):
        fold.take(statement)
    return fold.finish()


class _Fold:
    """The state between two lines."""

    def __init__(self, groups: Collection[ResourceGroup], complaints: Complaints) -> None:
        self._complaints = complaints
        self._names = {
            "group": [group.key for group in groups],
            "agent": sorted({resource.agent for group in groups for resource in group.resources}),
        }
        self._general: dict[str, float] = {}
        self._special: dict[str, dict[str, dict[str, float]]] = {"group": {}, "agent": {}}
        self._lines: dict[tuple[str, ...], int] = {}
        self._stopFailure = StopFailure.HOLD
        self._take = False
        self._probeTime = Tuning().probeTime

    def take(self, statement: Statement) -> None:
        """Fold one line."""
        name = statement.name.text
        if name == "deadline":
            self._deadlineLine(statement)
            return
        if name not in DIRECTIVES:
            hint = didYouMean(name, DIRECTIVES) or f"this file knows {listed(DIRECTIVES)}"
            self._error(statement, None, f"{quoted(name)} is not a directive", hint, "unknown-directive")
            return
        words = statement.words()
        if not words:
            self._error(statement, None, f"{name}: a value must follow", _EXAMPLES[name], "no-value")
            return
        if len(words) > 1:
            self._error(
                statement, words[1], f"{name} takes one value", "delete the rest", "surplus-argument"
            )
            return
        self._single(statement, words[0])

    def _single(self, statement: Statement, word: Token) -> None:
        name = statement.name.text
        reader = {"stop_failure": _failure, "address_conflict": _conflict, "address_probe": _probe}
        value = self._read(statement, word, name, reader.get(name, _deadline))
        if value is None:
            return
        self._repeated(statement, word, (name,))
        if name == "stop_failure":
            self._stopFailure = StopFailure(value)
        elif name == "address_conflict":
            self._take = value == "take"
        elif name == "address_probe":
            if float(value) > _LONGEST_PROBE:
                self._error(
                    statement,
                    word,
                    f"{name}: {quoted(word.text)} would delay every takeover by that long",
                    "write a time up to 10, for example 20ms",
                    "value",
                )
            self._probeTime = float(value)
        else:
            self._general[name.removesuffix("_deadline")] = float(value)

    def _deadlineLine(self, statement: Statement) -> None:
        words = statement.words()
        if len(words) != 4:
            self._error(
                statement,
                words[4] if len(words) > 4 else None,
                "deadline: agent or group, a name, an operation and a time must follow",
                _EXAMPLES["deadline"],
                "deadline-argument",
            )
            return
        kind, name, operation, time = words
        if kind.text not in self._special:
            self._error(
                statement,
                kind,
                f"deadline: {quoted(kind.text)} is neither agent nor group",
                didYouMean(kind.text, self._special) or _EXAMPLES["deadline"],
                "deadline-argument",
            )
            return
        if operation.text not in _OPERATIONS:
            self._error(
                statement,
                operation,
                f"deadline: {quoted(operation.text)} is not an operation",
                f"write {listed(_OPERATIONS, 'or')}",
                "deadline-argument",
            )
            return
        value = self._read(statement, time, "deadline", _deadline)
        if value is None:
            return
        known = self._names[kind.text]
        if name.text not in known:
            self._complaints.warning(
                statement.where(name),
                f"haresources has no {kind.text} {quoted(name.text)}",
                didYouMean(name.text, known)
                or (f"it has {listed(known[:8])}" if known else "it has no groups"),
                category="unused-deadline",
            )
        self._repeated(statement, time, (kind.text, name.text, operation.text))
        self._special[kind.text].setdefault(name.text, {})[operation.text] = float(value)

    def _read(self, statement: Statement, word: Token, name: str, reader: Reader) -> Value | None:
        try:
            read = reader(word.text)
        except Refusal as refusal:
            message = f"{name}: {quoted(word.text)} {refusal}"
            self._error(statement, word, message, refusal.hint, "value")
            return None
        if read.remark:
            self._complaints.warning(
                statement.where(word),
                f"{name}: {quoted(word.text)} {read.remark}",
                category="odd-value",
            )
        return read.value

    def _repeated(self, statement: Statement, word: Token, what: tuple[str, ...]) -> None:
        earlier = self._lines.get(what)
        if earlier is not None:
            self._complaints.warning(
                statement.where(word),
                f"this replaces line {earlier}",
                "keep one of the two lines",
                category="repeated",
            )
        self._lines[what] = statement.line

    def _error(
        self, statement: Statement, token: Token | None, message: str, hint: str, category: str
    ) -> None:
        self._complaints.error(statement.where(token), message, hint, category=category)

    def finish(self) -> Tuning:
        """The values; what a special deadline leaves open is as for everything else."""
        general = replace(Deadlines(), **self._general)
        return Tuning(
            deadlines=general,
            groupDeadlines=MappingProxyType(
                {name: replace(general, **given) for name, given in self._special["group"].items()}
            ),
            agentDeadlines=MappingProxyType(
                {name: replace(general, **given) for name, given in self._special["agent"].items()}
            ),
            stopFailure=self._stopFailure,
            takeConflicting=self._take,
            probeTime=self._probeTime,
        )
