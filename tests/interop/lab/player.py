"""
A story of the simulator, played on real nodes: the same sentences, done to namespaces and processes.

Each deed of L{twisted_ha.sim.deeds} that the laboratory can do is one entry of L{DEEDS}, by its form.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from tests.interop.lab.laboratory import CLUSTER, SERVICE, SERVICE_ADDRESS, Lab
from tests.interop.lab.nodes import Ours
from tests.interop.lab.recorder import Recorder
from tests.interop.lab.waiting import now
from twisted_ha.sim.scenario import Step

__all__ = ["DEEDS", "Player"]

Words = Mapping[str, str]
Deed = Callable[["Player", Words], float]
"""Does it, and says when it was done, on the laboratory's clock."""

NETWORKS = {"eth0": SERVICE, "eth1": CLUSTER}

DEEDS: dict[str, Deed] = {}


def deed(form: str) -> Callable[[Deed], Deed]:
    """Make a function the meaning of a form, on real nodes."""

    def register(do: Deed) -> Deed:
        DEEDS[form] = do
        return do

    return register


class Player:
    """
    Does what a story says.

    @ivar done: the sentences that were done, each with its moment on the laboratory's clock, without the
        starts of daemons: what is compared begins when a daemon speaks, not when Python does.
    @ivar slack: the longest that one of them took, in seconds: by so much its moment is uncertain.
    """

    def __init__(self, lab: Lab, nodes: Mapping[str, Ours], recorder: Recorder) -> None:
        self.lab = lab
        self.nodes = nodes
        self.recorder = recorder
        self.done: list[tuple[float, str]] = []
        self.slack = 0.0
        self._threads: list[threading.Thread] = []

    def play(self, steps: tuple[Step, ...], until: float) -> None:
        """
        Do all of it, in real time; what follows a start waits until the daemon answers.
        """
        origin = now()
        for step in steps:
            # The times of a story are what is compared, so there is nothing else to wait for.
            time.sleep(max(0.0, origin + step.at - now()))
            moment = DEEDS[step.deed.form](self, dict(step.words))
            if step.text.startswith(("start", "power on")):
                origin = now() - step.at
            else:
                self.slack = max(self.slack, now() - moment)
                self.done.append((moment, step.text))
        time.sleep(max(0.0, origin + until - now()))
        for thread in self._threads:
            thread.join()

    def beside(self, do: Callable[[], object]) -> None:
        """Do something that takes a while, and go on with the story."""
        thread = threading.Thread(target=do, daemon=True)
        self._threads.append(thread)
        thread.start()

    def begin(self, *names: str) -> float:
        """Start the daemons of these nodes, and listen to each from its first word on."""
        moment = min([self.nodes[name].start() for name in names])
        for name in names:
            self.recorder.follow(self.nodes[name])
        return moment


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@deed("power off NODE")
def _powerOff(player: Player, words: Words) -> float:
    return player.nodes[words["node"]].machine.powerOff()


@deed("power on NODE")
def _powerOn(player: Player, words: Words) -> float:
    player.nodes[words["node"]].machine.powerOn(SERVICE_ADDRESS)
    return player.begin(words["node"])


@deed("start NODE")
def _start(player: Player, words: Words) -> float:
    return player.begin(words["node"])


@deed("kill NODE")
def _kill(player: Player, words: Words) -> float:
    return player.nodes[words["node"]].killDaemon()


@deed("stop NODE")
def _stop(player: Player, words: Words) -> float:
    daemon = player.nodes[words["node"]].daemon()
    moment = now()
    _signal(daemon, signal.SIGTERM)
    return moment


@deed("pause NODE for TIME")
def _pause(player: Player, words: Words) -> float:
    daemon = player.nodes[words["node"]].daemon()
    moment = now()
    _signal(daemon, signal.SIGSTOP)

    def goOn() -> None:
        time.sleep(max(0.0, moment + float(words["seconds"].removesuffix("s")) - now()))
        _signal(daemon, signal.SIGCONT)

    player.beside(goOn)
    return moment


@deed("cut LINK")
def _cut(player: Player, words: Words) -> float:
    moment = now()
    player.lab.cutCable(player.lab["alpha"], NETWORKS[words["link"]])
    return moment


@deed("cut all")
def _cutAll(player: Player, words: Words) -> float:
    moment = now()
    for network in NETWORKS.values():
        player.lab.cutCable(player.lab["alpha"], network)
    return moment


@deed("lose SHARE% on LINK")
def _lose(player: Player, words: Words) -> float:
    moment = now()
    player.lab.drop(player.lab["alpha"], NETWORKS[words["link"]], int(words["share"]))
    return moment


@deed("mend LINK")
def _mend(player: Player, words: Words) -> float:
    return _mendAll(player, words)


@deed("mend all")
def _mendAll(player: Player, words: Words) -> float:
    moment = now()
    player.lab.mend()
    return moment


@deed("standby SET on NODE")
def _standby(player: Player, words: Words) -> float:
    moment = now()
    player.beside(lambda: player.nodes[words["node"]].standby(words["set"]))
    return moment


@deed("takeover SET on NODE")
def _takeover(player: Player, words: Words) -> float:
    moment = now()
    player.beside(lambda: player.nodes[words["node"]].takeover(words["set"]))
    return moment


@deed("fail VERB of RESOURCE on NODE")
def _fail(player: Player, words: Words) -> float:
    moment = now()
    flag = player.lab[words["node"]].disk / "ha.d" / f"{words['resource']}.{words['verb']}.fails"
    flag.touch()
    return moment


@deed("mend VERB of RESOURCE on NODE")
def _mendAgent(player: Player, words: Words) -> float:
    moment = now()
    flag = player.lab[words["node"]].disk / "ha.d" / f"{words['resource']}.{words['verb']}.fails"
    with contextlib.suppress(FileNotFoundError):
        flag.unlink()
    return moment
