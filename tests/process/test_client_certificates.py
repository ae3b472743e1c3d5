"""Client certificates over real TLS: made by `openssl`, shown by `curl`, the typed client and the command line."""

import json
import shutil
import socket
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.certificates import holder
from support.cloud import PASSWORD
from support.command_line import Person
from support.server_process import ZAFFRE, clean_environment, free_ports, settings_arguments
from zaffre.client import CertificateFiles, Credentials, NotSignedIn, RetryPolicy, Zaffre, ZaffreError

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("openssl") is None, reason="needs curl and openssl"
)
DEADLINE_S = 60


@dataclass
class Site:
    directory: Path
    admin_url: str
    tenant_url: str
    url: str
    authority: Path

    def made(self, name: str, *options: str) -> CertificateFiles:
        """Make a certificate as the guide says."""
        files = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        key = options or ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        command = ["openssl", "req", "-x509", *key, "-nodes", "-days", "365", "-subj", f"/CN={name}"]
        subprocess.run([*command, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True, timeout=60)
        return CertificateFiles(*files)

    def curl(self, *paths: str, files: CertificateFiles | None = None, face: str = "", options: str = "") -> list[int]:
        """Ask for paths over one connection; returns the status of each answer."""
        shown = ["--cert", files.certificate_file, "--key", files.key_file] if files is not None else []
        asked = [argument for path in paths for argument in ("-o", "/dev/null", f"{face or self.url}{path}")]
        command = ["curl", "-sS", "-m", "30", "--noproxy", "*", "--cacert", self.authority, *shown, *options.split()]
        done = subprocess.run(
            [str(each) for each in [*command, "-w", "%{http_code}\n", *asked]],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [int(line) for line in done.stdout.split()]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("site")
    authority, key = directory / "site.crt", directory / "site.key"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=site -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-out", authority, "-keyout", key], check=True, capture_output=True, timeout=60)
    ports = free_ports(3)
    more = {"api__tls_certificate": authority, "api__tls_key": key}
    arguments = [*ZAFFRE, "serve", *settings_arguments(directory, ports, **more)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log, env=clean_environment())
    admin, tenant, public = (f"https://127.0.0.1:{port}" for port in ports)
    try:
        with Zaffre(public, ca_file=authority, retries=RetryPolicy(attempts=1000, longest_delay_s=0.1)) as client:
            client.alive()
        yield Site(directory, admin, tenant, public, authority)
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture
def anna(site: Site) -> Iterator[Zaffre]:
    """Somebody who is signed in."""
    with Zaffre(site.url, ca_file=site.authority) as client:
        email = f"{uuid.uuid4().hex}@zaffre.example"
        client.account.sign_up(email, "Anna", PASSWORD)
        client.sessions.sign_in(email, PASSWORD)
        yield client


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def registered(client: Zaffre, files: CertificateFiles) -> str:
    return client.client_certificates.add(files.certificate_file.read_text()).id


def test_curl_comes_in_with_a_certificate_that_is_registered_and_with_no_other(site: Site, anna: Zaffre) -> None:
    robot = site.made("robot")
    me = "/accounts/me"
    assert site.curl(me, files=robot) == [401]
    registered(anna, robot)
    for options in ("--tls-max 1.2", "--tlsv1.3"):
        assert site.curl(me, me, files=robot, options=options) == [200, 200]
    registered(anna, rsa := site.made("classic", "-newkey", "rsa:2048"))
    registered(anna, edwards := site.made("edwards", "-newkey", "ed25519"))
    assert site.curl(me, files=rsa) == site.curl(me, files=edwards) == [200]
    # None, a stranger's of the same name, and one that somebody else vouches for.
    assert site.curl(me, "/healthz") == [401, 200]
    assert site.curl(me, files=site.made("robot 2", "-newkey", "rsa:2048")) == [401]
    # The other faces ask for none.
    for face in (site.admin_url, site.tenant_url):
        assert site.curl(me, files=robot, face=face) == [401]
        assert not _asked(face, site.authority)
    assert _asked(site.url, site.authority)


def test_the_certificate_without_its_key_lets_nobody_in(site: Site, anna: Zaffre) -> None:
    robot, thief = site.made("robot"), site.made("thief")
    registered(anna, robot)
    stolen = CertificateFiles(robot.certificate_file, thief.key_file)
    with pytest.raises(ZaffreError) as refusal:
        Zaffre(site.url, ca_file=site.authority, certificate=stolen)
    assert refusal.value.code == "client.bad_certificate"


def test_what_is_removed_or_has_expired_is_refused_on_the_connection_that_it_opened(site: Site, anna: Zaffre) -> None:
    robot = site.made("robot")
    certificate_id = registered(anna, robot)
    brief = anna.client_certificates.add(
        site.made("brief").certificate_file.read_text(), expires_at=datetime.now(UTC) + timedelta(seconds=3)
    )
    assert brief.name == "brief"
    files = CertificateFiles(site.directory / "brief.crt", site.directory / "brief.key")
    with KeptConnection(site, files) as short:
        assert short.status() == 200
        with KeptConnection(site, robot) as kept:
            assert (kept.status(), kept.status()) == (200, 200)
            anna.client_certificates.delete(certificate_id)
            assert kept.status() == 401
            registered(anna, robot)
            assert kept.status() == 200
        while datetime.now(UTC) <= brief.expires_at:
            assert short.status() in (200, 401)
        assert short.status() == 401
    expired = holder("old", days=-1, from_days=-3)
    old = CertificateFiles(site.directory / "old.crt", site.directory / "old.key")
    old.certificate_file.write_text(expired.pem)
    (site.directory / "old.key").write_text(expired.key_pem)
    with pytest.raises(ZaffreError, match="expired"):
        registered(anna, old)
    assert site.curl("/accounts/me", files=old) == [401]


def test_large_requests_and_answers_go_through(site: Site, anna: Zaffre) -> None:
    robot = site.made("robot")
    registered(anna, robot)
    with Zaffre(site.url, ca_file=site.authority, certificate=robot) as program:
        assert program.account.get().email == anna.account.get().email
        for number in range(5):
            made = program.api_tokens.create(f"token {number}")
            program.api_tokens.delete(made.id)
    (site.directory / "much").write_bytes(b" " * 900_000 + b'{"name": "large"}')
    options = f"-X POST -H Content-Type:application/json --data-binary @{site.directory / 'much'}"
    assert site.curl("/api-tokens", files=robot, options=options) == [201]
    assert site.curl("/$metadata", files=robot) == [200]


def test_a_person_registers_a_certificate_and_programs_work_with_it(site: Site, anna: Zaffre, person: Person) -> None:
    email = anna.account.get().email
    person.does(f"login --url {site.url} --ca-file {site.authority} --email {email}", ZAFFRE_PASSWORD=PASSWORD)
    robot = site.made("deployer")
    both = site.directory / "both.pem"
    both.write_text((robot.key_file or both).read_text() + robot.certificate_file.read_text())
    added = person.does(f"certificate add {both} --name deploy --scope account.self")
    assert "Client certificate deploy is added" in added.err
    (listed,) = json.loads(person.does("certificate list -o json").out)
    assert (listed["subject"], listed["scopes"]) == ("CN=deployer", ["account.self"])
    program: dict[str, Any] = {
        "ZAFFRE_CONFIG": str(site.directory / "elsewhere.json"),
        "ZAFFRE_URL": site.url,
        "ZAFFRE_CA_FILE": str(site.authority),
    }
    shown: dict[str, Any] = program | {"ZAFFRE_CERTIFICATE": str(both)}
    assert email in person.does("whoami", **shown).out
    assert "deploy" in person.does("certificate list", **shown).out
    files = f"--certificate {robot.certificate_file} --certificate-key {robot.key_file}"
    assert email in person.does(f"login {files}", **program).err
    assert email in person.does("whoami", **program).out
    person.does("logout", **program)
    assert person.types("whoami", **program).code != 0
    assert person.types(f"certificate add {robot.key_file}").code != 0
    person.does("certificate delete deploy --yes")
    refused = person.types("whoami", **shown)
    assert refused.code != 0
    assert "not registered, has expired or was removed" in refused.err
    with Zaffre(site.url, ca_file=site.authority, certificate=robot) as gone, pytest.raises(NotSignedIn):
        gone.account.get()


class KeptConnection:
    """One connection, kept open."""

    def __init__(self, site: Site, files: CertificateFiles) -> None:
        context = ssl.create_default_context(cafile=site.authority)
        files.load_into(context)
        host, port = site.url.removeprefix("https://").split(":")
        plain = socket.create_connection((host, int(port)), DEADLINE_S)
        self._stream = context.wrap_socket(plain, server_hostname=host)

    def status(self) -> int:
        self._stream.sendall(b"GET /accounts/me HTTP/1.1\r\nHost: site\r\n\r\n")
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._stream.recv(65_536)
        head, _, body = received.partition(b"\r\n\r\n")
        (length,) = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")]
        while len(body) < length:
            body += self._stream.recv(65_536)
        return int(head.split(b" ")[1])

    def __enter__(self) -> "KeptConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _asked(url: str, authority: Path) -> bool:
    """Tell whether a face asks for a certificate."""
    address = url.removeprefix("https://")
    command = ["openssl", "s_client", "-connect", address, "-CAfile", str(authority)]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    return "No client certificate CA names sent" in done.stdout and "Requested Signature Algorithms" in done.stdout


def test_a_client_without_credentials_uses_what_it_was_given(site: Site) -> None:
    with Zaffre(site.url, ca_file=site.authority, credentials=Credentials()) as nobody, pytest.raises(NotSignedIn):
        nobody.account.get()
