"""One budget of requests for all workers, in Redis: how many a second, who goes first, what a 429 does to it.

    budget   hash: `rate` (requests a second now), `next` (when the next slot is free), `halved` (when it was last
             halved), and by lead when the last of those requests went; in Redis' own time, seconds. And counters:
             `sent`, `refused` (429 answers), `failed:<type of error>`; they begin anew after an hour without requests

Each request books the next free slot. One that can wait books only while the queue is short, so that what somebody
waits for goes before it; a share of the slots is its own all the same. Without Redis each process keeps a pace of
its own.
"""

import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, cast

import redis

from dashboard.ona import TokenPace
from dashboard.ona.pace import LONGEST_HOLD, RECOVERY, SLOWEST

KEEP_SECONDS = 3600
ALONE_SECONDS = 5.0
"""For which Redis is not asked again after it did not answer."""
SENT, REFUSED, FAILED = "sent", "refused", "failed:"
LONGEST_QUEUE = 300.0
"""Seconds: a slot that is further away was booked before the clock of Redis' machine was set back."""
SHARE = 4
"""Of so many slots one is for each lead that can wait, however much goes before it."""

TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local full, lead, share = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'rate', 'next', ARGV[5])
local rate = math.min(tonumber(held[1] or full), full)
local turn = math.max(tonumber(held[2] or now), now)
local low = tonumber(held[3] or 0)
if turn - now > tonumber(ARGV[6]) then turn = now end
if low > turn then low = 0 end
if lead >= 0 and turn - now > lead and now - low < share / rate then
  return {tostring(-math.min(turn - now - lead, share / rate - (now - low))), tostring(rate)}
end
redis.call('HSET', KEYS[1], 'rate', rate, 'next', string.format('%.6f', turn + 1 / rate))
if lead >= 0 then redis.call('HSET', KEYS[1], ARGV[5], string.format('%.6f', turn)) end
redis.call('HINCRBY', KEYS[1], 'sent', 1)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return {tostring(turn - now), tostring(rate)}
"""
SLOW_DOWN = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local full, slowest, hold = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'rate', 'next', 'halved')
local rate = tonumber(held[1] or full)
if math.abs(now - tonumber(held[3] or 0)) >= 1 then
  rate = math.max(rate / 2, full * slowest)
  redis.call('HSET', KEYS[1], 'rate', rate, 'halved', string.format('%.6f', now))
end
local turn = tonumber(held[2] or 0)
if turn - now > tonumber(ARGV[5]) then turn = now end
redis.call('HSET', KEYS[1], 'next', string.format('%.6f', math.max(turn, now + hold)))
redis.call('HINCRBY', KEYS[1], 'refused', 1)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return tostring(rate)
"""
SPEED_UP = """
local full = tonumber(ARGV[1])
local rate = math.min(full, tonumber(redis.call('HGET', KEYS[1], 'rate') or full) + full * tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'rate', rate)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return tostring(rate)
"""
COUNT = """
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""


class Lead(Enum):
    """How long a queue (seconds) a request joins; the value of AT_ONCE is none: it always books."""

    AT_ONCE = -1.0
    """Actions, and what somebody has open."""
    SOON = 0.5
    """What moves."""
    LATER = 0.2
    """Everything else."""


class Budget:
    """A `Pace` for `ona`, shared through `client`; `full` is in requests a second. Threads may share it."""

    def __init__(
        self,
        client: "redis.Redis",
        name: str,
        full: float,
        lead: Lead,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._key, self._full, self._lead, self._sleep = f"ona:{name}:budget", full, lead, sleep
        self._scripts = [client.register_script(text) for text in (TAKE, SLOW_DOWN, SPEED_UP, COUNT)]
        self._alone = TokenPace(full, sleep=sleep)
        self._alone_until = 0.0
        self._lock = threading.Lock()
        self.rate = full
        """As it was when it was last looked at."""

    def wait(self) -> None:
        while True:
            answer = self._ask(
                0, self._full, self._lead.value, SHARE, KEEP_SECONDS, self._lead.name, LONGEST_QUEUE
            )
            if answer is None:
                self._alone.wait()
                return
            delay, self.rate = (float(part) for part in answer)
            if delay >= 0:
                if delay:
                    self._sleep(delay)
                return
            self._sleep(min(-delay, 1.0))

    def slow_down(self, delay: float | None) -> None:
        hold = min(max(delay or 0.0, 0.0), LONGEST_HOLD)
        answer = self._ask(1, self._full, SLOWEST, hold, KEEP_SECONDS, LONGEST_QUEUE)
        if answer is None:
            self._alone.slow_down(delay)
        else:
            self.rate = float(answer)

    def speed_up(self) -> None:
        self._alone.speed_up()
        if self.rate < self._full:
            answer = self._ask(2, self._full, RECOVERY, KEEP_SECONDS)
            self.rate = self.rate if answer is None else float(answer)

    def failed(self, kind: str) -> None:
        self._ask(3, f"{FAILED}{kind}", KEEP_SECONDS)

    def _ask(self, script: int, *arguments: float | str) -> Any:
        """A script's answer; None while Redis does not answer."""
        with self._lock:
            if time.monotonic() < self._alone_until:
                return None
        try:
            return self._scripts[script](keys=[self._key], args=cast("Any", arguments))
        except redis.RedisError:
            with self._lock:
                self._alone_until = time.monotonic() + ALONE_SECONDS
            return None
