"""Who somebody is, from what an OpenID provider says of them."""

from typing import Any

from dashboard.config.sso import Oidc
from dashboard.control.people.identity import Identity
from dashboard.web.sso.provider import Claims, Provider, Tokens


def identity_of(provider: Provider, claims: Claims, tokens: Tokens) -> Identity:
    """From the ID token, and from userinfo what that leaves out. Raises what `Provider.userinfo` does."""
    subject = str(claims["sub"])
    wanted = (provider.config.groups_claim, "email", "name")
    if any(_found(claims, name) is None for name in wanted):
        claims = {**provider.userinfo(tokens.access_token, subject), **claims}
    return Identity(
        source="oidc",
        subject=f"{provider.config.issuer} {subject}",
        email=_email(claims, provider.config),
        name=_text(claims, "name")
        or _text(claims, "preferred_username")
        or _text(claims, "email")
        or subject,
        groups=_groups(_found(claims, provider.config.groups_claim)),
    )


def _found(claims: Claims, name: str) -> Any:
    """A claim by its name, else by the path that its name spells; None when there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    text = value if isinstance(value, str) else ""
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _email(claims: Claims, config: Oidc) -> str:
    """Verified, or "": it decides what somebody owns."""
    verified = claims.get("email_verified", config.trust_email)
    return _text(claims, "email") if verified is True or verified == "true" else ""


def _groups(value: Any) -> frozenset[str]:
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(group for group in listed if isinstance(group, str) and group)
