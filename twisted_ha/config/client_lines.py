"""The directives about programs beside the daemon: C{respawn}, C{failfast}, C{apiauth}."""

from __future__ import annotations

from twisted_ha.config.complaints import Complaints, listed, quoted
from twisted_ha.config.host import IHostQueries
from twisted_ha.config.lexer import Statement, Token
from twisted_ha.config.location import Location
from twisted_ha.config.model import ApiAuth, Respawn

__all__ = ["ClientLines"]

_LONGEST_NAME = 31
"""Bytes of a client's name in the original's API."""
_MOST_ID = 2**32 - 2
_BUILT_IN = (
    ("ipfail", ("hacluster",), ()),
    ("ccm", ("hacluster",), ()),
    ("ping", (), ("haclient",)),
    ("lha-snmpagent", ("root",), ()),
    ("anon", ("root",), ("haclient",)),
)
"""The rules for names no C{apiauth} mentions (client-api.md section 6)."""


class ClientLines:
    """
    Folds these lines in the order of the file.

    @ivar respawn: the programs to keep running.
    """

    def __init__(self, host: IHostQueries, complaints: Complaints) -> None:
        self._host = host
        self._complaints = complaints
        self._rules: dict[str, ApiAuth] = {}
        self._lines: dict[str, int] = {}
        self.respawn: list[Respawn] = []

    def respawnLine(self, statement: Statement) -> None:
        """Take C{respawn} or C{failfast}."""
        name = statement.name.text
        words = statement.words()
        example = f"write {name} hacluster /usr/local/lib/heartbeat/ipfail"
        if not words:
            self._error(statement, None, "a user and a command must follow", example, "respawn-user")
            return
        user = words[0]
        good = True
        if self._host.userId(user.text) is None:
            self._error(
                statement,
                user,
                f"there is no user {quoted(user.text)}",
                example if user.text.startswith("/") else "create it, or name another",
                "respawn-user",
            )
            good = False
        if len(words) < 2:
            if good:
                self._error(
                    statement, user, "a command must follow the user", example, "respawn-command"
                )
            return
        program = words[1]
        if not program.text.startswith("/"):
            self._error(
                statement,
                program,
                f"{quoted(program.text)} is not an absolute path",
                "write the path from / on",
                "respawn-not-executable",
            )
        elif not self._host.executable(program.text):
            self._error(
                statement,
                program,
                f"{quoted(program.text)} is not an executable file",
                "install it, or correct the path",
                "respawn-not-executable",
            )
        elif good:
            command = statement.rest.text[program.column - statement.rest.column :]
            made = Respawn(user=user.text, command=command, failfast=name == "failfast")
            self.respawn.append(made)

    def apiauthLine(self, statement: Statement) -> None:
        """Take C{apiauth}."""
        words = statement.words()
        if not words:
            self._bad(statement, None, "a client's name must follow", _EXAMPLE)
            return
        client = words[0]
        if len(client.text.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
            self._bad(
                statement, client, f"a client's name has at most {_LONGEST_NAME} bytes", "shorten it"
            )
            return
        if client.text in self._lines:
            self._bad(
                statement,
                client,
                f"{quoted(client.text)} already has a rule in line {self._lines[client.text]}",
                "join the two into one line",
            )
            return
        self._lines[client.text] = statement.line
        if len(words) == 1:
            self._bad(statement, client, "nobody is named who may use it", _EXAMPLE)
            return
        lists: dict[str, frozenset[int]] = {}
        for token in words[1:]:
            kind, equals, _ = token.text.partition("=")
            if kind not in ("uid", "gid") or not equals:
                self._bad(
                    statement, token, f"{quoted(token.text)} is neither uid=... nor gid=...", _EXAMPLE
                )
            elif kind in lists:
                self._bad(statement, token, f"{kind}= is there already", "join the two with a comma")
            else:
                lists[kind] = self._ids(statement, token, kind)
        self._rules[client.text] = ApiAuth(
            client=client.text,
            uids=lists.get("uid", frozenset()),
            gids=lists.get("gid", frozenset()),
        )

    def rules(self, whole: Location) -> tuple[ApiAuth, ...]:
        """
        Every rule, the built-in ones for other names included.

        An account that does not exist on this machine leaves its rule out, with a warning.
        """
        missing: dict[str, None] = {}
        made = list(self._rules.values())
        for client, users, groups in _BUILT_IN:
            if client in self._lines:
                continue
            uids = {name: self._host.userId(name) for name in users}
            gids = {name: self._host.groupId(name) for name in groups}
            missing.update((f"user {name}", None) for name, number in uids.items() if number is None)
            missing.update((f"group {name}", None) for name, number in gids.items() if number is None)
            rule = ApiAuth(
                client=client,
                uids=frozenset(number for number in uids.values() if number is not None),
                gids=frozenset(number for number in gids.values() if number is not None),
                builtin=True,
            )
            if rule.uids or rule.gids:
                made.append(rule)
        if missing:
            self._complaints.warning(
                whole,
                f"there is no {listed(missing, 'or')} on this machine",
                "programs like ipfail and cl_status that rely on it are refused, root's are not",
                category="no-service-account",
            )
        return tuple(made)

    def _ids(self, statement: Statement, token: Token, kind: str) -> frozenset[int]:
        what, find = ("user", self._host.userId) if kind == "uid" else ("group", self._host.groupId)
        found: set[int] = set()
        column = token.column + len(kind) + 1
        for name in token.text[len(kind) + 1 :].split(","):
            part = Token(name, column)
            column += len(name) + 1
            if not name:
                self._bad(
                    statement, part, f"a {what} is missing here", "delete the comma, or write a name"
                )
            elif name.isascii() and name.isdigit():
                number = int(name[:12])
                if number > _MOST_ID:
                    self._bad(
                        statement, part, f"{quoted(name)} is not a number of a {what}", "write the name"
                    )
                else:
                    found.add(number)
            else:
                known = find(name)
                if known is None:
                    self._bad(
                        statement,
                        part,
                        f"there is no {what} {quoted(name)}",
                        "create it, or take it out",
                    )
                else:
                    found.add(known)
        return frozenset(found)

    def _bad(self, statement: Statement, token: Token | None, message: str, hint: str) -> None:
        self._error(statement, token, message, hint, "apiauth-invalid")

    def _error(
        self, statement: Statement, token: Token | None, message: str, hint: str, category: str
    ) -> None:
        self._complaints.error(
            statement.where(token), f"{statement.name.text}: {message}", hint, category=category
        )


_EXAMPLE = "write for example apiauth ipfail uid=hacluster"
