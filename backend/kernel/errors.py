"""One tree of domain errors. Each carries a stable code; the HTTP status is chosen in one table at the edge (`backend.problem`)."""

from __future__ import annotations

from collections.abc import Mapping


class DomainError(Exception):
    """Something the caller can understand and act on. `code` is stable; `detail` is for people and may change."""

    code = "rejected"
    title = "Request rejected"

    def __init__(self, detail: str, *, code: str | None = None, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.fields = dict(fields or {})
        """What is wrong, by the name of the field."""


class Invalid(DomainError):
    code = "invalid"
    title = "Invalid input"


class Unauthenticated(DomainError):
    code = "unauthenticated"
    title = "Sign-in required"


class Forbidden(DomainError):
    code = "forbidden"
    title = "Not allowed"


class NotFound(DomainError):
    """Also the answer for what belongs to another workspace: its existence is not revealed."""

    code = "not_found"
    title = "Not found"


class Conflict(DomainError):
    code = "conflict"
    title = "Conflict"


class TooLarge(DomainError):
    code = "too_large"
    title = "Too large"


class UnsupportedMedia(DomainError):
    code = "unsupported_media"
    title = "Unsupported media type"


class InsufficientCredits(DomainError):
    code = "insufficient_credits"
    title = "Not enough credits"


class BudgetExhausted(InsufficientCredits):
    """The credits are there, but a budget does not let this caller spend them now."""

    code = "budget_exhausted"
    title = "Budget used up"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        """Whole seconds until the budget is whole again; 0 when even then it would not do."""


class NotServing(InsufficientCredits):
    """What somebody else's visitor is told when an agent cannot be paid for: nothing of whose credits or budget it is."""

    code = "agent_unavailable"
    title = "Not available just now"


class RateLimited(DomainError):
    code = "rate_limited"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after
        """Whole seconds until it is worth trying again."""


class Unavailable(DomainError):
    """A part we depend on cannot answer now; trying again later may work."""

    code = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 0) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after
        """Whole seconds until it is worth trying again; 0 when that is not known."""


class UpstreamFailed(DomainError):
    """A part we depend on answered, and the answer was a failure or nonsense."""

    code = "upstream_failed"
    title = "Upstream failure"
