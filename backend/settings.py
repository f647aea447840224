"""Settings: read once from the environment or `.env`, typed, prefix `CMP_`. docs/settings.md documents each (a test proves it)."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CMP_", env_file=".env", extra="ignore", frozen=True)

    port: int = Field(3000, ge=1, le=65535, description="The one port everything is served on.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    data_dir: Path = Field(Path("var"), description="Where the database, documents, mail and keys live.")
    public_url: str = Field("", description="The address people reach us at; http://localhost:PORT when empty.")
    secret_key: SecretStr = Field(SecretStr(""), description="Seals secrets at rest; made and kept in the data folder when empty.")
    database_url: str = Field("", description="SQLAlchemy URL; SQLite in the data folder when empty.")
    redis_url: str = Field("", description="Shared live UI state and rate limits; memory when empty.")

    saleor_api_url: str = Field("", description="A real Saleor's GraphQL URL; the embedded shop when empty.")
    saleor_app_token: SecretStr = Field(SecretStr(""), description="The app's token; learnt when the app is installed if empty.")
    saleor_webhook_secret: SecretStr = Field(
        SecretStr(""), description="Secret of webhooks made with one, or several by commas; public keys when empty."
    )
    saleor_channel: str = Field("default-channel", description="Saleor channel to sell in.")

    saleor_media_origins: Annotated[tuple[str, ...], NoDecode] = Field((), description="Comma-separated origins its pictures come from.")
    redirect_gateways: Annotated[tuple[str, ...], NoDecode] = Field((), description="Comma-separated ids of payment apps that redirect.")

    langflow_url: str = Field("", description="A Langflow server, or several by commas; lfx workers when empty.")
    langflow_api_key: SecretStr = Field(SecretStr(""), description="The API key of the Langflow servers.")

    oidc_issuer: str = Field("", description="OIDC issuer; local accounts when empty.")
    oidc_client_id: str = Field("", description="OIDC client id.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="OIDC client secret.")

    llm_base_url: str = Field("", description="OpenAI-compatible server for the sample agents; none when empty.")
    llm_api_key: SecretStr = Field(SecretStr(""), description="Its key.")
    llm_model: str = Field("", description="Its model name.")

    smtp_url: str = Field("", description="smtp://user:password@host:port; .eml files in the data folder when empty.")
    brand_name: str = Field("CMP", description="The marketplace's name on every page and mail.")
    operator_emails: Annotated[tuple[str, ...], NoDecode] = Field((), description="Comma-separated e-mails of operators.")
    demo_password: SecretStr = Field(SecretStr(""), description="Password of demo@example.com; made and printed when empty.")
    runner_at_once: int = Field(8, ge=1, le=1000, description="Runs under way at once in lfx worker processes; more wait.")
    runner_ports: Annotated[tuple[int, ...], NoDecode] = Field((80, 443), description="Comma-separated TCP ports that flow code may call.")
    running_at_once: int = Field(8, ge=1, le=10_000, description="Runs of one workspace under way at once, in one process.")
    gateway_capacity: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Runs under way at once in one process, at most; one that is late takes on fewer. More are told to come back.",
    )
    overlap_holds: bool = Field(True, description="Begin to work on a run while its hold is being written, where that is safe.")
    runner_url: str = Field("", description="A `cmpctl runner` that agents run in; worker processes of this one when empty.")
    runner_host: str = Field("127.0.0.1", description="The address `cmpctl runner` listens on.")
    runner_port: int = Field(3001, ge=1, le=65535, description="The port `cmpctl runner` listens on.")
    run_timeout_seconds: int = Field(
        120, ge=1, le=3600, description="A run that takes longer is stopped and costs nothing. A plan may allow less, never more."
    )

    webhooks_private: bool = Field(False, description="Local development: webhooks may go to http and to addresses of our own network.")

    @field_validator("operator_emails", "saleor_media_origins", "redirect_gateways", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(e.strip().lower() for e in value.split(",") if e.strip()) if isinstance(value, str) else value

    @field_validator("runner_ports", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("saleor_media_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """They become part of a header of every page, so nothing but an origin may pass."""
        if wrong := [origin for origin in value if not re.fullmatch(r"https?://(\*\.)?[a-z0-9.-]+(:\d+)?", origin.rstrip("/"))]:
            raise ValueError(f"not an origin such as https://cdn.example.com: {', '.join(wrong)}")
        return tuple(origin.rstrip("/") for origin in value)

    @property
    def base_url(self) -> str:
        """PUBLIC_URL without a trailing slash, or the local address."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.data_dir / 'cmp.db').resolve()}"

    @property
    def durable_database(self) -> str:
        """Where DBOS keeps its tables: a file of its own on SQLite, so that two writers never wait for each other."""
        if self.database_url and not self.database_url.startswith("sqlite"):
            return self.database_url
        return f"sqlite:///{(self.data_dir / 'durable.db').resolve()}"

    @property
    def embedded_shop(self) -> bool:
        return not self.saleor_api_url

    @property
    def saleor_url(self) -> str:
        """The GraphQL URL the commerce client talks to, and the only one whose webhooks are believed."""
        return self.saleor_api_url or f"{self.base_url}/graphql/"

    @property
    def media_origins(self) -> tuple[str, ...]:
        """Where pictures of products may come from, beside our own origin."""
        parts = urlsplit(self.saleor_api_url)
        own = (f"{parts.scheme}://{parts.netloc}",) if parts.netloc else ()
        return (*own, *self.saleor_media_origins)

    @property
    def local(self) -> bool:
        """Whether people reach us on this computer alone."""
        return urlsplit(self.base_url).hostname in {"localhost", "127.0.0.1", "::1"}

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    def secret(self) -> str:
        """The installation's secret: given, or made once and kept readable by its owner alone."""
        if given := self.secret_key.get_secret_value():
            return given
        path = self.data_dir / "secret.key"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass
        return path.read_text().strip()
