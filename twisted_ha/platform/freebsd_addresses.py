"""
Service addresses on FreeBSD, through C{ifconfig} and C{route}.

@see: ifconfig(8), route(8); resource-management.md section 8.1 for what the original got wrong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_interface, ip_network
from itertools import pairwise

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from zope.interface import implementer

from twisted_ha.errors import PlatformError
from twisted_ha.frozen import dataclass
from twisted_ha.interfaces import IAddresses, IProcessRunner
from twisted_ha.operations import Completed, Invocation, PlacedAddress, ServiceAddress
from twisted_ha.platform.freebsd_bpf import BpfNeighbours

__all__ = ["Block", "FreeBSDAddresses", "Line", "Way", "parseInterfaces", "parseRoute"]

Address = IPv4Address | IPv6Address

_IFCONFIG = "/sbin/ifconfig"
_ROUTE = "/sbin/route"
_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """
    One C{inet} or C{inet6} line.

    @ivar automatic: an address a router gave (C{autoconf}).
    """

    address: Address
    prefix: int
    broadcast: IPv4Address | None = None
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One interface in the output of C{ifconfig -a}."""

    name: str
    flags: frozenset[str]
    hardware: bytes
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """
    The answer of C{route -n get}.

    @ivar prefix: 0 is the default route.
    """

    interface: str
    prefix: int


def parseInterfaces(text: str) -> list[Block]:
    """
    Read C{ifconfig -a}: a block begins at the first column, and every line of it is indented.  Lines we
    have no use for are passed over, however many there are.
    """
    blocks: list[Block] = []
    name, flags, hardware, lines = "", frozenset[str](), b"", list[Line]()

    def close() -> None:
        if name:
            blocks.append(Block(name, flags, hardware, tuple(lines)))

    for line in text.splitlines():
        if line[:1].strip():
            close()
            name, _, rest = line.partition(": ")
            inside = rest.partition("<")[2].partition(">")[0]
            flags, hardware, lines = frozenset(inside.split(",")), b"", []
            continue
        words = line.split()
        if words[:1] == ["ether"] and len(words) > 1:
            hardware = bytes.fromhex(words[1].replace(":", ""))
        elif words[:1] in (["inet"], ["inet6"]) and len(words) > 1:
            read = _line(words[1:])
            if read is not None:
                lines.append(read)
    close()
    return blocks


def _line(words: list[str]) -> Line | None:
    try:
        text, _, bits = words[0].partition("/")
        address = ip_address(text.partition("%")[0])
        options = dict(pairwise(words))
        if not bits:
            bits = options.get("prefixlen", "") or _bits(options.get("netmask", ""))
        broadcast = options.get("broadcast")
        return Line(
            address,
            int(bits),
            IPv4Address(broadcast) if broadcast else None,
            "autoconf" in words,
        )
    except ValueError:
        return None


def _bits(mask: str) -> str:
    """The length of a netmask, written as C{0xffffff00} or C{255.255.255.0}; of nothing, a host."""
    if not mask:
        return "32"
    if mask.startswith("0x"):
        return str(int(mask, 16).bit_count())
    return str(ip_network(f"0.0.0.0/{mask}").prefixlen)


def parseRoute(text: str) -> Way | None:
    """Read C{route -n get}; L{None} if it names no interface.  Without a mask it is a host route."""
    said = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            said[name.strip()] = value.strip()
    interface = said.get("interface")
    if not interface:
        return None
    destination, mask = said.get("destination", ""), said.get("mask", "")
    if destination in ("default", "0.0.0.0", "::") and mask in ("", "default", "0.0.0.0", "::"):
        return Way(interface, 0)
    if not mask:
        return Way(interface, 128 if ":" in destination else 32)
    try:
        packed = ip_address(mask).packed
    except ValueError:
        return Way(interface, 0)
    return Way(interface, int.from_bytes(packed, "big").bit_count())


@implementer(IAddresses)
class FreeBSDAddresses:
    """
    What C{ifconfig} shows is compared address by address, never as text.

    IPv4: an address of a network that the interface is in already is added with a mask of 32 bits, as
    ifconfig(8) wants aliases; only the first address of a network carries the network's mask.
    """

    def __init__(
        self, runner: IProcessRunner, environment: Mapping[str, str], neighbours: BpfNeighbours
    ) -> None:
        self._runner = runner
        self._environment = {**environment, "IFCONFIG_FORMAT": "inet:hex,inet6:numeric,ether:colon"}
        self._neighbours = neighbours
        self._hardware: dict[str, bytes] = {}

    def find(self, address: Address) -> Deferred[tuple[PlacedAddress, ...]]:
        """Where C{address} stands now."""
        return Deferred.fromCoroutine(self._find(address))

    def plan(self, wanted: ServiceAddress) -> Deferred[PlacedAddress]:
        """What is not asked for comes from C{route get}; an alias label means nothing here."""
        return Deferred.fromCoroutine(self._plan(wanted))

    def add(self, placed: PlacedAddress) -> Deferred[None]:
        """C{ifconfig em0 inet 10.0.0.9 netmask ... alias}."""
        return Deferred.fromCoroutine(self._add(placed))

    def remove(self, placed: PlacedAddress) -> Deferred[None]:
        """C{ifconfig em0 inet 10.0.0.9 -alias}."""
        return Deferred.fromCoroutine(self._remove(placed))

    def probe(self, placed: PlacedAddress, seconds: float) -> Deferred[str | None]:
        """Ask through bpf(4)."""
        return maybeDeferred(self._probe, placed, seconds)

    def announce(self, placed: PlacedAddress) -> None:
        """Tell through bpf(4); the kernel has told once by itself when the alias was added."""
        hardware = self._hardware.get(placed.interface)
        if hardware:
            try:
                self._neighbours.announce(placed.interface, hardware, placed.address)
            except OSError as error:
                raise PlatformError(
                    f"cannot announce {placed.address} on {placed.interface}: {error}"
                ) from error

    def emergencyCommand(self, address: Address) -> tuple[str, ...]:
        """A line of shell around C{ifconfig}, which finds the address by itself."""
        family = "inet" if address.version == 4 else "inet6"
        pattern = str(address).replace(".", "\\.")
        shown = f"{_IFCONFIG} \"$i\" {family} | grep -qi '{family} {pattern}[ /]'"
        lines = (
            "unset IFCONFIG_FORMAT",
            f"[ -x {_IFCONFIG} ] || exit 127",
            "left=0",
            f"for i in $({_IFCONFIG} -l); do",
            'case "$i" in lo[0-9]*) continue;; esac',
            f"{shown} || continue",
            f'{_IFCONFIG} "$i" {family} {address} -alias',
            f"{shown} && left=1",
            "done 2>/dev/null",
            "exit $left",
        )
        return ("/bin/sh", "-c", "\n".join(lines))

    async def _run(self, *argv: str) -> Completed:
        return await self._runner.run(
            Invocation(argv=argv, environment=self._environment, deadline=_DEADLINE)
        )

    async def _blocks(self) -> list[Block]:
        completed = await self._run(_IFCONFIG, "-a")
        if not completed.succeeded:
            raise PlatformError(f"cannot read the addresses of this node: {_words(completed)}")
        blocks = parseInterfaces(completed.output.decode("utf-8", "replace"))
        self._hardware = {block.name: block.hardware for block in blocks}
        return blocks

    async def _find(self, address: Address) -> tuple[PlacedAddress, ...]:
        found = []
        for block in await self._blocks():
            family = [line for line in block.lines if line.address.version == address.version]
            for line in family:
                if line.address == address:
                    found.append(_placed(block, line, line is family[0]))
        return tuple(found)

    async def _plan(self, wanted: ServiceAddress) -> PlacedAddress:
        blocks = await self._blocks()
        name, prefix = wanted.interface, wanted.prefix
        if name is None or prefix is None:
            family = "-inet" if wanted.address.version == 4 else "-inet6"
            completed = await self._run(_ROUTE, "-n", "get", family, str(wanted.address))
            way = parseRoute(completed.output.decode("utf-8", "replace"))
            if not completed.succeeded or way is None:
                raise PlatformError(
                    f"unable to find an interface for {wanted.address}: {_words(completed)}"
                )
            if prefix is None and way.prefix == 0:
                raise PlatformError(
                    f"Cannot use default route w/o netmask [{wanted.address}]: write"
                    f" {wanted.address}/24, or whatever the size of its network is"
                )
            name = name or way.interface
            prefix = prefix or way.prefix
        block = next((each for each in blocks if each.name == name), None)
        if block is None:
            there = ", ".join(each.name for each in blocks)
            raise PlatformError(f"there is no interface {name} on this node (there are: {there})")
        broadcast = wanted.broadcast
        if wanted.address.version == 4:
            network = IPv4Network(f"{wanted.address}/{prefix}", strict=False)
            if any(line.address in network for line in block.lines if line.address.version == 4):
                prefix, broadcast = 32, None
            elif broadcast is None and prefix < 31:
                broadcast = network.broadcast_address
        return PlacedAddress(
            address=wanted.address,
            prefix=prefix,
            interface=name,
            broadcast=broadcast,
            loopback="LOOPBACK" in block.flags,
        )

    async def _add(self, placed: PlacedAddress) -> None:
        argv = [_IFCONFIG, placed.interface]
        if placed.address.version == 4:
            argv += ["inet", str(placed.address), "netmask"]
            argv.append(str(ip_interface(f"{placed.address}/{placed.prefix}").netmask))
            if placed.broadcast is not None:
                argv += ["broadcast", str(placed.broadcast)]
        else:
            argv += ["inet6", str(placed.address), "prefixlen", str(placed.prefix)]
        completed = await self._run(*argv, "alias")
        if not completed.succeeded and not await self._on(placed):
            raise PlatformError(f"cannot add {placed}: {_words(completed)}")

    async def _remove(self, placed: PlacedAddress) -> None:
        family = "inet" if placed.address.version == 4 else "inet6"
        completed = await self._run(_IFCONFIG, placed.interface, family, str(placed.address), "-alias")
        if not completed.succeeded and await self._on(placed):
            raise PlatformError(f"cannot remove {placed}: {_words(completed)}")

    async def _on(self, placed: PlacedAddress) -> bool:
        found = await self._find(placed.address)
        return any(each.interface == placed.interface for each in found)

    def _probe(self, placed: PlacedAddress, seconds: float) -> Deferred[str | None]:
        hardware = self._hardware.get(placed.interface, b"")
        if not hardware:
            return succeed(None)  # a tunnel: there is no second owner to find
        try:
            return self._neighbours.probe(placed.interface, hardware, placed.address, seconds)
        except OSError as error:
            raise PlatformError(
                f"cannot probe for {placed.address} on {placed.interface}: {error}"
            ) from error


def _placed(block: Block, line: Line, first: bool) -> PlacedAddress:
    """
    There are no labels to know a service by: an interface's own address is its first one and carries its
    network's mask, and aliases have 32 bits; for IPv6 only an automatic address is certainly its own.
    """
    own = first and line.prefix < 32 if line.address.version == 4 else line.automatic
    return PlacedAddress(
        address=line.address,
        prefix=line.prefix,
        interface=block.name,
        broadcast=line.broadcast,
        loopback="LOOPBACK" in block.flags,
        own=own,
    )


def _words(completed: Completed) -> str:
    said = (completed.errors or completed.output).decode("utf-8", "replace").strip()
    if completed.timedOut:
        return f"it did not answer in {_DEADLINE:.0f} s"
    return said.splitlines()[-1] if said else f"exit status {completed.status}"
