"""The table of the workspace's pages."""

from __future__ import annotations

from cmp_web.pages import (
    app_agent_api,
    app_agent_chat,
    app_agent_knowledge,
    app_agent_runs,
    app_agent_settings,
    app_agent_widget,
    app_agents,
    app_credits,
    app_keys,
    app_members,
    app_orders,
    app_overview,
    app_runs,
    app_settings,
    app_usage,
    app_webhooks,
)
from cmp_web.pages.page import Page

PAGES: tuple[Page, ...] = (
    app_overview.PAGE,
    app_agents.PAGE,
    app_agent_chat.PAGE,
    app_agent_knowledge.PAGE,
    app_agent_widget.PAGE,
    app_agent_api.PAGE,
    app_agent_runs.PAGE,
    app_agent_settings.PAGE,
    app_runs.PAGE,
    app_credits.PAGE,
    app_usage.PAGE,
    app_keys.PAGE,
    app_webhooks.PAGE,
    app_orders.PAGE,
    app_members.PAGE,
    app_settings.PAGE,
)
