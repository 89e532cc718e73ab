"""The configurations in docs/connections-asterisk.md, started as they stand there and registered with as told there."""

from collections.abc import Iterator
from pathlib import Path
import re

import pytest

from custom_components.ringcentral.account.sources import account_of, tls_of
from custom_components.ringcentral.flows.account_forms import PRESET_FORMS, Preset
from custom_components.ringcentral.flows.registration_check import async_check_registration

from .asterisk_server import Asterisk, Credentials, run_asterisk
from .line import answered_line, read_ulaw
from .programs import REPOSITORY

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("socket_enabled")]

PAGE = REPOSITORY / "docs/connections-asterisk.md"
DOCUMENTED = Credentials("homeassistant", "homeassistant", "choose-a-long-one")
TRANSPORTS = ["tcp", "tls"]


@pytest.fixture(scope="module", params=TRANSPORTS)
def documented(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asterisk]:
    """Run Asterisk with one of the page's configurations; only ports, addresses and folders are others."""
    configuration = re.findall(r"```ini\n(.*?)```", PAGE.read_text(), re.DOTALL)[
        TRANSPORTS.index(request.param)
    ]
    folder = tmp_path_factory.mktemp("documented")
    elsewhere = {
        "0.0.0.0:5060": "127.0.0.1:@SIP_PORT@",
        "0.0.0.0:5061": "127.0.0.1:@TLS_PORT@",
        "/etc/asterisk/keys/asterisk.crt": "@WORK@/keys/cert.pem",
        "/etc/asterisk/keys/asterisk.key": "@WORK@/keys/key.pem",
    }
    for there, here in elsewhere.items():
        configuration = configuration.replace(there, here)
    with run_asterisk(folder, configuration) as asterisk:
        yield asterisk


async def test_a_documented_configuration_takes_home_assistant_and_its_calls(
    documented: Asterisk, request: pytest.FixtureRequest, tmp_path: Path, prompt: bytes
) -> None:
    transport = request.node.callspec.params["documented"]
    port = {"tcp": documented.port, "tls": documented.tls_port}[transport]
    form = PRESET_FORMS[Preset.ASTERISK]
    advanced = {"ca_certificate": documented.certificate.read_text()} if transport == "tls" else {}
    typed = {
        "domain": f"127.0.0.1:{port}",
        "username": DOCUMENTED.username,
        "password": DOCUMENTED.password,
        "transport": transport,
        "advanced": advanced,
    }
    data = form.data(form.schema(typed))
    account, tls = account_of(data), tls_of(data)

    await async_check_registration(account, tls)

    clip = tmp_path / "clip.wav"
    context = tls if transport == "tls" else None
    async with answered_line(DOCUMENTED, port, clip, context, require_srtp=account.require_srtp) as line:
        await line.registered()
        await documented.originate(DOCUMENTED.username, "Playback", documented.add_sound("prompt", prompt))
        await line.ended()
        await line.recorded()
    assert read_ulaw(clip) == prompt
