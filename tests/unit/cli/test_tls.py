"""A server with a certificate of its own authority, and a person who trusts it."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from support.cloud import PASSWORD
from support.command_line import Person
from support.server_process import ZAFFRE, clean_environment, free_ports, settings_arguments
from zaffre.client import RetryPolicy, Unreachable, Zaffre


@dataclass
class Site:
    url: str
    certificate: Path


def self_signed(directory: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 that vouches for itself, and its key; returns both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zaffre.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = directory / "site.crt", directory / "site.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    certificate, key = self_signed(tmp_path)
    ports = free_ports(3)
    more = {"api__tls_certificate": certificate, "api__tls_key": key}
    command = [*ZAFFRE, "serve", *settings_arguments(tmp_path, ports, **more)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=clean_environment())
    url = f"https://127.0.0.1:{ports[2]}"
    try:
        patience = RetryPolicy(attempts=1000, longest_delay_s=0.1)
        with Zaffre(url, ca_file=certificate, retries=patience) as client:
            client.alive()
        yield Site(url, certificate)
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_over_tls_a_person_signs_up_who_trusts_the_certificate_and_nobody_else(site: Site, person: Person) -> None:
    with Zaffre(site.url, retries=RetryPolicy(attempts=1)) as stranger, pytest.raises(Unreachable, match="ertificate"):
        stranger.alive()
    refused = person.types(f"login --url {site.url} --email ann@zaffre.example", ZAFFRE_PASSWORD=PASSWORD)
    assert refused.code == 6
    assert "certificate" in refused.err.lower()
    plain = site.url.replace("https", "http")
    with Zaffre(plain, retries=RetryPolicy(attempts=1)) as careless, pytest.raises(Unreachable):
        careless.alive()
    trust = f"--ca-file {site.certificate}"
    person.does(f"signup --url {site.url} --email ann@zaffre.example --full-name Ann {trust}", ZAFFRE_PASSWORD=PASSWORD)
    assert person.gets("whoami")["email"] == "ann@zaffre.example"
