"""How the API reads JSON; apart from `api`, because DRF loads it while it loads its views."""

import io
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import exceptions, parsers, status


class TooLarge(exceptions.APIException):
    """A body beyond what is read into memory."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too-large"
    default_detail = "The body is too large; files go to the addresses for uploads."


class JSONParser(parsers.JSONParser):
    """JSON that our columns can hold: of bounded size and depth, without NUL and without halves of characters."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The parsed body; 413 or 400 for what no client of ours sends."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        data = stream.read(limit + 1)
        if len(data) > limit:
            raise TooLarge
        try:
            parsed = super().parse(io.BytesIO(data), media_type, parser_context)
            text = json.dumps(parsed, ensure_ascii=False) if b"\\u" in data else ""
            text.encode()
        except RecursionError as error:
            raise exceptions.ParseError("The JSON is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise exceptions.ParseError("The JSON holds half of a surrogate pair.") from error
        if "\\u0000" in text.replace("\\\\", ""):
            raise exceptions.ParseError("The JSON holds a NUL character.")
        return parsed
