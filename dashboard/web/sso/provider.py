"""The OpenID provider: where to send people, what their codes and tokens say, and whether to believe it.

`joserfc` checks signatures and claims, httpx carries the calls. Nothing here keeps a token.
Both are loaded with the first sign-in: where nobody signs in elsewhere they would be 14 MB for nothing.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel, ValidationError

from dashboard.config.sso import Oidc

if TYPE_CHECKING:
    import httpx
    from joserfc import jwt
    from joserfc.jwk import KeySet

TIMEOUT = 5.0
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""
METADATA_LIVES = 3600.0
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""What a provider may sign with. Not `none`, and nothing for which its public key or our secret would do."""
Claims = Mapping[str, Any]


class ProviderDown(Exception):
    """The provider did not answer, or not as one; worth another try."""


class Untrusted(Exception):
    """An answer that must not be believed; the message is for a log, and quotes no token."""


class Refused(Exception):
    """The provider says no; the message is its code for why, such as invalid_grant."""


class Metadata(BaseModel):
    """What discovery tells. RFC 8414 and OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    id_token_signing_alg_values_supported: list[str] = ["RS256"]
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


class Tokens(BaseModel):
    """What a code or a refresh token was exchanged for."""

    id_token: str = ""
    access_token: str = ""
    refresh_token: str = ""


class _Error(BaseModel):
    error: str


Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in: made when somebody leaves for the provider, needed when they come back."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    next: str
    anew: float = 0.0
    """When somebody who is signed in here left to sign in there once more (epoch seconds); 0: to sign in here."""


class Provider:
    """`clock` gives epoch seconds."""

    def __init__(self, config: Oidc, http: "httpx.Client", clock: Callable[[], float]) -> None:
        self.config, self._http, self._clock = config, http, clock
        self._known: tuple[float, Metadata] | None = None

    def metadata(self) -> Metadata:
        """Read again every hour. Raises ProviderDown, Untrusted."""
        if self._known is None or self._clock() - self._known[0] > METADATA_LIVES:
            url = f"{self.config.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = _parsed(Metadata, self._ask("GET", url))
            if found.issuer != self.config.issuer:
                raise Untrusted(f"discovery names another issuer than OIDC_ISSUER: {found.issuer[:200]!r}")
            for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                _safe(address, self.config.issuer)
            self._known = (self._clock(), found)
        return self._known[1]

    def check(self) -> None:
        """Ask for what a sign-in needs first. Raises ProviderDown, Refused, Untrusted."""
        self._keys(self.metadata())

    def sign_in_url(self, attempt: Attempt) -> str:
        """Where to send somebody: the code flow with PKCE (RFC 7636, S256)."""
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        question = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": self.config.scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if attempt.anew:
            question |= {"prompt": "login", "max_age": "0"}  # OpenID Connect Core 1.0, section 3.1.2.1
        elif "offline_access" in self.config.scopes.split():
            question["prompt"] = "consent"  # OpenID Connect Core 1.0, section 11
        return _with(self.metadata().authorization_endpoint, question)

    def sign_out_url(self, back: str) -> str:
        """Where the provider ends its own session, "" when it has no such page."""
        there = self.metadata().end_session_endpoint
        question = {"client_id": self.config.client_id, "post_logout_redirect_uri": back}
        return _with(_safe(there, self.config.issuer), question) if there else ""

    def redeem(self, code: str, attempt: Attempt) -> Tokens:
        """Exchange a code. Raises ProviderDown, Refused, Untrusted."""
        return self._tokens(
            grant_type="authorization_code",
            code=code,
            redirect_uri=attempt.redirect_uri,
            code_verifier=attempt.verifier,
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token; the answer may hold its successor. Raises ProviderDown, Refused, Untrusted."""
        return self._tokens(grant_type="refresh_token", refresh_token=refresh_token)

    def claims(self, id_token: str, nonce: str = "") -> Claims:
        """What an ID token says, if it is the provider's, for us, in time, and for this attempt. OpenID Connect
        Core 1.0, section 3.1.3.7. Raises Untrusted, ProviderDown.
        """
        for_us: jwt.ClaimsOption = {"essential": True, "value": self.config.client_id}
        options: dict[str, jwt.ClaimsOption] = {
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": bool(nonce), "value": nonce} if nonce else {},
            "azp": {"value": self.config.client_id},
        }
        claims = self._signed(id_token, options)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if several and claims.get("azp") != for_us["value"]:
            raise Untrusted("the token is for several clients, and was not made for this one")
        return claims

    def logout_claims(self, token: str) -> Claims:
        """What a logout token says. OpenID Connect Back-Channel Logout 1.0, section 2.6."""
        claims = self._signed(token, {"iat": {"essential": True}, "events": {"essential": True}})
        events = claims["events"]
        named = isinstance(events, dict) and "http://schemas.openid.net/event/backchannel-logout" in events
        if not named or "nonce" in claims or not (claims.get("sub") or claims.get("sid")):
            raise Untrusted("this is no logout token")
        if claims["iat"] < self._clock() - 600:
            raise Untrusted("the logout token is old")
        return claims

    def userinfo(self, access_token: str, subject: str) -> Claims:
        """More about the person; {} when the provider has no such page. Raises ProviderDown, Refused, Untrusted."""
        there = self.metadata().userinfo_endpoint
        if not there or not access_token:
            return {}
        answer = self._ask(
            "GET", _safe(there, self.config.issuer), headers={"Authorization": f"Bearer {access_token}"}
        )
        try:
            claims = answer.json()
        except ValueError:
            raise ProviderDown("the provider's userinfo is not JSON") from None
        if not isinstance(claims, dict) or claims.get("sub") != subject:
            raise Untrusted("userinfo is about somebody else")
        return claims

    def _signed(self, token: str, options: "dict[str, jwt.ClaimsOption]") -> Claims:
        from joserfc import jwt
        from joserfc.errors import JoseError

        metadata = self.metadata()
        algorithms = [one for one in metadata.id_token_signing_alg_values_supported if one in ALGORITHMS]
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.config.issuer},
            aud={"essential": True, "value": self.config.client_id},
            **options,
        )
        keys = self._keys(metadata)
        try:
            claims = jwt.decode(token, keys, algorithms=algorithms or ["RS256"]).claims
            registry.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Untrusted(f"{type(error).__name__}: {str(error)[:200]}") from None
        return claims

    def _keys(self, metadata: Metadata) -> "KeySet":
        """The keys the provider signs with now: read every time, so that one it has withdrawn opens nothing."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            listed = self._ask("GET", metadata.jwks_uri).json()["keys"]
            signing = [key for key in listed if key.get("use", "sig") == "sig" and key.get("kty") != "oct"]
            return KeySet.import_key_set({"keys": signing})
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProviderDown(f"the provider's keys cannot be read ({type(error).__name__})") from None

    def _tokens(self, **form: str) -> Tokens:
        metadata, client = self.metadata(), (self.config.client_id, self.config.client_secret)
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            name, password = (quote(text, safe="") for text in client)  # RFC 6749, section 2.3.1
            answer = self._ask("POST", metadata.token_endpoint, data=form, auth=(name, password))
        else:
            form |= {"client_id": client[0], "client_secret": client[1]}
            answer = self._ask("POST", metadata.token_endpoint, data=form)
        return _parsed(Tokens, answer)

    def _ask(self, method: str, url: str, **more: Any) -> "httpx.Response":
        import httpx

        try:
            answer = self._http.request(method, url, **more)
        except httpx.HTTPError as error:
            raise ProviderDown(f"{urlsplit(url).netloc} does not answer ({type(error).__name__})") from None
        if answer.status_code in {400, 401, 403}:
            raise Refused(_code(answer))
        if answer.status_code != 200:
            raise ProviderDown(f"{urlsplit(url).netloc} answered {answer.status_code}")
        return answer


def _parsed(shape: type[Answer], answer: "httpx.Response") -> Answer:
    try:
        return shape.model_validate_json(answer.content)
    except ValidationError:
        raise ProviderDown(f"{answer.url.host} gave no {shape.__name__.lower()}") from None


def _code(answer: "httpx.Response") -> str:
    """invalid_grant and its like, else the status."""
    try:
        return _Error.model_validate_json(answer.content).error[:80]
    except ValidationError:
        return f"status {answer.status_code}"


def _safe(address: str, issuer: str) -> str:
    """An address that may be asked or shown: https, or http where the issuer itself is (on this machine)."""
    scheme, place = urlsplit(address)[:2]
    if not place or (scheme != "https" and scheme != urlsplit(issuer).scheme):
        raise Untrusted(f"discovery names an address that is not https: {address[:200]!r}")
    return address


def _with(address: str, question: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(question)}"


@lru_cache(maxsize=1)
def http() -> "httpx.Client":
    import httpx

    return httpx.Client(timeout=TIMEOUT, follow_redirects=False)
