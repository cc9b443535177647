"""Which room may know which: walks the import graph, and says so when a room reaches the wrong way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import TestCase

import twisted_ha

ROOT = Path(twisted_ha.__file__).parent

WORDS = {
    "interfaces", "terms", "events", "bus", "errors", "machine", "operations", "version", "frozen",
}  # fmt: skip
"""The shared vocabulary: everybody may use it."""

CORE = {
    "wire": WORDS,
    "auth": WORDS | {"wire", "config"},
    "config": WORDS | {"auth"},
    "cluster": WORDS | {"wire", "auth", "config"},
    "resources": WORDS | {"wire", "cluster", "config"},
}
"""What each core room may import; of C{config} the values, of C{cluster} the header."""

EDGES = {"media", "agents", "fencing", "observe", "api", "hbapi", "platform", "guard", "state"}

PARTS = {
    ("auth", "config"): {"config.model"},
    ("cluster", "config"): {"config.model"},
    ("resources", "config"): {"config.model"},
    ("resources", "cluster"): {"cluster.header"},
}
"""Where only a part of a room may be used."""

NO_IO = {"twisted.internet.reactor", "socket", "subprocess", "time", "select", "threading"}


def modules(room: str) -> Iterator[tuple[str, ast.Module]]:
    """The modules of a room, or the one module of that name."""
    folder = ROOT / room
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{room}.py"]
    for file in files:
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        yield name, ast.parse(file.read_text())


def imports(tree: ast.Module) -> Iterator[str]:
    """The dotted names a module imports when it runs, C{TYPE_CHECKING} blocks left out."""

    def visit(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    return visit(tree)


def within(name: str) -> str | None:
    """C{cluster.header} for C{twisted_ha.cluster.header}; L{None} for what is not ours."""
    return name.removeprefix("twisted_ha.") if name.startswith("twisted_ha.") else None


class LayerTests(TestCase):
    """The core knows only itself and the vocabulary; the edges do not know each other."""

    def test_coreLooksInwards(self) -> None:
        """No core room imports an edge, or a core room that stands further out."""
        wrong = []
        for room, allowed in CORE.items():
            for module, tree in modules(room):
                for name in filter(None, map(within, imports(tree))):
                    other = name.split(".")[0]
                    parts = PARTS.get((room, other))
                    if other == room or (other in allowed and parts is None):
                        continue
                    if parts is not None and any(
                        name == part or name.startswith(part + ".") or part.startswith(name)
                        for part in parts
                    ):
                        continue
                    wrong.append(f"{module} imports {name}")
        self.assertEqual(sorted(set(wrong)), [])

    def test_coreDoesNoIO(self) -> None:
        """The core neither opens, waits nor asks a clock: all that is handed in."""
        wrong = []
        for room in ("wire", "auth", "cluster", "resources"):
            for module, tree in modules(room):
                wrong += [f"{module} imports {name}" for name in imports(tree) if name in NO_IO]
        self.assertEqual(wrong, [])

    def test_vocabularyStandsAlone(self) -> None:
        """The shared words import no room."""
        wrong = []
        for word in sorted(WORDS):
            for module, tree in modules(word):
                for name in filter(None, map(within, imports(tree))):
                    if name.split(".")[0] not in WORDS:
                        wrong.append(f"{module} imports {name}")
        self.assertEqual(wrong, [])

    def test_platformIsNamedOnce(self) -> None:
        """C{sys.platform} and C{os.uname().sysname} are asked in C{platform} and nowhere else."""
        wrong = []
        for file in sorted(ROOT.rglob("*.py")):
            if file.relative_to(ROOT).parts[0] == "platform":
                continue
            text = file.read_text()
            if "sys.platform" in text or "uname().sysname" in text or "platform.system(" in text:
                wrong.append(str(file.relative_to(ROOT)))
        self.assertEqual(wrong, [])
