"""Who belongs to the cluster: nodes and ping nodes, which share one space of names and one limit."""

from __future__ import annotations

from twisted_ha.config.complaints import Complaints, listed, quoted
from twisted_ha.config.lexer import Statement, Token
from twisted_ha.config.location import Location
from twisted_ha.config.nearby import nearestHost
from twisted_ha.terms import NodeName

__all__ = ["Members"]

_MOST = 100
_LONGEST_NAME = 99


class Members:
    """
    Folds the names (configuration.md section 5).

    @ivar nodes: the ordinary nodes in the order of the file, each with its line.
    @ivar pings: the same for ping nodes.
    """

    def __init__(self, localNode: NodeName, complaints: Complaints) -> None:
        self._localNode = localNode
        self._complaints = complaints
        self.nodes: dict[NodeName, int] = {}
        self.pings: dict[NodeName, int] = {}

    def addNode(self, statement: Statement, token: Token) -> None:
        """Take one word of a C{node} line."""
        name = NodeName(token.text.lower())
        if name in self.nodes:
            self._complaints.warning(
                statement.where(token),
                f"node {quoted(name)} is already in line {self.nodes[name]}; this one is ignored",
                "delete it: heartbeat 3.0.6 makes a second, for ever dead node of it",
                category="duplicate-node",
            )
            return
        if name == "\\":
            self._complaints.warning(
                statement.where(token),
                "this makes a node called backslash",
                "a line of ha.cf cannot be continued: write all nodes on one line, or more node lines",
                category="continuation",
            )
        if name in self.pings:
            self._both(statement, token, name, self.pings.pop(name))
        if self._new(statement, token, name):
            self.nodes[name] = statement.line

    def addPing(self, statement: Statement, token: Token, name: NodeName) -> bool:
        """
        Take a ping node.  A later C{node} line may take its name away again, so in the end only those
        in C{pings} are ping nodes.

        @return: whether it is a new one.
        """
        if name in self.pings:
            self._complaints.warning(
                statement.where(token),
                f"ping node {quoted(name)} is already in line {self.pings[name]}; this one is ignored",
                "delete it",
                category="duplicate-ping-node",
            )
            return False
        if name in self.nodes:
            self._both(statement, token, name, self.nodes[name])
            return False
        if not self._new(statement, token, name):
            return False
        self.pings[name] = statement.line
        return True

    def _both(self, statement: Statement, token: Token, name: NodeName, line: int) -> None:
        """Two nodes of one name cannot be told apart; heartbeat 3.0.6 starts with both."""
        self._complaints.warning(
            statement.where(token),
            f"{quoted(name)} is a node and a ping node at once (see line {line}); it is not pinged",
            "delete the ping; nodes watch each other without it",
            category="node-is-ping-node",
        )

    def _new(self, statement: Statement, token: Token, name: NodeName) -> bool:
        if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
            self._complaints.error(
                statement.where(token),
                f"the name of a node has at most {_LONGEST_NAME} bytes",
                "shorten it",
                category="node-name-too-long",
            )
        elif len(self.nodes) + len(self.pings) >= _MOST:
            self._complaints.error(
                statement.where(token),
                f"there can be {_MOST} nodes, ping nodes included",
                "take some out",
                category="too-many-nodes",
            )
        else:
            return True
        return False

    def inOrder(self) -> tuple[NodeName, ...]:
        """Everybody, in the order of the file: what the original's tools list."""
        lines = {**self.nodes, **self.pings}
        return tuple(sorted(lines, key=lambda name: lines[name]))

    def check(self, uname: str, whole: Location) -> None:
        """
        Whether there are nodes, and this one is among them.

        @param uname: what the machine calls itself.
        @param whole: the file.
        """
        if not self.nodes:
            self._complaints.error(
                whole,
                "no node is named",
                f"write node {self._localNode} and a node line for the other machine",
                category="no-nodes",
            )
        elif self._localNode not in self.nodes:
            self._localMissing(uname, whole)
        elif len(self.nodes) == 1:
            self._complaints.warning(
                whole, "only one node is named: nobody can take over", category="single-node"
            )

    def _localMissing(self, uname: str, whole: Location) -> None:
        source = "this machine is called" if self._localNode == uname.lower() else "nodeinfo says"
        hint = f"write node {self._localNode}"
        near = nearestHost(self._localNode, self.nodes)
        if near:
            hint += f"; if it is {listed(near, 'or')}, write that name into nodeinfo beside ha.cf"
        self._complaints.error(
            whole,
            f"{source} {quoted(self._localNode)}, which is not among the nodes",
            hint,
            category="local-node-missing",
        )
