"""Ids of traces: what belongs to one click is one trace, whichever processes it goes through."""

import re

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from dashboard import trail

HEX = re.compile(r"[0-9a-f]{32}")


class TrailIds(RandomIdGenerator):
    """A trace has the id of the trail where that is one (another's, from a proxy, may be any text)."""

    def generate_trace_id(self) -> int:
        current = trail.current()
        number = int(current, 16) if HEX.fullmatch(current) else 0
        return number or super().generate_trace_id()
