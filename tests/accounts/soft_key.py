"""A security key made of software: it answers a page's request for a new passkey as a real one would."""

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestedCredentialData, AuthenticatorData

_FLAG = AuthenticatorData.FLAG


def registered(options: dict[str, Any], *, origin: str) -> dict[str, Any]:
    """Return a credential (WebAuthn Level 2, section 7.1, attestation "none") for the options of a page."""
    asked = options["publicKey"]
    public_key = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    credential_id = secrets.token_bytes(32)
    told = {"type": "webauthn.create", "challenge": asked["challenge"], "origin": origin, "crossOrigin": False}
    data = AuthenticatorData.create(
        hashlib.sha256(asked["rp"]["id"].encode()).digest(),
        _FLAG.UP | _FLAG.UV | _FLAG.AT,
        0,
        AttestedCredentialData.create(b"\x00" * 16, credential_id, _cose(public_key)),
    )
    attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": bytes(data)})
    return {
        "type": "public-key",
        "id": websafe_encode(credential_id),
        "rawId": websafe_encode(credential_id),
        "clientExtensionResults": {"credProps": {"rk": False}},
        "response": {
            "clientDataJSON": websafe_encode(json.dumps(told).encode()),
            "attestationObject": websafe_encode(attestation),
        },
    }


def _cose(point: ec.EllipticCurvePublicNumbers) -> ES256:
    """Return a public key on P-256 as COSE writes it (RFC 9053, section 7.1.1)."""
    return ES256({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
