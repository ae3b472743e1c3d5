"""The sample resource provider as a process of its own, over HTTPS with a certificate of its own."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

EXAMPLE = Path(__file__).parents[2] / "examples" / "buckets" / "buckets.py"


class ProgramProcess:
    """The sample program, which can be killed and started again on what it has written down."""

    def __init__(self, directory: Path, zaffre: str) -> None:
        self._directory = directory
        self._zaffre = zaffre
        self.key_file = directory / "access-key"
        self.key_file.write_text("zpk_none")
        self.certificate = _certificate(directory)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"https://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        files = {"database": "buckets.sqlite", "certificate": "certificate.pem", "key": "key.pem"}
        arguments = [f"--{name}={self._directory / file}" for name, file in files.items()]
        arguments += [f"--zaffre={self._zaffre}", f"--access-key-file={self.key_file}", f"--port={self._port}"]
        with (self._directory / "program.log").open("ab") as log:
            command = [sys.executable, str(EXAMPLE), *arguments, "--meter-every=0.5"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ})

    async def answers(self) -> bool:
        trust = ssl.create_default_context(cafile=str(self.certificate))
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=trust)
        except OSError:
            return False
        writer.close()
        return True

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _certificate(directory: Path) -> Path:
    """Make a certificate that vouches for itself, as an authority of one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "buckets")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    builder = builder.add_extension(alternatives, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "key.pem").write_bytes(private)
    path = directory / "certificate.pem"
    path.write_bytes(certificate.public_bytes(pem))
    return path
