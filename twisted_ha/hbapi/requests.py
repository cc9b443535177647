"""
What a signed-on client may ask, and the answers: same fields, same order as the original's.

@see: client-api.md section 7.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Container

from twisted_ha.cluster.nodes import NodeView
from twisted_ha.errors import WireError
from twisted_ha.hbapi.clients import Client
from twisted_ha.hbapi.kinds import CLIENT_QUERY, QUERY_ANSWER, Kind
from twisted_ha.hbapi.node import IClusterNode
from twisted_ha.terms import FACILITIES
from twisted_ha.version import VERSION
from twisted_ha.wire.message import Message

__all__ = ["RESPONSE", "Requests"]

RESPONSE = "hbapi-resp"

_PRODUCT = f"{VERSION} (twisted_ha)"
_MILLISECONDS = 1000
_LONGEST_QUEUE = 4096
_NEVER = frozenset({signal.SIGKILL, signal.SIGSTOP})
_LAST_SIGNAL = 31
_HEXADECIMAL = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,8}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,8}", re.ASCII)
_KNOWN = sum(Kind)
_DEBUG = _KNOWN & ~Kind.NORMAL

_Answer = list[Message]


class Requests:
    """Answers for a node."""

    def __init__(self, node: IClusterNode, present: Container[str], ownUid: int | None = None) -> None:
        """
        @param present: the ids of the clients that are signed on here.
        @param ownUid: the user of the daemon; that of this process if not given.
        """
        self._node = node
        self._present = present
        self._ownUid = os.geteuid() if ownUid is None else ownUid
        self._handlers: dict[str, Callable[[Client, Message], _Answer]] = {
            "nodelist": self._nodelist,
            "nodestatus": self._ofNode("st", lambda view: view.status),
            "nodeweight": self._ofNode("weight", lambda view: str(view.weight)),
            "nodesite": self._ofNode("site", lambda view: view.site),
            "nodetype": self._ofNode("nodetype", _typeOf),
            "numnodes": self._numnodes,
            "iflist": self._iflist,
            "ifstatus": self._ifstatus,
            "clientstatus": self._clientstatus,
            "getparm": self._getparm,
            "getrsc": lambda client, request: [_done(request, rsc_hold=self._node.holdings())],
            "setfilter": self._setfilter,
            "setsignal": self._setsignal,
            "set_sendqlen": self._setQueue,
            "getuuid": self._getuuid,
            "getnodename": self._getnodename,
        }

    def answer(self, client: Client, request: Message) -> list[Message]:
        """The frames that answer C{request}; none for what has no answer, or will have one later."""
        handler = self._handlers.get(request.get("reqtype") or "")
        return [_bad(request)] if handler is None else handler(client, request)

    def signedOn(self, request: Message, refusal: str = "") -> Message:
        """
        The answer to a sign-on; a refused client is told the same, since that is how C{cl_status} sees
        that the daemon runs.

        @param refusal: why it may not; empty if it may.
        """
        config = self._node.config
        outcome = {"info": refusal, "result": "badreq"} if refusal else {"result": "OK"}
        pacemaker = config.parameters.get("pacemaker")
        return _reply(
            request,
            **outcome,
            deadtime=_hexadecimal(config.timers.deadtime),
            keepalive=_hexadecimal(config.timers.keepalive),
            node=self._node.name,
            hbversion=_PRODUCT,
            pacemaker=pacemaker.text if pacemaker is not None else "no",
            logfacility=str(_facility(config.logging.facility)),
        )

    # ---- nodes ---------------------------------------------------------------------------------

    def _nodelist(self, client: Client, request: Message) -> _Answer:
        rows = [
            {"node": view.name, "nodetype": _typeOf(view), "st": view.status}
            for view in self._node.nodes()
        ]
        return _list(request, rows)

    def _ofNode(
        self, field: str, value: Callable[[NodeView], str]
    ) -> Callable[[Client, Message], _Answer]:
        def handler(client: Client, request: Message) -> _Answer:
            view = self._node.find(request.get("node"))
            return [_invalid(request) if view is None else _done(request, **{field: value(view)})]

        return handler

    def _numnodes(self, client: Client, request: Message) -> _Answer:
        return [_done(request, numnodes=str(sum(not view.ping for view in self._node.nodes())))]

    def _iflist(self, client: Client, request: Message) -> _Answer:
        view = self._node.find(request.get("node"))
        if view is None:
            return [_invalid(request)]
        if not view.links:  # nothing at all would leave the client waiting
            return [_bad(request, "UhOh")]
        return _list(request, [{"ifname": link.medium, "st": link.status.value} for link in view.links])

    def _ifstatus(self, client: Client, request: Message) -> _Answer:
        view = self._node.find(request.get("node"))
        wanted = request.get("ifname")
        for link in view.links if view is not None else ():
            if link.medium == wanted:
                return [_done(request, st=link.status.value)]
        return [_invalid(request)]

    def _clientstatus(self, client: Client, request: Message) -> _Answer:
        view, name = self._node.find(request.get("node")), request.get("cn")
        if view is None or not name:
            return [_invalid(request)]
        if view.local:
            status = "online" if name in self._present else "offline"
            return [_done(request, subt=QUERY_ANSWER, cs=status)]
        if not view.ping and view.status == "active":
            try:
                self._node.send(
                    Message.of(CLIENT_QUERY, dest=view.name, cn=name, from_id=client.identity)
                )
            except WireError:
                return [_invalid(request)]
            return []  # the other node's answer is the answer
        return [_done(request, subt=QUERY_ANSWER, cs="offline")]

    def query(self, message: Message) -> None:
        """Another node, or a client by way of the cluster, asks whether a client is signed on here."""
        name = message.get("cn")
        source = self._node.find(message.get("src"))
        if source is None or not name:
            return
        status = "online" if name in self._present else "offline"
        told = {"dest": source.name, "result": "OK", "cn": name, "to_id": message.get("from_id")}
        self._node.send(Message.of(QUERY_ANSWER, **told, cs=status))

    def _getuuid(self, client: Client, request: Message) -> _Answer:
        name = request.get("queryname")
        if not name:
            return [_bad(request, "no query node name found")]
        view = self._node.find(name)
        known = bytes.fromhex(view.uuid) if view is not None and view.uuid else None
        return [_done(request, queryuuid=known)]

    def _getnodename(self, client: Client, request: Message) -> _Answer:
        uuid = request.getBinary("queryuuid")
        if uuid is None:
            return [_bad(request, "no query node name found")]
        names = [view.name for view in self._node.nodes() if uuid and view.uuid == uuid.hex()]
        return [_done(request, queryname=names[0] if names else None)]

    # ---- the daemon and the client -----------------------------------------------------------------

    def _getparm(self, client: Client, request: Message) -> _Answer:
        name = request.get("pname")
        if not name:
            return [_invalid(request)]
        if name == "hbversion":
            return [_done(request, pvalue=VERSION)]
        parameter = self._node.config.parameters.get("pacemaker" if name == "crm" else name)
        return [_done(request, pvalue=parameter.text if parameter is not None else None)]

    def _setfilter(self, client: Client, request: Message) -> _Answer:
        text = request.get("fmask") or ""
        mask = int(text, 16) if _HEXADECIMAL.fullmatch(text) else 0
        if not mask & _KNOWN:
            return [_invalid(request)]
        wanted = Kind(mask & _KNOWN)
        if wanted & _DEBUG and client.uid not in (0, self._ownUid):
            return [_bad(request, "EPERM")]
        client.filter = wanted
        return [_done(request)]

    def _setsignal(self, client: Client, request: Message) -> _Answer:
        text = request.get("signal") or ""
        number = int(text) if _DECIMAL.fullmatch(text) else -1
        if not 0 <= number <= _LAST_SIGNAL or number in _NEVER:
            return [_invalid(request)]
        client.signal = number
        return [_done(request)]

    def _setQueue(self, client: Client, request: Message) -> _Answer:
        text = request.get("sendqlen") or ""
        if _DECIMAL.fullmatch(text) and int(text):
            client.longestQueue = min(int(text), _LONGEST_QUEUE)
        return []


def _reply(request: Message, **values: str | bytes | None) -> Message:
    return Message.of(RESPONSE, reqtype=request.get("reqtype"), **values)


def _done(request: Message, **values: str | bytes | None) -> Message:
    return _reply(request, **values, result="OK")


def _bad(request: Message, reason: str | None = None) -> Message:
    return _reply(request, result="badreq", info=reason)


def _invalid(request: Message) -> Message:
    return _bad(request, "EINVAL")


def _list(request: Message, rows: list[dict[str, str]]) -> list[Message]:
    last = len(rows) - 1
    return [
        _reply(request, **row, result="OK" if place == last else "ok/more")
        for place, row in enumerate(rows)
    ]


def _typeOf(view: NodeView) -> str:
    return "ping" if view.ping else "normal"


def _hexadecimal(seconds: float) -> str:
    return f"{round(seconds * _MILLISECONDS):x}"


def _facility(name: str | None) -> int:
    """The number C{syslog.h} has for it; -1 for none."""
    code = FACILITIES.get(name or "")
    return -1 if code is None else code << 3
