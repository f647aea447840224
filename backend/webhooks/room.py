"""The room, put together: what says that something happened, what carries it out, what its owner manages, what tells of trouble."""

from __future__ import annotations

from backend.db.engine import Database
from backend.kernel.clock import Clock
from backend.kernel.secrets import SecretBox
from backend.mail import Mailer
from backend.settings import Settings
from backend.webhooks.calling import Courier
from backend.webhooks.delivering import Deliverer
from backend.webhooks.keys import Keys
from backend.webhooks.outbox import Outbox
from backend.webhooks.ports import Admins, Content
from backend.webhooks.service import Webhooks
from backend.webhooks.telling import Telling


class Room:
    def __init__(
        self, database: Database, clock: Clock, mailer: Mailer, settings: Settings, *, outbox: Outbox, admins: Admins, content: Content
    ) -> None:
        keys, private = Keys(SecretBox(settings.secret(), "webhooks")), settings.webhooks_private
        self.deliverer = Deliverer(database, clock, outbox, keys, Courier(private=private), content)
        self.webhooks = Webhooks(database, clock, outbox, keys, self.deliverer, private=private)
        self.telling = Telling(database, clock, mailer, admins, settings.brand_name, settings.base_url)
