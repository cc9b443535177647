"""
The directives that name a fencing device: C{stonith} and C{stonith_host} (resource-management.md
section 3.12).

A device named and not used would be worse than none, because people rely on it.  So a type we cannot
drive is an error, and one we can is said aloud.  These lines hold passwords of power switches:
complaints about them never show the line.
"""

from __future__ import annotations

from twisted_ha.config.complaints import Complaints, quoted
from twisted_ha.config.host import IHostQueries
from twisted_ha.config.lexer import Statement, Token
from twisted_ha.config.model import FencingDevice
from twisted_ha.config.nearby import didYouMean
from twisted_ha.terms import NodeName

__all__ = ["FencingLines"]

_NATIVE = ("meatware", "null")
_EXTERNAL = "external/"


class FencingLines:
    """
    Folds these lines; the last one that is for this node counts.

    @ivar device: the device, or L{None}.
    """

    def __init__(self, localNode: NodeName, host: IHostQueries, complaints: Complaints) -> None:
        self._localNode = localNode
        self._host = host
        self._complaints = complaints
        self._line = 0
        self.device: FencingDevice | None = None

    def stonithLine(self, statement: Statement) -> None:
        """Take C{stonith type file}."""
        statement = statement.hidden()
        words = statement.words()
        if len(words) < 2:
            self._bad(statement, None, "a type and a file must follow", _EXAMPLE)
            return
        kind, file = words[0], words[1]
        good = self._known(statement, kind)
        text = self._host.readText(file.text) if file.text.startswith("/") else None
        if text is None:
            self._bad(
                statement,
                file,
                f"the file {quoted(file.text)} cannot be read",
                "write the absolute path of the device's parameters",
            )
        elif good:
            lines = (line.strip() for line in text.split("\n"))
            first = next((line for line in lines if line and not line.startswith("#")), "")
            self._take(
                statement,
                FencingDevice(type=kind.text, parameters=tuple(first.split()), file=file.text),
            )

    def hostLine(self, statement: Statement) -> None:
        """Take C{stonith_host node type parameter ...}; other nodes' devices are left alone."""
        statement = statement.hidden()
        words = statement.words()
        if len(words) < 2:
            self._bad(statement, None, "a node or *, and a type must follow", _EXAMPLE)
            return
        host, kind, *parameters = words
        if host.text != "*" and host.text.lower() != self._localNode:
            return
        if self._known(statement, kind):
            self._take(
                statement,
                FencingDevice(type=kind.text, parameters=tuple(word.text for word in parameters)),
            )

    def _known(self, statement: Statement, kind: Token) -> bool:
        name = kind.text
        script = name.removeprefix(_EXTERNAL)
        if name in _NATIVE or (script != name and script.strip(".") and "/" not in script):
            return True
        near = didYouMean(name, _NATIVE)
        self._bad(
            statement,
            kind,
            f"{quoted(name)} is not a type of device that can be driven here",
            near or "write external/SCRIPT, meatware (asks a person) or null (trusts that it is dead)",
        )
        return False

    def _take(self, statement: Statement, device: FencingDevice) -> None:
        if self.device is not None:
            self._complaints.warning(
                statement.where(),
                f"this device replaces the one of line {self._line}",
                "only one is kept; delete the other line",
                category="fencing-replaced",
            )
        self._line = statement.line
        self.device = device
        if device.type == "null":
            said, hint = "a dead node is not reset at all", "name a real device before data is at stake"
        elif device.type == "meatware":
            said = "a dead node's resources are taken only after a person says that it is off"
            hint = "they use meatclient -c NODE"
        else:
            said = f"a dead node is reset by {device.type} before its resources are taken"
            hint = "while that fails, nothing is taken"
        self._complaints.warning(
            statement.where(),
            f"fencing with {quoted(device.type)}: {said}",
            f"{hint} (only external/..., meatware and null can be driven here)",
            category="fencing",
        )

    def _bad(self, statement: Statement, token: Token | None, message: str, hint: str) -> None:
        self._complaints.error(
            statement.where(token),
            f"{statement.name.text}: {message}",
            hint,
            category="stonith-invalid",
        )


_EXAMPLE = "write for example stonith_host * external/mydevice NODE"
