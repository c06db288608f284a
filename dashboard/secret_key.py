"""The signing key of the embedded defaults: made once, kept where only this user can read it."""

import os
import secrets
from pathlib import Path


def kept_under(folder: Path) -> str:
    """The key in `folder/secret_key`, made on first use; two processes that start together get the same one."""
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        own = folder / f"secret_key.{os.getpid()}"
        own.touch(mode=0o600)
        own.write_text(secrets.token_urlsafe(50), encoding="ascii")
        try:
            os.link(own, path)
        except FileExistsError:
            pass
        own.unlink()
    return path.read_text(encoding="ascii").strip()
