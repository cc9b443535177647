"""
The directives with one value: reading it, the rule of repetition, and the texts that are recorded.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted_ha.config.complaints import Complaints, quoted
from twisted_ha.config.directives import DIRECTIVES, Directive, Repeat
from twisted_ha.config.lexer import Statement, Token
from twisted_ha.config.location import Location
from twisted_ha.config.model import Origin, Parameter
from twisted_ha.config.values import Refusal, Value
from twisted_ha.frozen import dataclass

__all__ = ["Setting", "Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    A value somebody wrote.

    @ivar token: the word as written, which is what is recorded.
    """

    value: Value
    token: Token
    statement: Statement

    @property
    def where(self) -> Location:
        """The place of the value."""
        return self.statement.where(self.token)


class Settings:
    """
    The single values of C{ha.cf}.

    A value that could not be read is remembered as I{broken}, so that no check complains about what
    follows from its absence.
    """

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints
        self._written: dict[str, Setting] = {}
        self._broken: set[str] = set()
        self._derived: dict[str, Parameter] = {}

    def apply(self, directive: Directive, statement: Statement, token: Token) -> Setting | None:
        """
        Take one word of one line.

        @return: the new setting; L{None} if the word was refused.
        """
        assert directive.read is not None
        earlier = self._written.get(directive.key)
        if directive.repeat is Repeat.ONCE and (earlier is not None or directive.key in self._broken):
            at = f" (line {earlier.statement.line})" if earlier is not None else ""
            self._complaints.error(
                statement.where(token),
                f"{directive.name} is already given{at}",
                "only one is allowed; delete one of them",
                category=f"{directive.key}-twice",
            )
            return None
        try:
            read = directive.read(token.text)
        except Refusal as refusal:
            self._broken.add(directive.key)
            self._complaints.error(
                statement.where(token),
                f"{directive.name}: {quoted(token.text)} {refusal}",
                refusal.hint,
                category=directive.category,
            )
            return None
        if read.remark:
            self._complaints.warning(
                statement.where(token),
                f"{directive.name}: {quoted(token.text)} {read.remark}",
                category="odd-value",
            )
        made = Setting(value=read.value, token=token, statement=statement)
        if earlier is not None and earlier.token.text != token.text:
            self._overridden(directive, earlier, made)
        self._written[directive.key] = made
        self._derived.pop(directive.key, None)
        return made

    def _overridden(self, directive: Directive, earlier: Setting, later: Setting) -> None:
        if earlier.statement.line == later.statement.line:
            self._complaints.warning(
                later.where,
                f"{directive.name} takes one value; {quoted(later.token.text)}, the last one, is used",
                category="several-values",
            )
            return
        self._complaints.warning(
            later.where,
            f"{directive.name} {quoted(later.token.text)} replaces {quoted(earlier.token.text)}"
            f" of line {earlier.statement.line}",
            "keep one of the two lines",
            category="repeated",
        )

    def breakValue(self, name: str) -> None:
        """Somebody else refused this value."""
        self._broken.add(name)
        self._written.pop(name, None)

    def forget(self, name: str) -> None:
        """Undo what was written so far."""
        self._written.pop(name, None)

    def derive(self, name: str, text: str, how: str) -> None:
        """Record a value that nobody wrote."""
        self._derived[name] = Parameter(text=text, origin=Origin.DERIVED, where=how)

    def get(self, name: str) -> Setting | None:
        """What was written for this directive."""
        return self._written.get(name)

    def broken(self, *names: str) -> bool:
        """Whether one of these was written and refused."""
        return any(name in self._broken for name in names)

    def number(self, name: str) -> float | None:
        """The value of a time or number, in seconds if a time."""
        found = self._written.get(name)
        return float(found.value) if found is not None and not isinstance(found.value, str) else None

    def integer(self, name: str) -> int | None:
        """The value of a whole number."""
        found = self._written.get(name)
        return found.value if found is not None and isinstance(found.value, int) else None

    def flag(self, name: str, default: bool) -> bool:
        """The value of a boolean."""
        found = self._written.get(name)
        return found.value if found is not None and isinstance(found.value, bool) else default

    def text(self, name: str) -> str | None:
        """The value of a word."""
        found = self._written.get(name)
        return found.value if found is not None and isinstance(found.value, str) else None

    def parameters(self) -> Mapping[str, Parameter]:
        """
        Everything recorded, in the order of the table: as written, derived, or the default
        (configuration.md sections 4.3 and 9.2).
        """
        made: dict[str, Parameter] = {}
        for directive in DIRECTIVES.values():
            name = directive.key
            if not directive.recorded or directive.alias:
                continue
            written = self._written.get(name)
            if name in self._derived:
                made[name] = self._derived[name]
            elif written is not None:
                made[name] = Parameter(
                    text=written.token.text, origin=Origin.FILE, where=written.statement.place()
                )
            elif directive.default is not None:
                made[name] = Parameter(
                    text=directive.default, origin=Origin.DEFAULT, where="the default"
                )
        return made
