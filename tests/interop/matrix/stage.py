"""One cluster on the laboratory's machines, what may be done to it, and the judgement of its end."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.interop.lab import SERVICE_ADDRESS, ConditionNotMet, Lab, waitFor
from tests.interop.lab.api import Unanswered
from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import CLUSTER, SERVICE
from tests.interop.lab.nodes import Heartbeat306, Node, Ours
from tests.interop.lab.plan import OTHER_ADDRESS, Plan
from tests.interop.lab.waiting import now
from tests.interop.matrix import settings
from tests.interop.matrix.probes import bootOffset, overlaps, runs
from tests.interop.matrix.settings import Setting

__all__ = ["Row", "Stage"]

SETTLE = 60.0
"""Seconds within which a cluster comes to rest: the original needs 30 s after a script that failed."""
QUIET = 0.7
"""Seconds for which the end must last: longer than the original's half second of reaction time."""
HEALING = 8.0
"""Seconds after a healed partition in which both may still hold what they took: the original gives
everything up 2 s after it noticed."""

FORGET = 60.0
"""Seconds in which a client forgets who had an address: the original does not announce one that it finds
standing when it starts, as after kill -9."""

GROUPS = {"alpha": SERVICE_ADDRESS, "beta": OTHER_ADDRESS}
"""The address of each node's own group."""


@dataclass(frozen=True, slots=True)
class Row:
    """
    How one step of a story ended.

    @ivar step: what was done.
    @ivar ok: whether it ended as it must.
    @ivar outage: the client's longest silence, in seconds; L{None} if nobody asked.
    @ivar gap: the longest time that a group's address was on no machine, in seconds.
    @ivar detail: what was seen instead, if it did not end as it must.
    """

    step: str
    ok: bool
    outage: float | None = None
    gap: float | None = None
    detail: str = ""


class Stage:
    """
    Two machines or more and what runs on them.

    @cvar resources: the lines of C{haresources}.
    @ivar rows: the steps so far.
    @ivar nodes: by name.
    """

    resources = settings.GROUPS

    def __init__(self, lab: Lab, setting: Setting, deadtime: float | None = None) -> None:
        self.lab = lab
        self.setting = setting
        self.plan: Plan = setting.plan(deadtime, self.resources)
        self.cable = lab.serialCable() if setting.serial else None
        ends = self.cable.ends if self.cable is not None else ("",) * len(self.plan.nodes)
        self.nodes: dict[str, Node] = {}
        for name, kind, end in zip(self.plan.nodes, setting.kinds, ends, strict=True):
            lab[name].powerOn(SERVICE_ADDRESS)
            self.nodes[name] = kind(lab[name], self.plan, end)
        self.rows: list[Row] = []
        self.client: Client | None = None
        self.running: set[str] = set()
        self._step = ""
        self._usersCut = False
        self._powerCuts: dict[str, list[float]] = {name: [] for name in self.nodes}
        self._excused: list[tuple[float, float]] = []
        self._journalSeen: dict[str, int] = {}
        self._blind: dict[str, float] = {}
        self._judgedUntil = 0.0
        self._asking: list[threading.Thread] = []

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def other(self, name: str) -> Node:
        """The node beside C{name}."""
        return self.nodes["beta" if name == "alpha" else "alpha"]

    def isOurs(self, name: str) -> bool:
        """Whether that node is of our kind."""
        return isinstance(self.nodes[name], Ours)

    # What is done

    @contextlib.contextmanager
    def step(self, what: str, limit: float = SETTLE, **holdings: str) -> Iterator[None]:
        """
        One thing that is done to the cluster, and the judgement of what came of it.

        @param limit: seconds it may take to come to rest.
        @param holdings: what each node must hold in the end: C{alpha="local"}.
        """
        begin = now()
        self._step = what
        try:
            yield
            self.settle(limit, **holdings)
            self._answered()
            self._judge(begin)
        except ConditionNotMet as failure:
            self.rows.append(Row(self._step, False, *self._silences(begin), str(failure)))
            raise
        self.rows.append(Row(self._step, True, *self._silences(begin)))

    def rename(self, what: str) -> None:
        """The step that is being done is this one: for what is known only when it is done."""
        self._step = what

    def form(self) -> None:
        """Start both, wait until each serves its own group, and let a client ask for C{alpha}'s."""
        for name in self.nodes:
            self.start(name)
        self.settle()
        if self.setting.talks:
            for name, node in self.nodes.items():
                if node.holdings() == "none":  # it was slow to start, and the other has taken everything
                    self.request(name, "takeover", "local")
        self.settle(45.0, alpha="local", beta="local")
        self.ask()

    def ask(self) -> None:
        """A client asks for C{alpha}'s address from now on, wherever it is."""
        self.client = self.lab.client()
        self.client.expectAny(10.0)

    def start(self, name: str) -> None:
        """Start the daemon of a machine, which is switched on first if need be."""
        machine = self.nodes[name].machine
        if not machine.isOn:
            machine.powerOn(SERVICE_ADDRESS)
        self.nodes[name].start()
        self.running.add(name)

    def stop(self, name: str) -> None:
        """Stop a daemon gracefully and wait until it is gone."""
        self.nodes[name].stop(60.0)
        self.running.discard(name)

    def powerOff(self, name: str) -> None:
        """Cut a machine's power."""
        self._powerCuts[name].append(self.nodes[name].machine.powerOff())
        self.running.discard(name)

    def kill(self, name: str) -> None:
        """
        SIGKILL: for all of the original, for our daemon alone, whose guardian lives.

        The original leaves its addresses and its scripts' work behind (resource-management.md section
        4.8, B24), so two owners are excused until it has been started again and all is settled.
        """
        node = self.nodes[name]
        if isinstance(node, Ours):
            node.killDaemon()
        else:
            node.kill()
            self.excuse(f"{name} was killed")
        waitFor(f"{name}'s daemon is gone", lambda: not self.nodes[name].daemon(), 5.0)
        self.running.discard(name)

    def stall(self, name: str, seconds: float) -> None:
        """SIGSTOP for every process of the daemon, and SIGCONT that much later."""
        self.nodes[name].stall(seconds)

    def request(self, name: str, verb: str, resources: str) -> None:
        """
        Type C{hb_standby} or C{hb_takeover}, or our own command, on a node and do not wait for the end.

        @param verb: C{standby} or C{takeover}.
        """
        command = getattr(self.nodes[name], verb)

        def ask() -> None:
            with contextlib.suppress(ConditionNotMet, Unanswered, AssertionError, OSError):
                command(resources)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        self._asking.append(thread)

    def cut(self) -> None:
        """Cut every cable between the nodes, the users' one included: no link is left."""
        self.excuse("cut")
        for network in (CLUSTER, SERVICE):
            self.lab.drop(self.nodes["alpha"].machine, network)
        if self.cable is not None:
            self.cable.cut()

    def cutSecond(self) -> None:
        """Cut the second of two links."""
        if self.cable is not None:
            self.cable.cut()
        else:
            self.lab.drop(self.nodes["alpha"].machine, SERVICE)
            self._usersCut = True

    def excuse(self, reason: str) -> None:
        """From now until both run and are settled two owners are nobody's fault."""
        self._blind.setdefault(reason, now())

    def mend(self) -> None:
        """Everything is plugged in again, and nothing is lost."""
        self.lab.mend()
        self._usersCut = False
        if self.cable is not None:
            self.cable.mend()
        self._sighted("cut")

    def _sighted(self, *reasons: str) -> None:
        for reason in reasons:
            since = self._blind.pop(reason, None)
            if since is not None:
                self._excused.append((since, now() + HEALING))

    def script(self, name: str, verb: str, seconds: float = 0, fail: bool = False) -> None:
        """From now on the probe's C{verb} takes that long on a machine, and fails if so told."""
        self._journalSeen[name] = len(self.nodes[name].machine.log("probe.journal"))
        self.nodes[name].script(verb, seconds, fail)

    def scriptBegins(self, name: str, verb: str = "start", limit: float = 20.0) -> None:
        """Wait until a probe's C{start}, or the stop of a standing one, has begun on a machine."""
        self.noted(name, {"start": "starting", "stop": "stopping"}[verb], limit)

    def noted(self, name: str, what: str, limit: float = 30.0) -> None:
        """
        Wait for a word in the journal of a machine's probes since its scripts were last told what to do.

        @param what: C{starting}, C{stopping}, C{stopped}, C{start-failed} or C{stop-failed}.
        """
        machine, since = self.nodes[name].machine, self._journalSeen.get(name, 0)
        begun = lambda: f" {what}\n" in machine.log("probe.journal")[since:]  # noqa: E731
        waitFor(f"the journal of {name} says {what}", begun, limit, 0.01, self.tell)

    def wait(self, seconds: float) -> None:
        """
        Let time pass: for stories in which a length of time is what is told, such as a silence that is
        longer than deadtime.
        """
        time.sleep(seconds)

    # How it ends

    def until(self, what: str, condition: Callable[[], object], limit: float = 30.0) -> None:
        """Wait for something on the way.  @raise ConditionNotMet: it did not happen."""
        waitFor(what, condition, limit, 0.05, self.tell)

    def settle(self, limit: float = SETTLE, **holdings: str) -> None:
        """
        Wait until every group runs on exactly one node and everybody says so, for a little while.

        @raise ConditionNotMet: it did not come to that; says what is wrong.
        """
        since: float | None = None
        deadline = now() + limit
        while True:
            wrong = self.wrong(**holdings)
            since = None if wrong else since or now()
            if since is not None and now() - since >= QUIET:
                break
            if wrong and now() > deadline:
                raise ConditionNotMet(f"not settled within {limit:.0f} s: {wrong}\n{self.tell()}")
            time.sleep(0.1)
        for thread in self._asking:
            thread.join(40.0)
        self._asking.clear()
        if self.running == set(self.nodes):
            self._sighted(*self._blind)

    def wrong(self, **expected: str) -> str:
        """What keeps the cluster from being settled, in words; empty if it is."""
        if not self.running:
            return "nobody runs"
        if not self.setting.talks:
            return self._wrongAddresses({})
        said = {name: self.nodes[name].holdings() for name in sorted(self.running)}
        if any(word in ("transition", "down") for word in said.values()):
            return f"they say {said}"
        if any(said.get(name, word) != word for name, word in expected.items()):
            return f"they say {said} instead of {expected}"
        owners: dict[str, str] = {}
        for home in GROUPS:
            claims = [
                name
                for name, word in said.items()
                if word in ("all", "local" if name == home else "foreign")
            ]
            if len(claims) != 1:
                return f"{home}'s group is claimed by {claims or 'nobody'}; they say {said}"
            owners[home] = claims[0]
        return self._wrongAddresses(owners) or self._wrongPictures(said, owners)

    def _wrongAddresses(self, owners: dict[str, str]) -> str:
        for home, address in GROUPS.items():
            on = self.lab.owners.of(address)
            wanted = {owners[home]} if home in owners else on & self.running
            if len(wanted) != 1 or on != wanted:
                return (
                    f"{home}'s address is on {sorted(on) or 'no machine'}, claimed by {owners.get(home)}"
                )
        return ""

    def _wrongPictures(self, said: dict[str, str], owners: dict[str, str]) -> str:
        """What our nodes say of the other and of each group, beside what is the case."""
        for name in sorted(self.running):
            node = self.nodes[name]
            if not isinstance(node, Ours):
                continue
            try:
                status = node.status()
            except Unanswered as error:
                return str(error)
            peer = status["peerHoldings"]
            other = self.other(name).name
            if other in self.running and (peer is None or peer["resources"] != said[other]):
                return f"{name} thinks that {other} holds {peer}, which says {said[other]}"
            for group in status["groups"]:
                owner = owners[group["home"]]
                if group["owner"] != owner:
                    return f"{name} says that {group['key']} is on {group['owner']}; it is on {owner}"
                if (owner == name) != (group["state"] == "started"):
                    return f"{name} says that {group['key']} is {group['state']}; it is on {owner}"
        return ""

    def _judge(self, begin: float) -> None:
        """
        What must never have been, now that all is settled.

        @raise ConditionNotMet: two owners at a time when a link was left, or a bug of ours.
        """
        found = []
        for address in GROUPS.values():
            found += [
                (start, end, f"{address} on {' and '.join(sorted(who))}")
                for start, end, who in self.lab.owners.conflicts(address, self._judgedUntil)
            ]
        offset = bootOffset()
        ran = [
            run
            for name, node in self.nodes.items()
            for run in runs(name, node.machine.log("probe.journal"), offset, self._powerCuts[name])
        ]
        found += [one for one in overlaps(ran) if one[1] > self._judgedUntil]
        bad = [
            f"{what} for {end - start:.3f} s, {start - begin:+.3f} s after it began"
            for start, end, what in found
            if not any(first <= start and end <= last for first, last in self._excused)
        ]
        bugs = self.lab.bugs()
        self._judgedUntil = now()
        if bad or bugs:
            raise ConditionNotMet(
                "\n".join(["two owners: " + line for line in bad] + bugs) + "\n" + self.tell()
            )

    def _answered(self) -> None:
        """The client is answered by the machine that has the address."""
        if self.client is not None and not self._usersCut:
            (owner,) = self.lab.owners.of(SERVICE_ADDRESS)
            self.client.expect(owner, FORGET)

    def _silences(self, begin: float) -> tuple[float | None, float | None]:
        gap = max(self.lab.owners.longestGap(address, begin) for address in GROUPS.values())
        if self.client is None:
            return None, gap
        with contextlib.suppress(ConditionNotMet):
            return self.client.longestSilence(begin).seconds, gap
        return None, gap

    def tell(self) -> str:
        """The state of everything, for a failure."""
        words = [self.lab.owners.tell(address) for address in GROUPS.values()]
        return "\n".join(words + [node.tail(60) for node in self.nodes.values()])

    def complaints(self) -> list[str]:
        """What the originals wrote at level ERROR, for those who wonder."""
        return [
            line
            for node in self.nodes.values()
            if isinstance(node, Heartbeat306)
            for line in node.machine.log().splitlines()
            if " ERROR:" in line
        ]
