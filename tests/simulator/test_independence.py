"""Two ends that share code share its mistakes."""

import ast
from pathlib import Path

import pytest

SIMULATOR = Path(__file__).parents[2] / "simulator"
IO = {"asyncio", "socket", "ssl", "threading", "time"}
SHELLS = {"chaos", "gate", "server", "__main__"}
CORE = (
    "beep", "call", "caller", "clip", "dialect", "dialog", "digest", "exchange", "link", "negotiation", "registrar", "rtp",
    "srtp", "strict", "voice", "wire",
)  # fmt: skip


def imports(module: str) -> set[str]:
    """The top-level packages a module imports by absolute name."""
    tree = ast.parse((SIMULATOR / f"{module}.py").read_text())
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    named = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    return {name.partition(".")[0] for name in plain | named}


@pytest.mark.parametrize("module", [*CORE, *sorted(SHELLS)])
def test_nothing_of_the_phone_is_used(module: str) -> None:
    assert not imports(module) & {"custom_components", "homeassistant"}


@pytest.mark.parametrize("module", CORE)
def test_the_core_has_no_clock_and_no_socket(module: str) -> None:
    assert not imports(module) & IO
