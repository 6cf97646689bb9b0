"""What a request is answered that cannot be taken, in one form for all of them."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

RETRY_AFTER: Final = {"Retry-After": "2"}  # seconds; every OpenLineage client tries a 503 again


class Refusal(Exception):
    """A request that is answered with an error. path: where in the JSON body, if there.

    headers: of the answer, beside the usual ones.
    """

    def __init__(
        self, status: int, message: str, path: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.path = path
        self.headers = headers or {}

    @property
    def response(self) -> Response:
        """The answer."""
        body = {"code": self.status, "message": str(self)}
        if self.path:
            body["path"] = self.path
        return json_response(body, self.status, self.headers)


def json_response(
    value: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """The value as JSON."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")
