"""
C{cl_status}: the original's tool, with its commands, output and exit status.

It is a casual client of the API socket, and signs on even for C{hbstatus}.  It starts at once, since it
needs little but the standard library.

@see: client-api.md section 11.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TextIO

from twisted_ha.errors import WireError
from twisted_ha.hbapi.frames import FrameError, FrameReader, frameOf, readBody
from twisted_ha.wire.message import Message

__all__ = ["SOCKET", "VARIABLE", "main", "run"]

SOCKET = "/var/run/heartbeat/register"
VARIABLE = "HA_REGISTER"
"""The environment variable that names another socket."""

NORMAL_FAILURE, BAD_PARAMETER, TIMED_OUT, UNKNOWN = 1, 11, 12, 13
_LIMIT = 5
"""Seconds after which it ends, whatever it waits for."""

_PATIENCE = 500
"""Milliseconds for the answer of another node."""

_FALSE = ("no", "false", "off", "n", "0")
_UNREACHABLE = "hb_api_signon: Can't initiate connection to heartbeat"
_USAGE = """\
usage: cl_status COMMAND [options] [arguments]

  hbstatus                      whether heartbeat runs on this machine
  listnodes                     the nodes; -n ordinary ones, -p ping nodes, -v with their links
  nodestatus NODE               up, active, dead, ping...
  nodetype NODE                 normal or ping
  nodeweight NODE               as set with setweight
  nodesite NODE                 as set with setsite
  listhblinks NODE              the links of a node; -v with their status
  hblinkstatus NODE LINK        up or dead
  clientstatus NODE CLIENT [MS] whether a program is signed on there: online or offline
  rscstatus                     what this node holds: none, local, foreign, all, or transition
  hbparameter -p NAME           a directive of ha.cf

  -m  as a sentence             -v  (hbstatus) with version and nodes

exit status: 0 yes, 1 no, 11 wrong arguments, 12 no answer in 5 s, 13 unknown
"""


class _Failed(Exception):
    """The daemon cannot be asked, or says no; the text is the reason."""


class _Stopped(_Failed):
    """Nobody answers at all."""


class _Late(_Failed):
    """An answer did not come in time."""


class _Connection:
    """
    A casual client.

    @ivar welcome: the answer to the sign-on.
    """

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._reader = FrameReader()
        self._node = os.uname().nodename.lower()
        self._pid = str(os.getpid())
        self.welcome = Message()
        try:
            self._socket.connect(path)
        except OSError as error:
            raise _Stopped(_UNREACHABLE) from error

    def close(self) -> None:
        """Say goodbye to whoever let us in."""
        if self.welcome.get("result") == "OK":
            with contextlib.suppress(_Failed):
                self._say("signoff")
        self._socket.close()

    def signOn(self) -> None:
        """@raise _Failed: this user may not; or nobody answers."""
        self._say("signon", uid=str(os.geteuid()), gid=str(os.getegid()))
        self.welcome = self._answer("signon")
        self._node = self.welcome.get("node") or self._node
        if self.welcome.get("result") != "OK":
            raise _Failed(self.welcome.get("info") or "")

    def ask(self, request: str, **arguments: str) -> Message:
        """@raise _Failed: the answer is no."""
        return self.askAll(request, **arguments)[-1]

    def askAll(self, request: str, **arguments: str) -> list[Message]:
        """All frames of an answer."""
        self._say(request, **arguments)
        answers = [self._answer(request)]
        while answers[-1].get("result") == "ok/more":
            answers.append(self._answer(request))
        if answers[-1].get("result") != "OK":
            raise _Failed(answers[-1].get("info") or "")
        return answers

    def clientStatus(self, node: str, client: str, milliseconds: int) -> str:
        """What this node's daemon knows, or the other one answers within that time."""
        end = time.monotonic() + milliseconds / 1000
        self._say("clientstatus", node=node, cn=client)
        while True:
            message = self._receive(end)
            if message.type == "respond-cstatus" or message.get("subt") == "respond-cstatus":
                return message.get("cs") or ""

    def _say(self, request: str, **arguments: str) -> None:
        values = {"reqtype": request, "dest": self._node, "pid": self._pid, "from_id": self._pid}
        try:
            self._socket.sendall(frameOf(Message.of("hbapi-req", **values, **arguments)))
        except (OSError, WireError) as error:
            raise _Failed(str(error)) from error

    def _answer(self, request: str) -> Message:
        while True:
            message = self._receive(None)
            if message.type == "hbapi-resp" and message.get("reqtype") == request:
                return message

    def _receive(self, end: float | None) -> Message:
        try:
            while (body := self._reader.next()) is None:
                if (
                    end is not None
                    and not select.select([self._socket], [], [], max(0.0, end - time.monotonic()))[0]
                ):
                    raise _Late("No timely response.")
                data = self._socket.recv(65536)
                if not data:
                    raise _Failed("the daemon has closed the connection")
                self._reader.feed(data)
            return readBody(body)
        except (OSError, WireError, FrameError) as error:
            raise _Failed(str(error)) from error


class _Usage(Exception):
    """Wrong arguments; the text goes to stderr, if it is not empty."""


class _Command:
    """
    One invocation that has signed on.

    @ivar options: the letters given, with the argument of those that have one.
    """

    def __init__(
        self,
        connection: _Connection,
        options: Mapping[str, str],
        arguments: Sequence[str],
        out: TextIO,
        err: TextIO,
    ) -> None:
        self._api = connection
        self._arguments = arguments
        self._out = out
        self._err = err
        self._options = options
        self._human = "m" in options
        self._verbose = "v" in options

    def _print(self, text: str) -> None:
        # The daemon's words may come from another machine; bytes that are no text pass unharmed.
        print(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), file=self._out)

    def _say(self, sentence: str, word: str) -> None:
        self._print(f"{sentence}{word}" if self._human else word)

    def _need(self, count: int, complaint: str) -> None:
        if len(self._arguments) < count:
            raise _Usage(complaint)

    def _wrong(self, *lines: str) -> None:
        for line in lines:
            print(_errorLine(line), file=self._err)

    def hbstatus(self) -> int:
        if not self._verbose:
            self._print("Heartbeat is running on this machine.")
            return 0
        version = self._api.welcome.get("hbversion") or "unknown"
        manager = "haresources" if self._haresources() else "pacemaker"
        if self._human:
            self._print(f"Heartbeat version {version}")
            self._print(f'Resources controlled by "{manager}"')
        else:
            self._print(f"version:\t{version}")
            self._print(f'managed by:\t"{manager}"')
        return self.listnodes()

    def _haresources(self) -> bool:
        return (self._api.welcome.get("pacemaker") or "no").lower() in _FALSE

    def listnodes(self) -> int:
        try:
            nodes = self._api.askAll("nodelist")
        except _Failed as error:
            self._wrong("Cannot start node walk.", f"REASON: {error}")
            return UNKNOWN
        wanted = {kind for letter, kind in (("n", "normal"), ("p", "ping")) if letter in self._options}
        if self._human:
            self._print("The nodes are as follow:")
        for answer in reversed(nodes):
            name, kind = answer.get("node") or "", answer.get("nodetype") or ""
            if wanted and kind not in wanted:
                continue
            if not self._verbose:
                self._print(name)
                continue
            self._print(f"\n{name}\t{answer.get('st')}\t(nodetype: {kind})")
            if self._links(name):
                return UNKNOWN
        return 0

    def _links(self, node: str) -> int:
        try:
            links = self._api.askAll("iflist", node=node)
        except _Failed as error:
            self._wrong("Cannot start heartbeat link interface walk.", f"REASON: {error}")
            return UNKNOWN
        if self._human:
            self._print("\tthis node has the following heartbeat links:")
        for link in reversed(links):
            status = f"\t{link.get('st')}" if self._verbose else ""
            self._print(f"\t{link.get('ifname')}{status}")
        return 0

    def listhblinks(self) -> int:
        self._need(1, "No enough parameter.")
        return self._links(self._arguments[0])

    def _ofNode(self, request: str, field: str, complaint: str, sentence: str) -> str | None:
        node = self._arguments[0]
        try:
            word = self._api.ask(request, node=node).get(field) or ""
        except _Failed:
            print(complaint, file=self._err)
            return None
        self._say(sentence.format(node), word)
        return word

    def nodestatus(self) -> int:
        self._need(1, "Not enough parameters.")
        status = self._ofNode("nodestatus", "st", _MAY_BE, "The cluster node {} is ")
        if status is None:
            return BAD_PARAMETER
        return 0 if status in ("active", "up", "ping") else NORMAL_FAILURE

    def nodeweight(self) -> int:
        self._need(1, "Not enough parameters.")
        complaint = "Error. Maybe due to incorrect node name."
        found = self._ofNode("nodeweight", "weight", complaint, "The weight of the cluster node {} is ")
        return BAD_PARAMETER if found is None else 0

    def nodesite(self) -> int:
        self._need(1, "Not enough parameters.")
        found = self._ofNode("nodesite", "site", _MAY_BE, "The site of the cluster node {} is ")
        return BAD_PARAMETER if found is None else 0

    def nodetype(self) -> int:
        self._need(1, "No enough parameter.")
        found = self._ofNode("nodetype", "nodetype", _MAY_BE, "The node {}'s type: ")
        return BAD_PARAMETER if found is None else 0

    def hblinkstatus(self) -> int:
        self._need(2, "No enough parameter.")
        node, link = self._arguments[:2]
        try:
            status = self._api.ask("ifstatus", node=node, ifname=link).get("st") or ""
        except _Failed:
            self._wrong("Cannot get heartbeat link status", "REASON: ")
            return UNKNOWN
        self._say(f"The node {node}'s heartbeat link {link} is ", status)
        return 0 if status == "up" else NORMAL_FAILURE

    def clientstatus(self) -> int:
        self._need(2, "No enough parameter.")
        node, client = self._arguments[:2]
        wait = self._arguments[2] if len(self._arguments) > 2 else str(_PATIENCE)
        try:
            status = self._api.clientStatus(node, client, int(wait) if wait.isdecimal() else 0)
        except _Failed as error:
            self._wrong(f"Cannot get heartbeat client {client}'s status", f"REASON: {error}")
            return UNKNOWN
        self._print(status)
        return {"online": 0, "offline": 1, "join": 2, "leave": 3}.get(status, UNKNOWN)

    def rscstatus(self) -> int:
        if not self._haresources():
            self._wrong("the resources are not managed by haresources")
            return NORMAL_FAILURE
        try:
            held = self._api.ask("getrsc").get("rsc_hold") or ""
        except _Failed as error:
            self._wrong("Cannot get cluster resource status", f"REASON: {error}")
            return UNKNOWN
        self._print(f"This node is holding {held} resources." if self._human else held)
        return 0

    def hbparameter(self) -> int:
        name = self._options.get("p")
        if name is None:
            self._wrong("parameter name required")
            return BAD_PARAMETER
        reason, value = "", None
        try:
            if name in ("hbversion", "pacemaker"):
                value = self._api.welcome.get(name)
            else:
                value = self._api.ask("getparm", pname=name).get("pvalue")
        except _Failed as error:
            reason = str(error)
        if value is None:
            self._wrong(f"Cannot get parameter {name}'s value", f"REASON: {reason}")
            return NORMAL_FAILURE
        self._say(f"Heartbeat parameter {name}'s value: ", value)
        return 0

    def test(self) -> int:
        welcome = self._api.welcome
        held = self._api.ask("getrsc").get("rsc_hold")
        self._print(f"Dead time: {int(welcome.get('deadtime') or '0', 16)}")
        self._print(f" keeplive time: {int(welcome.get('keepalive') or '0', 16)}")
        self._print(f" mynodeid: {welcome.get('node')}")
        self._print(f" rsc: {held}")
        return 0


_MAY_BE = "Error. May be due to incorrect node name"
_COMMANDS: dict[str, tuple[str, Callable[[_Command], int]]] = {
    "hbstatus": ("mv", _Command.hbstatus),
    "listnodes": ("mnpv", _Command.listnodes),
    "nodestatus": ("m", _Command.nodestatus),
    "nodeweight": ("m", _Command.nodeweight),
    "nodesite": ("m", _Command.nodesite),
    "nodetype": ("m", _Command.nodetype),
    "listhblinks": ("mv", _Command.listhblinks),
    "hblinkstatus": ("m", _Command.hblinkstatus),
    "clientstatus": ("m", _Command.clientstatus),
    "rscstatus": ("m", _Command.rscstatus),
    "hbparameter": ("mp:", _Command.hbparameter),
    "test": ("m", _Command.test),
}


def main() -> NoReturn:
    """The console command C{cl_status}."""
    signal.signal(signal.SIGALRM, lambda *_: os._exit(TIMED_OUT))
    signal.alarm(_LIMIT)
    try:
        status = run(sys.argv, os.environ, sys.stdout, sys.stderr)
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(NORMAL_FAILURE)
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def run(argv: Sequence[str], environment: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """
    Ask one thing.

    @param argv: with the program's name.
    @return: the exit status.
    """
    if len(argv) < 2 or argv[1] in ("-h", "--help"):
        out.write(_USAGE)
        return 0
    name = argv[1]
    if name not in _COMMANDS:
        print(_errorLine(f"{name}: invalid sub-command."), file=err)
        return BAD_PARAMETER
    letters, command = _COMMANDS[name]
    connection: _Connection | None = None
    try:
        try:
            connection = _Connection(environment.get(VARIABLE) or SOCKET)
            connection.signOn()
        except _Failed as error:
            if name == "hbstatus":
                return _notSignedOn(connection, str(error), argv, out)
            print(_errorLine("Cannot signon with heartbeat"), file=err)
            print(_errorLine(f"REASON: {error}"), file=err)
            return NORMAL_FAILURE
        options, arguments = _options(name, argv[2:], letters)
        return command(_Command(connection, options, arguments, out, err))
    except _Usage as error:
        print(error, file=err)
        return BAD_PARAMETER
    except _Failed as error:
        print(_errorLine(f"REASON: {error}"), file=err)
        return UNKNOWN
    finally:
        if connection is not None:
            connection.close()


def _notSignedOn(connection: _Connection | None, reason: str, argv: Sequence[str], out: TextIO) -> int:
    """C{hbstatus} without a sign-on: whoever refuses runs."""
    refused = connection is not None and connection.welcome.get("deadtime") is not None
    if refused:
        print("Heartbeat is apparently running on this machine, but refuses my connection", file=out)
    else:
        print("Heartbeat is stopped on this machine.", file=out)
    if any(word.startswith("-") and "v" in word for word in argv[2:]):
        print(f"({reason})", file=out)
    return 0 if refused else NORMAL_FAILURE


def _options(command: str, words: Sequence[str], letters: str) -> tuple[dict[str, str], list[str]]:
    """
    Options wherever they stand, as C{getopt} of the C library reads them.

    @raise _Usage: there is no such option, or its argument is missing.
    """
    options: dict[str, str] = {}
    arguments: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return options, arguments + rest
        if not word.startswith("-") or word == "-":
            arguments.append(word)
            continue
        cluster = word[1:]
        while cluster:
            letter, cluster = cluster[0], cluster[1:]
            place = letters.find(letter)
            if place < 0 or letter == ":":
                raise _Usage(_getoptError(f"{command}: invalid option -- '{letter}'"))
            if letters[place + 1 : place + 2] != ":":
                options[letter] = ""
                continue
            if not cluster and not rest:
                raise _Usage(_getoptError(f"{command}: option requires an argument -- '{letter}'"))
            options[letter], cluster = cluster or rest.pop(0), ""
    return options, arguments


def _getoptError(complaint: str) -> str:
    return f"{complaint}\n{_errorLine('Error: getopt returnedcharacter code ?.')}"


def _errorLine(text: str) -> str:
    stamp = time.strftime("%b %d %H:%M:%S")
    return f"{stamp} {os.uname().nodename} cl_status: [{os.getpid()}]: ERROR: {text}"
