"""Signing in elsewhere: at an OpenID provider (`oidc`), or because a proxy in front of us says who asks (`proxy`)."""
