"""The errors an action may raise; each edge maps them once (form, page, problem+json, command)."""

from typing import ClassVar

from django.utils.functional import Promise

PROBLEM_TYPE = "urn:headwaters:problem:"


class DomainError(Exception):
    """Something the domain does not allow, said so that a person can act on it.

    `message` names the thing and the rule, `way_out` what to do instead; `field` is the form or JSON
    field it belongs to; `rule` is a short stable name of the rule for machines.
    """

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "invalid"

    def __init__(
        self,
        message: str | Promise,
        *,
        field: str | None = None,
        rule: str | None = None,
        way_out: str | Promise = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.rule = rule or self.slug
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.message} {self.way_out}".strip()

    @property
    def errors(self) -> dict[str, list[str]]:
        """Messages by field; an error that names several reasons overrides this."""
        return {self.field: [str(self.message)]} if self.field else {}


class Refused(DomainError):
    """A rule forbids it as asked."""

    status = 422
    slug = "refused"


class Conflict(DomainError):
    """The state has moved on, or the same key was used for something else."""

    status = 409
    slug = "conflict"


class Exhausted(DomainError):
    """There is not enough left."""

    status = 409
    slug = "exhausted"


class Forbidden(DomainError):
    """This actor may not."""

    status = 403
    slug = "forbidden"


class NotFound(DomainError):
    """No such thing, or its existence is private."""

    status = 404
    slug = "not-found"
