"""Bearer tokens for one environment: they carry what they are for and until when, and are sealed."""

import base64
import binascii
import hashlib
import hmac
import json

LIFETIME_SECONDS = 3600.0
ACCESS, LOGS = "access", "logs"
_HEAD = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")


def issue(secret: str, kind: str, environment_id: str, at: float) -> str:
    """A token for one environment, valid for an hour from `at` (epoch seconds, simulated)."""
    claims = {"aud": kind, "sub": environment_id, "exp": round(at + LIFETIME_SECONDS, 6)}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{_HEAD}.{payload}.{_seal(secret, payload)}"


def is_valid(secret: str, token: str, kind: str, environment_id: str, at: float) -> bool:
    """Whether the token is one of this kind for this environment, and not expired."""
    _, _, rest = token.partition(".")
    payload, _, seal = rest.partition(".")
    if not hmac.compare_digest(seal.encode(), _seal(secret, payload).encode()):
        return False
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return False
    return bool(claims["aud"] == kind and claims["sub"] == environment_id and claims["exp"] > at)


def _seal(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
