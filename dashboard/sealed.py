"""A text that only this dashboard can read again: encrypted with a key that follows from `SECRET_KEY`."""

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from joserfc.jwk import OctKey


def seal(text: str) -> str:
    from joserfc import jwe

    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, text.encode(), _key()) if text else ""


def unseal(sealed: str) -> str:
    """ "" when it was sealed with another key."""
    from joserfc import jwe
    from joserfc.errors import JoseError

    try:
        return (jwe.decrypt_compact(sealed, _key()).plaintext or b"").decode() if sealed else ""
    except (JoseError, ValueError):
        return ""


def _key() -> "OctKey":
    from joserfc.jwk import OctKey

    return OctKey.import_key(hashlib.sha256(b"sealed:" + settings.SECRET_KEY.encode()).digest())
