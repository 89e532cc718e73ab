"""The floors of the house: who may import whom, told by the import statements themselves."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
INTEGRATION = "custom_components.ringcentral"
LONGEST = 400

# From the ground up: a module may import its own floor and those before it. The longest name that fits decides; a
# package's `__init__` stands on the package's last floor, because it shows the whole of it.
FLOORS = (
    ("softphone.sip", "softphone.media"),
    ("softphone",),  # values: the account, a party, events, SDP
    (
        "softphone.calls.offer_answer",
        "softphone.line.heartbeat",
        "softphone.line.redirect",
        "softphone.line.route",
        "softphone.transactions.dialog",
        "softphone.transactions.server_transaction",
    ),
    (
        "softphone.calls.session_timer",
        "softphone.transactions.retransmission",
        "softphone.transactions.transaction",
    ),
    ("softphone.wire",),
    (
        "softphone.calls.call_control",
        "softphone.calls.key_info",
        "softphone.calls.screening",
        "softphone.calls.session_refresh",
        "softphone.calls.transfer",
    ),
    ("softphone.calls.session",),
    ("softphone.calls.call", "softphone.line.registration"),
    ("softphone.calls.incoming", "softphone.calls.outgoing", "softphone.line.enrolment"),
    ("softphone.agent",),
    ("softphone.media.engine", "softphone.media.__init__", "softphone.connection"),
    ("softphone.calls.key_sender",),
    ("softphone.handset",),
    ("softphone.phone",),
    ("softphone.__init__",),
    ("cloud",),
    ("library",),
    ("",),
)
LIBRARIES = ("softphone", "cloud", "library")
# The sockets and the timers are here and nowhere else in the phone.
SHELLS = {
    f"{INTEGRATION}.softphone.{name}"
    for name in ("phone", "handset", "connection", "media.engine", "media.port")
}
INPUT_OUTPUT = {"asyncio", "select", "selectors", "socket", "socketserver", "ssl"}
# Stand beside the integration; people who install it don't get them.
OUTSIDE = {"benchmarks", "simulator", "tests"}


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of the tree."""

    name: str
    """Dotted; a package's own file ends in `.__init__`."""
    path: Path
    tree: ast.Module

    @property
    def below(self) -> str:
        """The name within the integration, empty for what is not in it."""
        return (
            self.name.removeprefix(INTEGRATION).removeprefix(".") if self.name.startswith(INTEGRATION) else ""
        )

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name.rpartition(".")[0]


def read_modules(root: Path) -> dict[str, Module]:
    """Return every module below the code folders of `root`, by name."""
    found: dict[str, Module] = {}
    for folder in ("custom_components", *sorted(OUTSIDE)):
        for path in sorted((root / folder).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            found[name] = Module(name, path, ast.parse(path.read_bytes(), path))
    return found


def imports(module: Module, modules: dict[str, Module]) -> Iterator[str]:
    """Yield the full name of everything `module` imports, wherever in it, also for type checking only."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                anchor = module.package.split(".")
                anchor = anchor[: len(anchor) - level + 1] if level else []
                base = ".".join([*anchor, *([source] if source else [])])
                for alias in names:
                    name = f"{base}.{alias.name}"
                    yield name if name in modules or f"{name}.__init__" in modules else base


def floor(name: str) -> int:
    """Return the floor of a module of the integration, by its name within it."""
    fits = [
        (len(prefix), level)
        for level, prefixes in enumerate(FLOORS)
        for prefix in prefixes
        if not prefix or name == prefix or name.startswith(f"{prefix}.")
    ]
    return max(fits)[1]


def violations(root: Path) -> list[str]:
    """Return each breach of the rules of the house, as a sentence."""
    modules = read_modules(root)
    return sorted({breach for module in modules.values() for breach in _breaches(module, modules)})


def _breaches(module: Module, modules: dict[str, Module]) -> Iterator[str]:
    part = module.below.partition(".")[0]
    inside = module.name.startswith(f"{INTEGRATION}.")
    for target in imports(module, modules):
        top = target.partition(".")[0]
        if part in LIBRARIES and top == "homeassistant":
            yield f"{module.name} stands below Home Assistant and imports {target}"
        if part == "softphone" and top in INPUT_OUTPUT and module.name not in SHELLS:
            yield f"{module.name} does no I/O of its own and imports {target}"
        if module.name.startswith("custom_components.") and top in OUTSIDE:
            yield f"{module.name} is shipped and imports {target}"
        if module.name.startswith("simulator.") and top == "custom_components":
            yield f"{module.name} judges the integration and imports {target}"
        if (
            inside
            and target.startswith(f"{INTEGRATION}.")
            and floor(module.below) < floor(_within(target, modules))
        ):
            yield f"{module.name} imports upwards: {target}"
    if part in LIBRARIES and not ast.get_docstring(module.tree):
        yield f"{module.name} doesn't say what it is for"
    # A test module mirrors its module and may say more about it.
    if not module.name.startswith("tests.") and len(module.path.read_text().splitlines()) > LONGEST:
        yield f"{module.name} is longer than {LONGEST} lines"


def _within(target: str, modules: dict[str, Module]) -> str:
    name = f"{target}.__init__" if f"{target}.__init__" in modules else target
    return name.removeprefix(f"{INTEGRATION}.")


def test_the_house_keeps_its_own_rules() -> None:
    assert violations(REPOSITORY) == []


def test_every_part_of_the_house_is_looked_at() -> None:
    names = {name.removeprefix(f"{INTEGRATION}.").partition(".")[0] for name in read_modules(REPOSITORY)}
    assert {"softphone", "cloud", "library", "const", "simulator", "tests"} <= names


def plant(root: Path, name: str, source: str) -> None:
    """Write a module, and the packages it is in, in a tree of its own."""
    path = root.joinpath(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'"""Documented."""\n{source}\n')


@pytest.mark.parametrize(
    ("name", "source", "breach"),
    [
        (
            "softphone.calls.call",
            "import homeassistant.core",
            "stands below Home Assistant and imports homeassistant.core",
        ),
        ("cloud.client", "from homeassistant.core import callback", "stands below Home Assistant"),
        ("library.clips", "def f():\n    from homeassistant import core", "stands below Home Assistant"),
        ("softphone.agent", "import asyncio", "does no I/O of its own and imports asyncio"),
        ("softphone.media.rtp", "from socket import AF_INET", "does no I/O of its own and imports socket"),
        ("softphone.sip.phone", "import ssl", "does no I/O of its own"),
        (
            "softphone.calls.call",
            "from ..agent import Agent",
            "imports upwards: custom_components.ringcentral.softphone.agent",
        ),
        ("softphone.sip.digest", "from ..calls.call import Call", "imports upwards"),
        (
            "softphone.calls.call",
            "from .. import phone",
            "imports upwards: custom_components.ringcentral.softphone.phone",
        ),
        ("softphone.media.rtp", "from .engine import Engine", "imports upwards"),
        (
            "softphone.phone",
            "from ..const import DOMAIN",
            "imports upwards: custom_components.ringcentral.const",
        ),
        ("cloud.client", "import custom_components.ringcentral.library.clips", "imports upwards"),
        ("softphone.account", "from .agent import Agent", "imports upwards"),
        ("softphone.sip.digest", "from ..account import Account", "imports upwards"),
        ("sensor", "from simulator import world", "is shipped and imports simulator"),
        ("sensor", "import tests.common", "is shipped and imports tests.common"),
        ("sensor", "pass\n" * LONGEST, "is longer than 400 lines"),
    ],
)
def test_a_breach_is_found(tmp_path: Path, name: str, source: str, breach: str) -> None:
    for other in ("agent", "calls.call", "phone", "media.engine", "sip.digest"):
        plant(tmp_path, f"{INTEGRATION}.softphone.{other}", "")
    plant(tmp_path, f"{INTEGRATION}.{name}", source)
    (found,) = violations(tmp_path)
    assert found.startswith(f"{INTEGRATION}.{name} ") and breach in found


def test_the_simulator_may_not_use_what_it_judges(tmp_path: Path) -> None:
    plant(tmp_path, "simulator.registrar", f"from {INTEGRATION}.softphone.sip import digest")
    assert violations(tmp_path) == [
        f"simulator.registrar judges the integration and imports {INTEGRATION}.softphone.sip"
    ]


def test_a_module_without_a_docstring_is_found(tmp_path: Path) -> None:
    path = tmp_path / "custom_components/ringcentral/cloud/client.py"
    path.parent.mkdir(parents=True)
    path.write_text("A = 1\n")
    assert violations(tmp_path) == [f"{INTEGRATION}.cloud.client doesn't say what it is for"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "softphone.phone",
            "import asyncio, ssl\nfrom .agent import Agent\nfrom .media.engine import Engine",
        ),
        ("softphone.media.engine", "import socket"),
        ("softphone.__init__", "from .phone import Phone"),
        ("cloud.client", "import asyncio"),
        (
            "coordinator",
            "from homeassistant.core import callback\nfrom .softphone import Phone\nfrom .const import A",
        ),
    ],
)
def test_what_the_design_allows_is_no_breach(tmp_path: Path, name: str, source: str) -> None:
    for other in ("softphone.__init__", "softphone.agent", "softphone.media.engine", "const"):
        plant(tmp_path, f"{INTEGRATION}.{other}", "")
    plant(tmp_path, f"{INTEGRATION}.{name}", source)
    assert violations(tmp_path) == []
