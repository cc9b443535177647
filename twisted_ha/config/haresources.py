"""
C{haresources}: one parser for what the original reads with two that disagree
(resource-management.md section 1 and bugs B1, B18).

Comments are stripped from each physical line first, then lines are joined.  A group is found by its
line, never by searching the file for its name.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from twisted_ha.config.complaints import Complaints, listed, quoted
from twisted_ha.config.lexer import locate
from twisted_ha.config.location import Location
from twisted_ha.config.model import Resource, ResourceGroup
from twisted_ha.config.nearby import nearestHost
from twisted_ha.frozen import dataclass
from twisted_ha.terms import NodeName

__all__ = ["parse", "resourceOf"]

_BLANK = " \t\r\f\v"
_WORD = re.compile(r"[^ \t\r\f\v]+")
_ADDRESS = re.compile(r"[0-9].*\.[0-9].*\.[0-9].*\.[0-9].*", re.DOTALL)
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a logical line and where it begins."""

    text: str
    where: Location


def resourceOf(token: str) -> Resource:
    """
    What one word means: a bare address is C{IPaddr::} and that address; empty arguments vanish.
    """
    if _ADDRESS.fullmatch(token):
        return Resource(
            token=token, agent="IPaddr", arguments=tuple(part for part in token.split("::") if part)
        )
    agent, *arguments = token.split("::")
    return Resource(token=token, agent=agent, arguments=tuple(part for part in arguments if part))


def parse(
    file: str,
    text: str,
    *,
    nodes: Collection[NodeName] | None,
    pingNodes: Collection[NodeName],
    complaints: Complaints,
) -> tuple[ResourceGroup, ...]:
    """
    Read C{text}.

    @param file: its path, for complaints.
    @param nodes: the nodes of C{ha.cf}; L{None} if they are not known, when none is checked.
    @param pingNodes: they count as nodes here, though nothing will ever run on one.
    @return: the groups that have resources, in the order of the file.  Their keys differ: a second
        group with the same first resource gets its line number appended, as in C{10.0.0.1#7}.
    """
    reader = _Reader(file, nodes, pingNodes, complaints)
    for words in _logicalLines(file, text, complaints):
        reader.take(words)
    return tuple(reader.groups)


def _logicalLines(file: str, text: str, complaints: Complaints) -> list[list[_Word]]:
    """The words of each logical line; lines without any are left out."""
    lines: list[list[_Word]] = []
    joined = ""
    places: list[tuple[int, int, str]] = []
    """For each physical line in C{joined}: its offset there, its number, its text."""

    def finish() -> None:
        words = []
        for match in _WORD.finditer(joined):
            offset, number, line = next(place for place in reversed(places) if place[0] <= match.start())
            column = match.start() - offset + 1
            words.append(_Word(match.group(), locate(file, number, line, column, len(match.group()))))
        if words:
            lines.append(words)

    physical = text.split("\n")
    for number, line in enumerate(physical, 1):
        body, comment, said = line.partition("#")
        stripped = body.rstrip(_BLANK)
        whole = locate(file, number, line)
        if comment and said.rstrip(_BLANK).endswith("\\"):
            complaints.warning(
                whole,
                "the backslash is part of the comment: this line is not continued",
                "move the comment to a line of its own",
                category="backslash-in-comment",
            )
        if "\0" in stripped:
            complaints.error(
                whole, "there is a NUL byte on this line", "is this a text file?", category="nul-byte"
            )
            stripped = stripped.replace("\0", " ")
        continues = stripped.endswith("\\") and not comment
        if continues and body.rstrip("\r") != stripped:
            complaints.warning(
                whole,
                "there are blanks after the backslash; the line is continued all the same",
                "delete them: heartbeat itself does not continue it",
                category="blanks-after-backslash",
            )
        if joined and joined[-1] not in _BLANK and stripped[:1].strip(_BLANK):
            complaints.warning(
                locate(file, number, line, 1, 1),
                "the last word of the line before and the first of this one become one word",
                "begin a continuing line with a blank",
                category="fused-words",
            )
        places.append((len(joined), number, line))
        joined += stripped[:-1] if continues else stripped
        if continues and number < len(physical):
            continue
        if continues:
            complaints.warning(
                whole, "the file ends in a backslash", "delete it", category="ends-in-backslash"
            )
        finish()
        joined = ""
        places.clear()
    return lines


class _Reader:
    """The state between two logical lines."""

    def __init__(
        self,
        file: str,
        nodes: Collection[NodeName] | None,
        pingNodes: Collection[NodeName],
        complaints: Complaints,
    ) -> None:
        self._file = file
        self._nodes = nodes
        self._pingNodes = pingNodes
        self._complaints = complaints
        self._seen: dict[str, int] = {}
        self._byKey: dict[str, ResourceGroup] = {}
        self.groups: list[ResourceGroup] = []

    def take(self, words: list[_Word]) -> None:
        """Take one group."""
        node, *rest = words
        name = NodeName(node.text.lower())
        self._checkNode(node, name)
        line = node.where.line
        if not rest:
            self._complaints.warning(
                node.where,
                f"{quoted(node.text)} stands alone: this group is empty and does nothing",
                "write its resources on the same line",
                category="empty-group",
            )
            return
        key = rest[0].text
        earlier = self._byKey.get(key)
        if earlier is not None:
            key = f"{key}#{line}"
            self._complaints.warning(
                rest[0].where,
                f"a group called {quoted(earlier.key)} is already in line {earlier.line}; this one is"
                f" called {quoted(key)} here, and both are started, each by its own node",
                "begin each line with a resource of its own: heartbeat itself mixes the two lines up",
                category="duplicate-key",
            )
        for number, word in enumerate(rest):
            self._checkWord(word, line, first=number == 0)
        group = ResourceGroup(
            key=key, node=name, resources=tuple(resourceOf(word.text) for word in rest), line=line
        )
        self._byKey[key] = group
        self.groups.append(group)

    def _checkNode(self, node: _Word, name: NodeName) -> None:
        if self._nodes is None or name in self._nodes:
            return
        if name in self._pingNodes:
            self._complaints.warning(
                node.where,
                f"{quoted(node.text)} is a ping node: nothing can run there",
                "name one of the nodes",
                category="haresources-ping-node",
            )
            return
        near = nearestHost(name, self._nodes)
        hint = f"did you mean {listed(near, 'or')}?" if near else ""
        if not hint and name == "\\":
            hint = "there must be no empty line with a backslash"
        elif not hint and (_ADDRESS.fullmatch(node.text) or "::" in node.text):
            hint = (
                "a line begins with the name of a node; to continue the line before, end that in a"
                " backslash"
            )
        self._complaints.error(
            node.where,
            f"{quoted(node.text)} is not a node of ha.cf",
            hint or "write one of its node names",
            category="haresources-bad-node",
        )

    def _checkWord(self, word: _Word, line: int, *, first: bool) -> None:
        earlier = self._seen.setdefault(word.text, line)
        if earlier != line and not (first and word.text in self._byKey):
            self._complaints.warning(
                word.where,
                f"{quoted(word.text)} is also in line {earlier}: releasing one group stops it for both",
                "let every resource stand in one group only",
                category="shared-resource",
            )
        resource = resourceOf(word.text)
        if not resource.agent:
            self._complaints.warning(
                word.where,
                f"{quoted(word.text)} names no script before the colons; it cannot be started",
                category="no-agent",
            )
        if any(_WILDCARD.search(argument) for argument in resource.arguments):
            self._complaints.warning(
                word.where,
                f"{quoted(word.text)} is handed to the script as it is written",
                "heartbeat itself lets the shell replace * and ? by names of files",
                category="wildcard",
            )
        if resource.agent == "IPaddr":
            self._checkAddress(word, resource)

    def _checkAddress(self, word: _Word, resource: Resource) -> None:
        """The script decides; but a slip in an address is better seen now than at the takeover."""
        if not resource.arguments:
            reason, hint = "names no address", "write IPaddr::10.0.0.1/24"
        else:
            address, *more = resource.arguments[0].split("/")
            reason = hint = ""
            try:
                ipaddress.IPv4Address(address)
            except ValueError:
                reason, hint = (
                    f"has no valid address ({quoted(address)})",
                    "write for example 10.0.0.1/24",
                )
            if not reason and more and not re.fullmatch(r"[1-9]|[12][0-9]|3[0-2]", more[0]):
                reason = f"has no valid netmask ({quoted(more[0])})"
                hint = "write a number from 1 to 32, for example /24"
        if reason:
            self._complaints.warning(
                word.where, f"{quoted(word.text)} {reason}", hint, category="odd-address"
            )
