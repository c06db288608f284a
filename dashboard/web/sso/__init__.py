"""Signing in elsewhere: `proxy` (a proxy in front of us says who asks)."""
