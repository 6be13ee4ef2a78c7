"""What an authenticator is asked, and whether what it shows is right. No I/O.

The library reads what was sent and judges signature, challenge, origin, host and flags; what it
leaves open is judged here: no frame of another site, no paper about the authenticator's maker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    options_to_json_dict,
    parse_attestation_object,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from backend.errors import WrongCredentials

LIVES = timedelta(minutes=5)
MOST = 10  # of an account
CHALLENGE_BYTES = 32
SHOWN_NAME = "Desk"  # what a phone shows beside the host; it says nothing of what is done there
ALGORITHMS = [
    Algorithm.ECDSA_SHA_256,
    Algorithm.EDDSA,
    Algorithm.RSASSA_PKCS1_v1_5_SHA_256,  # some machines with Windows have no other
]
VERIFIED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True)
class Site:
    """Where our pages stand: a passkey is good for this host and no other."""

    origin: str
    host: str


@dataclass(frozen=True)
class Made:
    """A new passkey, as a browser hands it over (base64url)."""

    id: str
    client_data: str
    attestation: str


@dataclass(frozen=True)
class Shown:
    """A passkey that is used, as a browser hands it over (base64url).

    Some leave `user_handle` out where they were told which passkeys to choose from.
    """

    id: str
    client_data: str
    authenticator_data: str
    signature: str
    user_handle: str


@dataclass(frozen=True)
class Key:
    id: bytes
    public: bytes
    count: int


def site_of(url: str) -> Site:
    """Passkeys are for names; a machine of one's own goes by `localhost`, not by its number."""
    named = url.replace("://127.0.0.1", "://localhost", 1)
    return Site(named, urlsplit(named).hostname or "")


def to_make(site: Site, challenge: bytes, user: bytes, name: str, known: Sequence[bytes]) -> Any:
    """What `navigator.credentials.create` is given, as JSON.

    A phone keeps `name` and may copy it to its maker: it is the holder's own word, not the login.
    """
    return options_to_json_dict(
        generate_registration_options(
            rp_id=site.host,
            rp_name=SHOWN_NAME,
            user_id=user,
            user_name=name,
            challenge=challenge,
            timeout=int(LIVES.total_seconds() * 1000),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
            supported_pub_key_algs=ALGORITHMS,
        )
    )


def to_show(site: Site, challenge: bytes, known: Sequence[bytes] = ()) -> Any:
    """What `navigator.credentials.get` is given, as JSON.

    Any passkey of ours, for nobody knows yet of whom, or one of those that are `known`.
    """
    return options_to_json_dict(
        generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            timeout=int(LIVES.total_seconds() * 1000),
            allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
            user_verification=VERIFIED,
        )
    )


def challenge_of(client_data: str) -> bytes:
    """What was signed, by its own account. Raises WrongCredentials."""
    try:
        said = parse_client_data_json(base64url_to_bytes(client_data))
    except Exception as error:  # whatever a stranger's bytes bring about
        raise WrongCredentials from error
    if said.cross_origin:
        raise WrongCredentials
    return said.challenge


def check_made(made: Made, challenge: bytes, site: Site) -> Key:
    """Raises WrongCredentials."""
    try:
        told = parse_attestation_object(base64url_to_bytes(made.attestation))
        plain = told.fmt == AttestationFormat.NONE
        by_itself = told.fmt == AttestationFormat.PACKED and not told.att_stmt.x5c
        found = (
            verify_registration_response(
                credential={
                    "id": made.id,
                    "rawId": made.id,
                    "type": "public-key",
                    "response": {
                        "clientDataJSON": made.client_data,
                        "attestationObject": made.attestation,
                    },
                },
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                require_user_verification=True,
                supported_pub_key_algs=ALGORITHMS,
            )
            if plain or by_itself
            else None
        )
    except Exception as error:  # likewise
        raise WrongCredentials from error
    if found is None or found.credential_id != base64url_to_bytes(made.id):
        raise WrongCredentials
    return Key(found.credential_id, found.credential_public_key, found.sign_count)


def check_shown(shown: Shown, challenge: bytes, site: Site, public: bytes) -> int:
    """The authenticator's count, where the signature is right. Raises WrongCredentials.

    The library would judge the count before the signature; here it is judged by whoever knows
    that the signature is right, and in one statement.
    """
    try:
        found = verify_authentication_response(
            credential={
                "id": shown.id,
                "rawId": shown.id,
                "type": "public-key",
                "response": {
                    "clientDataJSON": shown.client_data,
                    "authenticatorData": shown.authenticator_data,
                    "signature": shown.signature,
                },
            },
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # likewise
        raise WrongCredentials from error
    return found.new_sign_count
