"""The key pair for push services, written as usual: base64url without padding."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

PRIVATE_BYTES = 32


def new_private_key() -> str:
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encoded(number.to_bytes(PRIVATE_BYTES, "big"))


def public_key_of(private: str) -> str:
    """Return the public key, as browsers need it. Raises `ValueError` for an invalid private key."""
    return encoded(_key(private).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def as_pem(private: str) -> tuple[bytes, bytes]:
    """Return the private and the public key for libraries."""
    key = _key(private)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Decode base64url. Raises `ValueError` for anything else."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def _key(private: str) -> ec.EllipticCurvePrivateKey:
    content = decoded(private)
    if len(content) != PRIVATE_BYTES:
        raise ValueError("a private key has 32 bytes")
    return ec.derive_private_key(int.from_bytes(content, "big"), ec.SECP256R1())
