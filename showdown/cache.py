"""The cache: Redis while it answers, and this process's own memory while it does not."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from redis.exceptions import RedisError

PAUSE: Final = 10.0  # seconds
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Line:
    """Whether a Redis answered when it was last asked; all threads of the process share what one of them found out."""

    is_up: bool = True
    again_at: float = 0.0

    def may_be_asked(self) -> bool:
        """Say yes while Redis answers, and once in a pause while it does not: one asks for all, nobody queues up."""
        now = time.monotonic()
        if self.is_up:
            return True
        if now < self.again_at:
            return False
        self.again_at = now + PAUSE
        return True

    def answered(self) -> None:
        """Note that Redis is there."""
        if not self.is_up:
            self.is_up = True
            _logger.info("Redis answers again.")

    def failed(self, error: Exception) -> None:
        """Note that Redis is away, or hangs, or talks nonsense."""
        if self.is_up:
            _logger.warning("Redis is away, so this process remembers by itself for now: %s", error)
        self.is_up, self.again_at = False, time.monotonic() + PAUSE


_lines: dict[str, _Line] = {}


class RedisOrMemory(BaseCache):
    """A cache that forgets when Redis goes or comes back, and never fails, nor makes everybody wait for a dead server.

    Merely to ignore the errors is not enough: whoever cannot add a lock to a cache waits for it and gives up in the
    end, as the limits on sign-ins do. They would refuse everybody. In this process's memory they go on working,
    for each process by itself.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        """Take the address of Redis, and what django-redis takes as ``OPTIONS``."""
        super().__init__(params)
        self._line = _lines.setdefault(server, _Line())
        options = params.get("OPTIONS", {})
        self._redis: BaseCache = RedisCache(server, {**params, "OPTIONS": {**options, "IGNORE_EXCEPTIONS": False}})
        # Large enough that nobody makes it forget by sending many requests.
        self._memory = LocMemCache(server, {**params, "OPTIONS": {"MAX_ENTRIES": 100_000}})

    def _ask(self, verb: str, *arguments: Any, **options: Any) -> Any:
        if self._line.may_be_asked():
            try:
                answer = getattr(self._redis, verb)(*arguments, **options)
            except (RedisError, OSError) as error:
                self._line.failed(error)
            else:
                self._line.answered()
                return answer
        return getattr(self._memory, verb)(*arguments, **options)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set a key that has no value yet, and say whether it had none."""
        return bool(self._ask("add", key, value, timeout=timeout, version=version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return a key's value."""
        return self._ask("get", key, default, version=version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Set a key's value."""
        self._ask("set", key, value, timeout=timeout, version=version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Let a key live longer, and say whether it lives at all."""
        return bool(self._ask("touch", key, timeout=timeout, version=version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Delete a key, and say whether it was there."""
        return bool(self._ask("delete", key, version=version))

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Return the values of those keys that have one."""
        found: dict[Any, Any] = self._ask("get_many", list(keys), version=version)
        return found

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Set several keys; none fails."""
        self._ask("set_many", data, timeout=timeout, version=version)
        return []

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Delete several keys."""
        self._ask("delete_many", list(keys), version=version)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Say whether a key has a value."""
        return bool(self._ask("has_key", key, version=version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a key's number; raises ``ValueError`` when it has none."""
        return int(self._ask("incr", key, delta, version=version))

    def clear(self) -> None:
        """Forget everything, here and there."""
        self._memory.clear()
        self._ask("clear")

    def close(self, **options: Any) -> None:
        """Let the connections go."""
        self._redis.close(**options)
