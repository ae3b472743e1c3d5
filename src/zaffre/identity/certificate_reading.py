"""Reads certificates that somebody brings, and says which are good enough to sign in with.

What counts later is the certificate itself, byte for byte, and that its key is there: nothing that it signs is
believed, and nobody who signed it is asked. So one that signed itself is as good as any, also when it calls itself an
authority, as `openssl req -x509` makes them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID

from zaffre.foundation.errors import InvalidInput

RSA_BITS = range(2048, 8193)
"""Shorter keys are weak, longer ones make handshakes dear."""
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
SUBJECT_CHARACTERS = 400
NAME_CHARACTERS = 100
_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,60})-----")
_FOR_CLIENTS = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)


class NotACertificate(InvalidInput):
    """What was brought is no certificate, or more than one."""

    code = "client_certificate.unreadable"
    title = "This is not one certificate"

    def __init__(self, detail: str) -> None:
        super().__init__(
            detail,
            remedy="Send one as PEM: the text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.",
            target="certificate",
        )


class HoldsPrivateKey(InvalidInput):
    """Somebody was about to give away their private key."""

    code = "client_certificate.private_key"
    title = "A private key is nobody else's business"

    def __init__(self) -> None:
        super().__init__(
            "The text holds a private key. Nothing of it was kept.",
            remedy="Send the certificate alone. Make a new key if others may have read this one on its way.",
            target="certificate",
        )


UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading what is no certificate, or an odd one, fails with."""


class NotGoodEnough(InvalidInput):
    """The certificate is one, and is not accepted."""

    code = "client_certificate.not_good_enough"
    title = "The certificate is not accepted"

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail, remedy=remedy, target="certificate")


@dataclass(frozen=True)
class ReadCertificate:
    """What a certificate says, as far as it matters here."""

    fingerprint: str
    """SHA-256 of its DER form, in hexadecimal digits."""
    subject: str
    issuer: str
    common_name: str | None
    key: str
    """The kind of its key, for people: `RSA 3072`, `EC P-256`, `Ed25519`."""
    not_before: datetime
    not_after: datetime


def read_certificate(text: str, now: datetime) -> ReadCertificate:
    """Read a certificate from PEM text, and see that it can be signed in with.

    Raises:
        HoldsPrivateKey: there is a private key in the text.
        NotACertificate: it is none, or several.
        NotGoodEnough: it is not valid now, weak, or for something else.
    """
    labels = _LABEL.findall(text)
    if any("PRIVATE KEY" in label for label in labels):
        raise HoldsPrivateKey
    if labels != ["CERTIFICATE"]:
        found = ", ".join(labels[:5]) or "no PEM at all"
        raise NotACertificate(f"There must be one certificate in the text, and nothing else; there is {found}.")
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
        read = _read(certificate)
        _check_use(certificate)
    except UNREADABLE:
        raise NotACertificate("The text looks like a certificate, but cannot be read as one.") from None
    _check_validity(read, now)
    return read


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return what a certificate is known by."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _read(certificate: x509.Certificate) -> ReadCertificate:
    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    common_name = _printable(str(named[0].value), NAME_CHARACTERS).strip() if named else ""
    _check_signature(certificate)
    return ReadCertificate(
        fingerprint=fingerprint_of(certificate),
        subject=_printable(certificate.subject.rfc4514_string(), SUBJECT_CHARACTERS),
        issuer=_printable(certificate.issuer.rfc4514_string(), SUBJECT_CHARACTERS),
        common_name=common_name or None,
        key=_kind_of_key(certificate.public_key()),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _printable(text: str, most: int) -> str:
    return "".join(character for character in text if character.isprintable())[:most]


def _kind_of_key(key: Any) -> str:
    """Name the kind of a key.

    Raises:
        NotGoodEnough: it is weak, or unusual.
    """
    if isinstance(key, RSAPublicKey) and key.key_size in RSA_BITS:
        return f"RSA {key.key_size}"
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in CURVES:
        return f"EC {CURVES[key.curve.name]}"
    if isinstance(key, Ed25519PublicKey):
        return "Ed25519"
    if isinstance(key, RSAPublicKey):
        what = f"An RSA key of {key.key_size} bits"
    elif isinstance(key, EllipticCurvePublicKey):
        what = f"A key on the curve {key.curve.name}"
    else:
        what = "A key of this kind"
    raise NotGoodEnough(
        f"{what} is not accepted.",
        remedy=f"Take RSA of {RSA_BITS[0]} to {RSA_BITS[-1]} bits, a curve of P-256, P-384 and P-521, or Ed25519.",
    )


def _check_signature(certificate: x509.Certificate) -> None:
    if certificate.signature_algorithm_oid == SignatureAlgorithmOID.ED25519:
        return
    digest = certificate.signature_hash_algorithm
    if not isinstance(digest, DIGESTS):
        name = "an unusual digest" if digest is None else digest.name.upper()
        raise NotGoodEnough(f"It is signed with {name}.", remedy="Take SHA-256, SHA-384 or SHA-512.")


def _check_use(certificate: x509.Certificate) -> None:
    """See that signing in is among what a certificate says it is for, if it says anything of that."""
    remedy = "Leave the use open when you make it, or allow digitalSignature and clientAuth."
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.UnrecognizedExtension) and extension.critical:
            raise NotGoodEnough(
                f"It has a critical extension that is not known here: {extension.oid.dotted_string}.",
                remedy="Make it without.",
            )
        if isinstance(value, x509.KeyUsage) and not value.digital_signature:
            raise NotGoodEnough("Its key is not for signing (keyUsage), which signing in needs.", remedy=remedy)
        if isinstance(value, x509.ExtendedKeyUsage) and not any(use in value for use in _FOR_CLIENTS):
            raise NotGoodEnough("It is not for clients (extendedKeyUsage).", remedy=remedy)


def _check_validity(read: ReadCertificate, now: datetime) -> None:
    remedy = "Make another, and see that your clock is right."
    if read.not_before > now:
        raise NotGoodEnough(f"It is not valid before {read.not_before:%Y-%m-%dT%H:%M:%SZ}.", remedy=remedy)
    if read.not_after <= now:
        raise NotGoodEnough(f"It has expired at {read.not_after:%Y-%m-%dT%H:%M:%SZ}.", remedy=remedy)
