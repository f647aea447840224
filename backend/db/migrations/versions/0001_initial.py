"""The first tables: people, workspaces, offerings, agents, knowledge, the ledger, orders, the shop."""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Frozen as they were when this migration was written; the rooms' models make the same for themselves.

FULL_TEXT_SQLITE = (
    """CREATE VIRTUAL TABLE knowledge_fts USING fts5(
        scope, place, text, content='knowledge_passage', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER knowledge_fts_insert AFTER INSERT ON knowledge_passage BEGIN
        INSERT INTO knowledge_fts(rowid, scope, place, text) VALUES (new.id, new.scope, new.place, new.text);
    END""",
    """CREATE TRIGGER knowledge_fts_delete AFTER DELETE ON knowledge_passage BEGIN
        INSERT INTO knowledge_fts(knowledge_fts, rowid, scope, place, text) VALUES ('delete', old.id, old.scope, old.place, old.text);
    END""",
)
FULL_TEXT_POSTGRESQL = (
    """ALTER TABLE knowledge_passage ADD COLUMN knowledge_fts tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', place), 'B') || setweight(to_tsvector('english', text), 'A')) STORED""",
    """CREATE INDEX knowledge_fts_gin ON knowledge_passage USING gin (knowledge_fts)""",
)
APPEND_ONLY = ("ledger_transaction", "ledger_entry")
REFUSAL = "the ledger is append-only"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
    )
    op.create_table(
        "cart",
        sa.Column("visitor_hash", sa.String(), nullable=False),
        sa.Column("checkout_id", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("visitor_hash", name=op.f("pk_cart")),
    )
    op.create_index(op.f("ix_cart_created_at"), "cart", ["created_at"], unique=False)
    op.create_table(
        "commerce_connection",
        sa.Column("api_url", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("sealed_token", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("api_url", name=op.f("pk_commerce_connection")),
    )
    op.create_table(
        "gateway_run",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.Column("instance_id", sa.String(length=64), nullable=False),
        sa.Column("instance_name", sa.String(length=80), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("usage", sa.JSON(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=False),
        sa.Column("error_detail", sa.String(length=300), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_run")),
        sa.UniqueConstraint("request_key", name=op.f("uq_gateway_run_request_key")),
    )
    op.create_index("ix_gateway_run_instance", "gateway_run", ["instance_id", "id"], unique=False)
    op.create_index(
        "ix_gateway_run_lease",
        "gateway_run",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index("ix_gateway_run_workspace", "gateway_run", ["workspace_id", "id"], unique=False)
    op.create_table(
        "knowledge_document",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_document")),
        sa.UniqueConstraint("instance_id", "sha256", name=op.f("uq_knowledge_document_instance_id_sha256")),
    )
    op.create_index(op.f("ix_knowledge_document_instance_id"), "knowledge_document", ["instance_id"], unique=False)
    op.create_table(
        "ledger_account",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance >= held", name=op.f("ck_ledger_account_held_is_covered")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_ledger_account_held_not_negative")),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_ledger_account")),
    )
    op.create_table(
        "ledger_hold",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("charged", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("amount >= 0 AND charged >= 0 AND charged <= amount", name=op.f("ck_ledger_hold_charged_within_held")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_ledger_hold")),
    )
    op.create_index(
        "ix_ledger_hold_open",
        "ledger_hold",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(op.f("ix_ledger_hold_workspace_id"), "ledger_hold", ["workspace_id"], unique=False)
    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_transaction_key")),
    )
    op.create_index(op.f("ix_ledger_transaction_run_id"), "ledger_transaction", ["run_id"], unique=False)
    op.create_index(op.f("ix_ledger_transaction_workspace_id"), "ledger_transaction", ["workspace_id"], unique=False)
    op.create_table(
        "offering",
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("product_slug", sa.String(length=120), nullable=False),
        sa.Column("product_name", sa.String(length=200), nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=False),
        sa.Column("plan_name", sa.String(length=80), nullable=False),
        sa.Column("emblem", sa.String(length=40), nullable=False),
        sa.Column("flow", sa.String(length=120), nullable=False),
        sa.Column("flow_hash", sa.String(length=64), nullable=False),
        sa.Column("credits_micro", sa.BigInteger(), nullable=False),
        sa.Column("run_micro", sa.BigInteger(), nullable=False),
        sa.Column("knowledge", sa.BigInteger(), nullable=False),
        sa.Column("widgets", sa.Integer(), nullable=False),
        sa.Column("rest", sa.Boolean(), nullable=False),
        sa.Column("mcp", sa.Boolean(), nullable=False),
        sa.Column("rpm", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("on_sale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_offering")),
    )
    op.create_table(
        "provision_order",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("saleor_order_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=True),
        sa.Column("visitor_hash", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("refund_seen", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_provision_order")),
        sa.UniqueConstraint("saleor_order_id", name=op.f("uq_provision_order_saleor_order_id")),
    )
    op.create_index(op.f("ix_provision_order_email"), "provision_order", ["email"], unique=False)
    op.create_index(op.f("ix_provision_order_placed_at"), "provision_order", ["placed_at"], unique=False)
    op.create_index(op.f("ix_provision_order_status"), "provision_order", ["status"], unique=False)
    op.create_index(op.f("ix_provision_order_visitor_hash"), "provision_order", ["visitor_hash"], unique=False)
    op.create_index(op.f("ix_provision_order_workspace_id"), "provision_order", ["workspace_id"], unique=False)
    op.create_table(
        "shop_app",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("token_tail", sa.String(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_app")),
        sa.UniqueConstraint("identifier", name=op.f("uq_shop_app_identifier")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_shop_app_token_hash")),
    )
    op.create_table(
        "shop_app_installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("app_name", sa.String(), nullable=False),
        sa.Column("manifest_url", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_app_installation")),
    )
    op.create_table(
        "shop_category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_category")),
        sa.UniqueConstraint("slug", name=op.f("uq_shop_category_slug")),
    )
    op.create_table(
        "shop_channel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_channel")),
        sa.UniqueConstraint("slug", name=op.f("uq_shop_channel_slug")),
    )
    op.create_table(
        "shop_product_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_product_type")),
        sa.UniqueConstraint("slug", name=op.f("uq_shop_product_type_slug")),
    )
    op.create_table(
        "shop_transaction",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("checkout_id", sa.String(), nullable=True),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("psp_reference", sa.String(), nullable=False),
        sa.Column("external_url", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("requested", sa.BigInteger(), nullable=False),
        sa.Column("authorized", sa.BigInteger(), nullable=False),
        sa.Column("charged", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("refundable", sa.Boolean(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("private_meta", sa.JSON(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_transaction")),
        sa.UniqueConstraint("source_id", "idempotency_key", name=op.f("uq_shop_transaction_source_id_idempotency_key")),
    )
    op.create_index(op.f("ix_shop_transaction_checkout_id"), "shop_transaction", ["checkout_id"], unique=False)
    op.create_index(op.f("ix_shop_transaction_order_id"), "shop_transaction", ["order_id"], unique=False)
    op.create_table(
        "shop_voucher",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value_type", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("starts", UtcDateTime(), nullable=False),
        sa.Column("ends", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_voucher")),
    )
    op.create_table(
        "shop_warehouse",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_warehouse")),
        sa.UniqueConstraint("slug", name=op.f("uq_shop_warehouse_slug")),
    )
    op.create_table(
        "email_proof",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_email_proof_account_id_account"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_email_proof")),
    )
    op.create_index(op.f("ix_email_proof_account_id"), "email_proof", ["account_id"], unique=False)
    op.create_table(
        "knowledge_passage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["knowledge_document.id"], name=op.f("fk_knowledge_passage_document_id_knowledge_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_passage")),
    )
    op.create_index(op.f("ix_knowledge_passage_document_id"), "knowledge_passage", ["document_id"], unique=False)
    op.create_index("ix_knowledge_passage_instance_id", "knowledge_passage", ["instance_id"], unique=False)
    op.create_table(
        "ledger_lot",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("remaining >= 0 AND remaining <= granted", name=op.f("ck_ledger_lot_remaining_within_granted")),
        sa.ForeignKeyConstraint(["workspace_id"], ["ledger_account.workspace_id"], name=op.f("fk_ledger_lot_workspace_id_ledger_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_lot")),
    )
    op.create_index(
        "ix_ledger_lot_open",
        "ledger_lot",
        ["workspace_id"],
        unique=False,
        sqlite_where=sa.text("remaining > 0"),
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_index(op.f("ix_ledger_lot_ref"), "ledger_lot", ["ref"], unique=False)
    op.create_index(op.f("ix_ledger_lot_workspace_id"), "ledger_lot", ["workspace_id"], unique=False)
    op.create_table(
        "provision_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_ref", sa.String(), nullable=False),
        sa.Column("line_id", sa.String(), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=True),
        sa.Column("credits_micro", sa.BigInteger(), nullable=False),
        sa.Column("taken_micro", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_ref"], ["provision_order.ref"], name=op.f("fk_provision_grant_order_ref_provision_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provision_grant")),
        sa.UniqueConstraint("order_ref", "line_id", "unit", name=op.f("uq_provision_grant_order_ref_line_id_unit")),
    )
    op.create_index(op.f("ix_provision_grant_order_ref"), "provision_grant", ["order_ref"], unique=False)
    op.create_table(
        "provision_stage",
        sa.Column("order_ref", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_ref"], ["provision_order.ref"], name=op.f("fk_provision_stage_order_ref_provision_order")),
        sa.PrimaryKeyConstraint("order_ref", "key", name=op.f("pk_provision_stage")),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id_account"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_table(
        "shop_checkout",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("billing", sa.JSON(), nullable=True),
        sa.Column("voucher_code", sa.String(), nullable=True),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("private_meta", sa.JSON(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["shop_channel.id"], name=op.f("fk_shop_checkout_channel_id_shop_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_checkout")),
    )
    op.create_table(
        "shop_order",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("checkout_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("billing", sa.JSON(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("undiscounted", sa.BigInteger(), nullable=False),
        sa.Column("voucher_code", sa.String(), nullable=True),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("private_meta", sa.JSON(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.Column("charge_status", sa.String(), nullable=False),
        sa.Column("authorize_status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["shop_channel.id"], name=op.f("fk_shop_order_channel_id_shop_channel")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_shop_order")),
        sa.UniqueConstraint("checkout_id", name=op.f("uq_shop_order_checkout_id")),
        sa.UniqueConstraint("id", name=op.f("uq_shop_order_id")),
    )
    op.create_index(op.f("ix_shop_order_charge_status"), "shop_order", ["charge_status"], unique=False)
    op.create_index(op.f("ix_shop_order_created"), "shop_order", ["created"], unique=False)
    op.create_index(op.f("ix_shop_order_updated"), "shop_order", ["updated"], unique=False)
    op.create_table(
        "shop_product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("type_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("private_meta", sa.JSON(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["shop_category.id"], name=op.f("fk_shop_product_category_id_shop_category")),
        sa.ForeignKeyConstraint(["type_id"], ["shop_product_type.id"], name=op.f("fk_shop_product_type_id_shop_product_type")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_product")),
        sa.UniqueConstraint("slug", name=op.f("uq_shop_product_slug")),
    )
    op.create_table(
        "shop_transaction_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("psp_reference", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("external_url", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["shop_transaction.id"], name=op.f("fk_shop_transaction_event_transaction_id_shop_transaction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_transaction_event")),
    )
    op.create_index(op.f("ix_shop_transaction_event_transaction_id"), "shop_transaction_event", ["transaction_id"], unique=False)
    op.create_table(
        "shop_voucher_code",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("voucher_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["voucher_id"], ["shop_voucher.id"], name=op.f("fk_shop_voucher_code_voucher_id_shop_voucher")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_voucher_code")),
        sa.UniqueConstraint("code", name=op.f("uq_shop_voucher_code_code")),
    )
    op.create_index(op.f("ix_shop_voucher_code_voucher_id"), "shop_voucher_code", ["voucher_id"], unique=False)
    op.create_table(
        "shop_webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("app_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("target_url", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("secret_key", sa.String(), nullable=True),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("async_events", sa.JSON(), nullable=False),
        sa.Column("sync_events", sa.JSON(), nullable=False),
        sa.Column("custom_headers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["shop_app.id"], name=op.f("fk_shop_webhook_app_id_shop_app"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_webhook")),
    )
    op.create_index(op.f("ix_shop_webhook_app_id"), "shop_webhook", ["app_id"], unique=False)
    op.create_table(
        "workspace",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("personal_of", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["personal_of"], ["account.id"], name=op.f("fk_workspace_personal_of_account"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("personal_of", name=op.f("uq_workspace_personal_of")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_key_account_id_account"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_api_key_workspace_id_workspace"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_key_secret_hash")),
    )
    op.create_index(op.f("ix_api_key_workspace_id"), "api_key", ["workspace_id"], unique=False)
    op.create_table(
        "instance",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("suspended_for", sa.String(length=300), nullable=False),
        sa.Column("source_key", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["sku"], ["offering.sku"], name=op.f("fk_instance_sku_offering")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_instance_workspace_id_workspace"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        sa.UniqueConstraint("source_key", name=op.f("uq_instance_source_key")),
    )
    op.create_index(op.f("ix_instance_workspace_id"), "instance", ["workspace_id"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("lot_id", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["lot_id"], ["ledger_lot.id"], name=op.f("fk_ledger_entry_lot_id_ledger_lot")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_ledger_entry_transaction_id_ledger_transaction")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("account", "position", name=op.f("uq_ledger_entry_account_position")),
    )
    op.create_index(op.f("ix_ledger_entry_lot_id"), "ledger_entry", ["lot_id"], unique=False)
    op.create_index(op.f("ix_ledger_entry_transaction_id"), "ledger_entry", ["transaction_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_membership_account_id_account"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_membership_workspace_id_workspace"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("workspace_id", "account_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_account_id"), "membership", ["account_id"], unique=False)
    op.create_table(
        "shop_event_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["shop_webhook.id"], name=op.f("fk_shop_event_delivery_webhook_id_shop_webhook"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_event_delivery")),
        sa.UniqueConstraint("work_id", name=op.f("uq_shop_event_delivery_work_id")),
    )
    op.create_index(op.f("ix_shop_event_delivery_status"), "shop_event_delivery", ["status"], unique=False)
    op.create_index(op.f("ix_shop_event_delivery_webhook_id"), "shop_event_delivery", ["webhook_id"], unique=False)
    op.create_table(
        "shop_fulfillment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["shop_order.id"], name=op.f("fk_shop_fulfillment_order_id_shop_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_fulfillment")),
    )
    op.create_index(op.f("ix_shop_fulfillment_order_id"), "shop_fulfillment", ["order_id"], unique=False)
    op.create_table(
        "shop_order_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["shop_order.id"], name=op.f("fk_shop_order_event_order_id_shop_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_order_event")),
    )
    op.create_index(op.f("ix_shop_order_event_order_id"), "shop_order_event", ["order_id"], unique=False)
    op.create_table(
        "shop_variant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("track_inventory", sa.Boolean(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("private_meta", sa.JSON(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["shop_product.id"], name=op.f("fk_shop_variant_product_id_shop_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_variant")),
        sa.UniqueConstraint("sku", name=op.f("uq_shop_variant_sku")),
    )
    op.create_index(op.f("ix_shop_variant_product_id"), "shop_variant", ["product_id"], unique=False)
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("external", sa.String(length=200), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_conversation_instance_id_instance"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("instance_id", "owner", "external", name=op.f("uq_conversation_instance_id_owner_external")),
    )
    op.create_index(op.f("ix_conversation_instance_id"), "conversation", ["instance_id"], unique=False)
    op.create_index(op.f("ix_conversation_workspace_id"), "conversation", ["workspace_id"], unique=False)
    op.create_table(
        "shop_checkout_line",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("checkout_id", sa.String(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("priced_at", UtcDateTime(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("private_meta", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["shop_checkout.id"], name=op.f("fk_shop_checkout_line_checkout_id_shop_checkout"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["shop_variant.id"], name=op.f("fk_shop_checkout_line_variant_id_shop_variant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_checkout_line")),
    )
    op.create_index(op.f("ix_shop_checkout_line_checkout_id"), "shop_checkout_line", ["checkout_id"], unique=False)
    op.create_table(
        "shop_event_delivery_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("response_headers", sa.Text(), nullable=False),
        sa.Column("request_headers", sa.Text(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["shop_event_delivery.id"],
            name=op.f("fk_shop_event_delivery_attempt_delivery_id_shop_event_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_event_delivery_attempt")),
    )
    op.create_index(op.f("ix_shop_event_delivery_attempt_delivery_id"), "shop_event_delivery_attempt", ["delivery_id"], unique=False)
    op.create_table(
        "shop_order_line",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_name", sa.String(), nullable=False),
        sa.Column("variant_name", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("fulfilled", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("undiscounted_unit", sa.BigInteger(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
        sa.Column("private_meta", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["shop_order.id"], name=op.f("fk_shop_order_line_order_id_shop_order")),
        sa.ForeignKeyConstraint(["variant_id"], ["shop_variant.id"], name=op.f("fk_shop_order_line_variant_id_shop_variant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_order_line")),
    )
    op.create_index(op.f("ix_shop_order_line_order_id"), "shop_order_line", ["order_id"], unique=False)
    op.create_table(
        "widget",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("allowed_origins", sa.JSON(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("greeting", sa.String(length=300), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_widget_instance_id_instance"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widget")),
        sa.UniqueConstraint("instance_id", "number", name=op.f("uq_widget_instance_id_number")),
    )
    op.create_index(op.f("ix_widget_workspace_id"), "widget", ["workspace_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_message_conversation_id_conversation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("run_id", "role", name=op.f("uq_message_run_id_role")),
    )
    op.create_index(op.f("ix_message_conversation_id"), "message", ["conversation_id"], unique=False)
    op.create_table(
        "shop_fulfillment_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fulfillment_id", sa.Integer(), nullable=False),
        sa.Column("order_line_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fulfillment_id"], ["shop_fulfillment.id"], name=op.f("fk_shop_fulfillment_line_fulfillment_id_shop_fulfillment")
        ),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["shop_order_line.id"], name=op.f("fk_shop_fulfillment_line_order_line_id_shop_order_line")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_fulfillment_line")),
    )
    op.create_index(op.f("ix_shop_fulfillment_line_fulfillment_id"), "shop_fulfillment_line", ["fulfillment_id"], unique=False)
    op.create_table(
        "widget_session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("widget_id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["widget_id"], ["widget.id"], name=op.f("fk_widget_session_widget_id_widget"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_widget_session")),
    )
    op.create_index(op.f("ix_widget_session_widget_id"), "widget_session", ["widget_id"], unique=False)
    # ### end Alembic commands ###
    if op.get_bind().dialect.name == "sqlite":
        extras = [*FULL_TEXT_SQLITE, *(trigger for table in APPEND_ONLY for trigger in sqlite_triggers(table))]
    else:
        extras = [*FULL_TEXT_POSTGRESQL, *(trigger for table in APPEND_ONLY for trigger in postgresql_triggers(table))]
    for statement in extras:
        op.execute(statement)


def sqlite_triggers(table: str) -> list[str]:
    body = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    name = f"{table}_append_only"
    return [f"CREATE TRIGGER {name}_{verb.lower()} BEFORE {verb} ON {table} {body}" for verb in ("UPDATE", "DELETE")]


def postgresql_triggers(table: str) -> list[str]:
    name = f"{table}_append_only"
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} EXECUTE FUNCTION {name}()",
    ]


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE knowledge_fts")
    op.drop_index(op.f("ix_widget_session_widget_id"), table_name="widget_session")
    op.drop_table("widget_session")
    op.drop_index(op.f("ix_shop_fulfillment_line_fulfillment_id"), table_name="shop_fulfillment_line")
    op.drop_table("shop_fulfillment_line")
    op.drop_index(op.f("ix_message_conversation_id"), table_name="message")
    op.drop_table("message")
    op.drop_index(op.f("ix_widget_workspace_id"), table_name="widget")
    op.drop_table("widget")
    op.drop_index(op.f("ix_shop_order_line_order_id"), table_name="shop_order_line")
    op.drop_table("shop_order_line")
    op.drop_index(op.f("ix_shop_event_delivery_attempt_delivery_id"), table_name="shop_event_delivery_attempt")
    op.drop_table("shop_event_delivery_attempt")
    op.drop_index(op.f("ix_shop_checkout_line_checkout_id"), table_name="shop_checkout_line")
    op.drop_table("shop_checkout_line")
    op.drop_index(op.f("ix_conversation_workspace_id"), table_name="conversation")
    op.drop_index(op.f("ix_conversation_instance_id"), table_name="conversation")
    op.drop_table("conversation")
    op.drop_index(op.f("ix_shop_variant_product_id"), table_name="shop_variant")
    op.drop_table("shop_variant")
    op.drop_index(op.f("ix_shop_order_event_order_id"), table_name="shop_order_event")
    op.drop_table("shop_order_event")
    op.drop_index(op.f("ix_shop_fulfillment_order_id"), table_name="shop_fulfillment")
    op.drop_table("shop_fulfillment")
    op.drop_index(op.f("ix_shop_event_delivery_webhook_id"), table_name="shop_event_delivery")
    op.drop_index(op.f("ix_shop_event_delivery_status"), table_name="shop_event_delivery")
    op.drop_table("shop_event_delivery")
    op.drop_index(op.f("ix_membership_account_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_ledger_entry_transaction_id"), table_name="ledger_entry")
    op.drop_index(op.f("ix_ledger_entry_lot_id"), table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_index(op.f("ix_instance_workspace_id"), table_name="instance")
    op.drop_table("instance")
    op.drop_index(op.f("ix_api_key_workspace_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_table("workspace")
    op.drop_index(op.f("ix_shop_webhook_app_id"), table_name="shop_webhook")
    op.drop_table("shop_webhook")
    op.drop_index(op.f("ix_shop_voucher_code_voucher_id"), table_name="shop_voucher_code")
    op.drop_table("shop_voucher_code")
    op.drop_index(op.f("ix_shop_transaction_event_transaction_id"), table_name="shop_transaction_event")
    op.drop_table("shop_transaction_event")
    op.drop_table("shop_product")
    op.drop_index(op.f("ix_shop_order_updated"), table_name="shop_order")
    op.drop_index(op.f("ix_shop_order_created"), table_name="shop_order")
    op.drop_index(op.f("ix_shop_order_charge_status"), table_name="shop_order")
    op.drop_table("shop_order")
    op.drop_table("shop_checkout")
    op.drop_index(op.f("ix_session_account_id"), table_name="session")
    op.drop_table("session")
    op.drop_table("provision_stage")
    op.drop_index(op.f("ix_provision_grant_order_ref"), table_name="provision_grant")
    op.drop_table("provision_grant")
    op.drop_index(op.f("ix_ledger_lot_workspace_id"), table_name="ledger_lot")
    op.drop_index(op.f("ix_ledger_lot_ref"), table_name="ledger_lot")
    op.drop_index(
        "ix_ledger_lot_open", table_name="ledger_lot", sqlite_where=sa.text("remaining > 0"), postgresql_where=sa.text("remaining > 0")
    )
    op.drop_table("ledger_lot")
    op.drop_index("ix_knowledge_passage_instance_id", table_name="knowledge_passage")
    op.drop_index(op.f("ix_knowledge_passage_document_id"), table_name="knowledge_passage")
    op.drop_table("knowledge_passage")
    op.drop_index(op.f("ix_email_proof_account_id"), table_name="email_proof")
    op.drop_table("email_proof")
    op.drop_table("shop_warehouse")
    op.drop_table("shop_voucher")
    op.drop_index(op.f("ix_shop_transaction_order_id"), table_name="shop_transaction")
    op.drop_index(op.f("ix_shop_transaction_checkout_id"), table_name="shop_transaction")
    op.drop_table("shop_transaction")
    op.drop_table("shop_product_type")
    op.drop_table("shop_channel")
    op.drop_table("shop_category")
    op.drop_table("shop_app_installation")
    op.drop_table("shop_app")
    op.drop_index(op.f("ix_provision_order_workspace_id"), table_name="provision_order")
    op.drop_index(op.f("ix_provision_order_visitor_hash"), table_name="provision_order")
    op.drop_index(op.f("ix_provision_order_status"), table_name="provision_order")
    op.drop_index(op.f("ix_provision_order_placed_at"), table_name="provision_order")
    op.drop_index(op.f("ix_provision_order_email"), table_name="provision_order")
    op.drop_table("provision_order")
    op.drop_table("offering")
    op.drop_index(op.f("ix_ledger_transaction_workspace_id"), table_name="ledger_transaction")
    op.drop_index(op.f("ix_ledger_transaction_run_id"), table_name="ledger_transaction")
    op.drop_table("ledger_transaction")
    op.drop_index(op.f("ix_ledger_hold_workspace_id"), table_name="ledger_hold")
    op.drop_index(
        "ix_ledger_hold_open",
        table_name="ledger_hold",
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_table("ledger_hold")
    op.drop_table("ledger_account")
    op.drop_index(op.f("ix_knowledge_document_instance_id"), table_name="knowledge_document")
    op.drop_table("knowledge_document")
    op.drop_index("ix_gateway_run_workspace", table_name="gateway_run")
    op.drop_index(
        "ix_gateway_run_lease",
        table_name="gateway_run",
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.drop_index("ix_gateway_run_instance", table_name="gateway_run")
    op.drop_table("gateway_run")
    op.drop_table("commerce_connection")
    op.drop_index(op.f("ix_cart_created_at"), table_name="cart")
    op.drop_table("cart")
    op.drop_table("account")
    # ### end Alembic commands ###
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP FUNCTION {table}_append_only")
