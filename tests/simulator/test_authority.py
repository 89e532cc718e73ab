"""Who believes a server whose certificate was made at home."""

from datetime import timedelta
from pathlib import Path
import ssl

import pytest

from simulator.authority import Authority


def visit(server: ssl.SSLContext, believed: Authority | None) -> None:
    """Let a client and a server shake hands in memory; raises SSLCertVerificationError when the client won't."""
    client = ssl.create_default_context(cadata=believed.pem if believed else None)
    client.verify_flags &= ~ssl.VERIFY_X509_STRICT
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(back, there, server_hostname="127.0.0.1"),
        server.wrap_bio(there, back, server_side=True),
    ]
    while sides:
        for side in tuple(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(side)


def test_who_knows_the_authority_believes_the_server(tmp_path: Path) -> None:
    authority = Authority()
    visit(authority.server(tmp_path), authority)


def test_nobody_else_does(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        visit(Authority().server(tmp_path), None)


def test_a_certificate_that_has_expired_is_told_as_that(tmp_path: Path) -> None:
    authority = Authority()
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        visit(authority.server(tmp_path, expires_in=-timedelta(days=1)), authority)
