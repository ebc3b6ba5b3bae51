"""How a service says no: one error type that every surface knows how to show."""


class Refusal(Exception):
    """A request that cannot be done as asked, with a sentence that says what to do.

    ``code`` is stable and machine-readable, ``message`` is for people (translated by the caller),
    ``field`` names the input at fault, ``status`` is the HTTP answer a surface gives.
    """

    def __init__(self, code: str, message: str, *, field: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.status = status


class NotFound(Refusal):
    """The thing does not exist, or is somebody else's: the two answer alike."""

    def __init__(self, message: str = "There is no such thing.", *, field: str | None = None) -> None:
        super().__init__("not_found", message, field=field, status=404)


class Conflict(Refusal):
    """The thing is not in a state that allows the act."""

    def __init__(self, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(code, message, field=field, status=409)
