"""C{auto_failback} and its obsolete opposite (resource-management.md sections 3.1 and 4.8, B15)."""

from __future__ import annotations

from twisted_ha.config.complaints import Complaints, quoted
from twisted_ha.config.lexer import Statement, Token
from twisted_ha.config.location import Location
from twisted_ha.config.settings import Setting, Settings
from twisted_ha.config.values import FALSE, TRUE
from twisted_ha.terms import FailbackMode

__all__ = ["FailbackLines"]


class FailbackLines:
    """Folds the two directives in the order of the file: the last one counts."""

    def __init__(self, settings: Settings, complaints: Complaints) -> None:
        self._settings = settings
        self._complaints = complaints
        self._nice: FailbackMode | None = None

    def autoWritten(self, setting: Setting) -> None:
        """An C{auto_failback} was read: it replaces what C{nice_failback} said before."""
        self._nice = None

    def niceWord(self, statement: Statement, token: Token) -> None:
        """
        Take C{nice_failback}.

        The original ends up in legacy mode whatever stands there, unless C{auto_failback} was on or
        off before, when it ends up in off.  We do what was meant, and say what another program does.
        """
        if token.text.lower() not in (*TRUE, *FALSE):
            self._complaints.error(
                statement.where(token),
                f"nice_failback: {quoted(token.text)} is neither true nor false",
                "write auto_failback off instead, on all nodes",
                category="nice_failback-invalid",
            )
            return
        earlier = self._settings.get("auto_failback")
        negotiated = earlier is not None and earlier.value != "legacy"
        wanted = token.text.lower() in TRUE
        mode = "off" if wanted or negotiated else "legacy"
        hint = f"write auto_failback {mode} instead, on all nodes"
        if mode == "off" and not negotiated:
            hint += ": a peer running heartbeat takes this line for legacy, and the two do not mix"
        self._complaints.warning(
            statement.where(token),
            f"nice_failback is obsolete; {quoted(token.text)} is taken as auto_failback {mode}",
            hint,
            category="nice_failback-obsolete",
        )
        self._settings.forget("auto_failback")
        self._settings.derive("auto_failback", mode, f"nice_failback at {statement.place()}")
        self._nice = FailbackMode(mode)

    def mode(self, whole: Location) -> FailbackMode:
        """
        The mode in the end; a warning if it is legacy, chosen or not.

        @param whole: the file, for complaints about what nobody wrote.
        """
        setting = self._settings.get("auto_failback")
        if self._nice is not None:
            mode = self._nice
        elif setting is None or setting.value == "legacy":
            mode = FailbackMode.LEGACY
        else:
            mode = FailbackMode.ON if setting.value in TRUE else FailbackMode.OFF
        if mode is FailbackMode.LEGACY and not self._settings.broken("auto_failback"):
            self._complaints.warning(
                whole if setting is None else setting.where,
                "auto_failback is legacy: the nodes do not tell each other what they hold",
                "write auto_failback on or off, on all nodes",
                category="legacy-auto_failback",
            )
        return mode
