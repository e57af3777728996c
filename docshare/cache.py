"""Django's cache on Redis, with one redis-py client for each thread: Django makes one for each question."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient


class Client(RedisCacheClient):
    """It connects anew after a fork and after an error, whoever asks."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._made: Any = None

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """The settings name one server."""
        if self._made is None:
            self._made = super().get_client(key, write=True)
        return self._made


class Cache(RedisCache):
    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = Client
