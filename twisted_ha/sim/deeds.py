"""Everything that can happen in a story: a form that people read, and what it does to a world."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from twisted_ha.sim.machine import Behaviour
from twisted_ha.sim.weather import CLEAR
from twisted_ha.sim.world import World
from twisted_ha.terms import ResourceSet

__all__ = ["DEEDS", "Deed"]

Words = Mapping[str, str]
Do = Callable[[World, Words], None]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}

_WORDS = {
    "NODE": r"(?P<node>\S+)",
    "LINK": r"(?P<link>\S+)",
    "SOURCE": r"(?P<source>\S+)",
    "TARGET": r"(?P<target>\S+)",
    "HOST": r"(?P<host>\S+)",
    "RESOURCE": r"(?P<resource>\S+)",
    "TIME": r"(?P<seconds>\S+)",
    "SHARE%": r"(?P<share>\d+(?:\.\d+)?)%",
    "COUNT": r"(?P<count>\d+)",
    "SHIFT": r"(?P<shift>[+-]\d+(?:\.\d+)?)s?",
    "SET": r"(?P<set>all|local|foreign)",
    "VERB": r"(?P<verb>start|stop|status)",
}


@dataclass(frozen=True, slots=True)
class Deed:
    """
    One kind of sentence.

    @ivar form: how it is written; words in capitals stand for names and numbers.
    """

    form: str
    do: Do
    pattern: re.Pattern[str]


DEEDS: list[Deed] = []


def deed(form: str) -> Callable[[Do], Do]:
    """Make a function the meaning of a form."""
    words = [_WORDS.get(word, re.escape(word)) for word in form.split()]

    def register(do: Do) -> Do:
        DEEDS.append(Deed(form, do, re.compile(" ".join(words), re.IGNORECASE)))
        return do

    return register


def _time(words: Words) -> float:
    found = re.fullmatch(r"([\d.]+)(ms|s|min|m|h)?", words["seconds"].lower())
    assert found is not None, "the parser has looked at it"
    return float(found[1]) * _UNITS[found[2] or "s"]


# ---- cables ----------------------------------------------------------------------------------


@deed("cut all")
def _cutAll(world: World, words: Words) -> None:
    world.network.setCut(True, None)


@deed("mend all")
def _mendAll(world: World, words: Words) -> None:
    world.network.setCut(False, None)


@deed("cut all from SOURCE to TARGET")
def _cutAllWay(world: World, words: Words) -> None:
    world.network.setCut(True, None, words["source"], words["target"])


@deed("mend all from SOURCE to TARGET")
def _mendAllWay(world: World, words: Words) -> None:
    world.network.setCut(False, None, words["source"], words["target"])


@deed("cut LINK")
def _cut(world: World, words: Words) -> None:
    world.network.setCut(True, words["link"])


@deed("mend LINK")
def _mend(world: World, words: Words) -> None:
    world.network.setCut(False, words["link"])


@deed("cut LINK from SOURCE to TARGET")
def _cutWay(world: World, words: Words) -> None:
    world.network.setCut(True, words["link"], words["source"], words["target"])


@deed("mend LINK from SOURCE to TARGET")
def _mendWay(world: World, words: Words) -> None:
    world.network.setCut(False, words["link"], words["source"], words["target"])


def _weather(world: World, words: Words, **changes: float) -> None:
    link = words["link"]
    base = world.network.weatherOf(link)
    world.network.setWeather(replace(base, **changes), link)


def _share(words: Words) -> float:
    return min(1.0, float(words["share"]) / 100)


@deed("lose SHARE% on LINK")
def _lose(world: World, words: Words) -> None:
    _weather(world, words, loss=_share(words), burst=1.0)


@deed("lose SHARE% on LINK in bursts of COUNT")
def _burst(world: World, words: Words) -> None:
    _weather(world, words, loss=_share(words), burst=float(words["count"]))


@deed("double SHARE% on LINK")
def _double(world: World, words: Words) -> None:
    _weather(world, words, duplicate=_share(words))


@deed("reorder SHARE% on LINK")
def _reorder(world: World, words: Words) -> None:
    _weather(world, words, reorder=_share(words))


@deed("corrupt SHARE% on LINK")
def _corrupt(world: World, words: Words) -> None:
    _weather(world, words, corrupt=_share(words))


@deed("delay LINK by TIME")
def _delay(world: World, words: Words) -> None:
    _weather(world, words, delay=_time(words))


@deed("calm LINK")
def _calm(world: World, words: Words) -> None:
    world.network.setWeather(CLEAR, words["link"])


@deed("unplug HOST")
def _unplug(world: World, words: Words) -> None:
    world.network.segments[words["host"]].answers = False


@deed("plug HOST")
def _plug(world: World, words: Words) -> None:
    world.network.segments[words["host"]].answers = True


# ---- machines and daemons --------------------------------------------------------------------


@deed("power off NODE")
def _powerOff(world: World, words: Words) -> None:
    world.powerOff(words["node"])


@deed("power on NODE")
def _powerOn(world: World, words: Words) -> None:
    world.powerOn(words["node"])


@deed("reboot NODE in TIME")
def _reboot(world: World, words: Words) -> None:
    world.reboot(words["node"], _time(words))


@deed("kill NODE")
def _kill(world: World, words: Words) -> None:
    world.kill(words["node"])


@deed("kill NODE with guardian")
def _killBoth(world: World, words: Words) -> None:
    world.kill(words["node"], guardianToo=True)


@deed("start NODE")
def _start(world: World, words: Words) -> None:
    world.start(words["node"])


@deed("stop NODE")
def _stop(world: World, words: Words) -> None:
    world.stop(words["node"])


@deed("pause NODE for TIME")
def _pause(world: World, words: Words) -> None:
    world.pause(words["node"], _time(words))


@deed("freeze NODE for TIME")
def _freeze(world: World, words: Words) -> None:
    world.freeze(words["node"], _time(words))


@deed("set clock of NODE by SHIFT")
def _clock(world: World, words: Words) -> None:
    world.jumpClock(words["node"], float(words["shift"]))


@deed("change key of NODE")
def _changeKey(world: World, words: Words) -> None:
    world.rekey(words["node"], True)


@deed("mend key of NODE")
def _mendKey(world: World, words: Words) -> None:
    world.rekey(words["node"], False)


@deed("fill disk of NODE")
def _fill(world: World, words: Words) -> None:
    world.machines[words["node"]].disk.full = True


@deed("protect disk of NODE")
def _protect(world: World, words: Words) -> None:
    world.machines[words["node"]].disk.readOnly = True


@deed("tear disk of NODE")
def _tear(world: World, words: Words) -> None:
    world.machines[words["node"]].disk.torn = True


@deed("fail power of NODE at write COUNT")
def _failAtWrite(world: World, words: Words) -> None:
    world.machines[words["node"]].disk.failsAfter = int(words["count"])


@deed("mend disk of NODE")
def _mendDisk(world: World, words: Words) -> None:
    disk = world.machines[words["node"]].disk
    disk.full = disk.readOnly = disk.torn = False
    disk.failsAfter = None


# ---- agents and devices ----------------------------------------------------------------------


@deed("fail VERB of RESOURCE on NODE")
def _fail(world: World, words: Words) -> None:
    usual = world.machines[words["node"]].usually(words["resource"], words["verb"])
    world.behave(words["node"], words["resource"], words["verb"], replace(usual, fails=True))


@deed("hang VERB of RESOURCE on NODE")
def _hang(world: World, words: Words) -> None:
    usual = world.machines[words["node"]].usually(words["resource"], words["verb"])
    world.behave(words["node"], words["resource"], words["verb"], replace(usual, hangs=True))


@deed("slow VERB of RESOURCE on NODE to TIME")
def _slow(world: World, words: Words) -> None:
    world.behave(words["node"], words["resource"], words["verb"], Behaviour(_time(words)))


@deed("mend VERB of RESOURCE on NODE")
def _mendAgent(world: World, words: Words) -> None:
    world.behave(words["node"], words["resource"], words["verb"], None)


@deed("break fencing")
def _breakFencing(world: World, words: Words) -> None:
    world.fencingWorks = False


@deed("mend fencing")
def _mendFencing(world: World, words: Words) -> None:
    world.fencingWorks = True


# ---- people ----------------------------------------------------------------------------------


@deed("standby SET on NODE")
def _standby(world: World, words: Words) -> None:
    world.standby(words["node"], ResourceSet.ofWord(words["set"].lower()))


@deed("takeover SET on NODE")
def _takeover(world: World, words: Words) -> None:
    world.takeover(words["node"], ResourceSet.ofWord(words["set"].lower()))


@deed("replay COUNT on LINK")
def _replay(world: World, words: Words) -> None:
    world.attacker.replay(words["link"], int(words["count"]))


@deed("forge COUNT on LINK")
def _forge(world: World, words: Words) -> None:
    world.attacker.forge(words["link"], int(words["count"]))
