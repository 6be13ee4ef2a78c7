"""What the control API and its client tell each other; the server keeps the same in memory."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

Kind = Literal[
    "text",
    "edited",
    "forwarded",
    "via_bot",
    "photo",
    "voice",
    "document",
    "location",
    "contact",
]
Keyboard = list[list[dict[str, Any]]]


class Phone(Struct):
    """A person's phone. Its chat with a bot has the phone's own id, as on the real service.

    `label` is the name that the page shows and the first name that a bot is told.
    `zone` (IANA) is used for the times on the page only.
    """

    id: int
    label: str
    language: str = "en"
    zone: str = "UTC"
    started: set[int] = field(default_factory=set)
    blocked: set[int] = field(default_factory=set)
    toast: str = ""


class Group(Struct):
    id: int
    title: str
    bots: set[int] = field(default_factory=set)


class Message(Struct):
    """A message as it stands in a chat now. `sender` is a bot's or a phone's id."""

    id: int
    bot: int
    chat: int
    sender: int
    text: str
    at: datetime
    buttons: Keyboard = field(default_factory=list)
    kind: Kind = "text"
    silent: bool = False
    protected: bool = False
    edited: bool = False
    deleted: bool = False

    @property
    def mine(self) -> bool:
        """Whether the bot wrote it."""
        return self.sender == self.bot


class Sent(Struct):
    """Something a bot did that took effect, whatever it was answered.

    `at` is domain time, `moment` is the machine's monotonic clock in seconds,
    comparable between the processes of one machine.
    """

    seq: int
    method: str
    bot: int
    at: datetime
    moment: float
    chat: int | None = None
    message: int | None = None
    text: str = ""
    buttons: Keyboard = field(default_factory=list)
    silent: bool = False
    protected: bool = False
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        return [button["text"] for row in self.buttons for button in row]


class Call(Struct):
    """One request of a bot, byte for byte. `status` 0 means that it got no answer.

    `params` is the readable form of `query` and `body`; the token is in neither.
    """

    seq: int
    moment: float
    at: datetime
    bot: int | None
    method: str
    content_type: str
    query: str
    body: bytes
    params: dict[str, Any] = field(default_factory=dict)
    status: int = 0


class Fault(Struct):
    """What to do to the next `times` matching calls, after letting `skip` of them pass.

    In this order: take effect if `effect`, wait `delay` seconds, then either `drop`
    the connection, answer `garbage` with 200, or answer `code`. With none of these
    the call is answered as usual. `kill` is the id of a process that gets SIGKILL
    without an answer ("before"), or with the answer on its way but unread ("after").
    """

    method: str = "*"
    chat: int | None = None
    bot: int | None = None
    skip: int = 0
    times: int = 1
    effect: bool = False
    delay: float = 0.0
    code: int | None = None
    description: str = ""
    retry_after: int | None = None
    migrate_to_chat: int | None = None
    drop: bool = False
    garbage: str | None = None
    kill: int | None = None
    when: Literal["before", "after"] = "before"


class BotView(Struct):
    id: int
    name: str
    username: str
    pending: int
    webhook: str
    last_error: str


class NewPhone(Struct, forbid_unknown_fields=True):
    label: str
    id: int | None = None
    language: str = "en"
    zone: str | None = None


class NewGroup(Struct, forbid_unknown_fields=True):
    title: str
    bot: int | str | None = None


class Saying(Struct, forbid_unknown_fields=True):
    text: str
    kind: Kind = "text"
    group: int | None = None
    bot: int | str | None = None


class Tapping(Struct, forbid_unknown_fields=True):
    """A button by label or position (along the rows), or raw `data` as a forger would send it."""

    button: str | int = 0
    message: int | None = None
    data: str | None = None
    bot: int | str | None = None


class Blocking(Struct, forbid_unknown_fields=True):
    on: bool = True
    bot: int | str | None = None


class Raw(Struct, forbid_unknown_fields=True):
    update: dict[str, Any]
    bot: int | str | None = None


class Again(Struct, forbid_unknown_fields=True):
    update: int
    bot: int | str | None = None


class Numbers(Struct, forbid_unknown_fields=True):
    """The next number of each kind; None leaves it alone."""

    phone: int | None = None
    message: int | None = None
    update: int | None = None


class Switch(Struct, forbid_unknown_fields=True):
    on: bool


class Update(Struct):
    update: int
