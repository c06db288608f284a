"""The signing key of the embedded defaults: made once, kept where only this user can read it."""

import contextlib
import os
import secrets
from pathlib import Path

from dashboard.config.base import ConfigurationError


def kept_under(folder: Path) -> str:
    """The key in `folder/secret_key`, made on first use; two processes that start together get the same one.

    Raises ConfigurationError when the folder cannot be used.
    """
    path = folder / "secret_key"
    try:
        if not path.exists():
            _make(folder, path)
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        why = f"VAR_DIR={folder} cannot be used ({error.strerror})"
        raise ConfigurationError(f"{why}; set VAR_DIR to a folder that this user can write.") from error


def _make(folder: Path, path: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = folder / f"secret_key.{os.getpid()}"
    own.touch(mode=0o600)
    own.write_text(secrets.token_urlsafe(50), encoding="ascii")
    with contextlib.suppress(FileExistsError):
        os.link(own, path)
    own.unlink()
