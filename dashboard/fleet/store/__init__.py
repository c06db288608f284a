"""The fleet in Redis. The only package that speaks Redis, with `budget`.

Keys, all under `ona:<namespace>:` (the namespace is a digest of base address and key, so that two
organisations never mix):

    rows:<kind>          hash, id → b"<version> <asked>\\n<blob>"; asked = when the request for it was sent
    version              counter, raised by each write that changed something
    epoch                random text of this store's life; another epoch means another numbering
    server               which life of the Redis process the epoch belongs to
    changes              capped stream; entry ids are <version>-<n>, fields kind, id, blob (empty = removed), asked
    sweeps               hash, name of a sweep → JSON of its last run, and of its last success
    detail:<kind>:<id>   blob of one resource's own page, expires
    unread:<kind>:<id>   why one resource could not be read, expires
    attention            sorted set, <kind>:<id> → when a page last asked for it
    watch                JSON of how listening to events goes, expires
    lock:<name>          single flight
"""

from dashboard.fleet.store.beside import Beside
from dashboard.fleet.store.locks import Locks
from dashboard.fleet.store.part import AT_ONCE, StoreError, connect, follow, namespace, namespace_of
from dashboard.fleet.store.rows import Rows
from dashboard.fleet.store.shapes import (
    Addressed,
    Change,
    Heard,
    Newer,
    Observation,
    Sweep,
    WatchState,
)

__all__ = [
    "AT_ONCE",
    "Addressed",
    "Change",
    "Heard",
    "Newer",
    "Observation",
    "Store",
    "StoreError",
    "Sweep",
    "WatchState",
    "connect",
    "follow",
    "namespace",
    "namespace_of",
]


class Store(Rows, Beside, Locks):
    """The fleet of one namespace in Redis."""
