"""The shop's app part with a receiver, for comparing with recorded deliveries."""

from tests.service.shop_apps.conftest import idle_shop, receiver, shop

__all__ = ["idle_shop", "receiver", "shop"]
