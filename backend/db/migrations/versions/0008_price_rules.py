"""What a run costs is a rule, no longer one figure, and an agent keeps the rule it was bought under."""

import json
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MICRO = 1_000_000
CHARGES = {"success": "price", "empty": "nothing", "error": "nothing", "timeout": "nothing", "cancelled": "part", "refused": "nothing"}
"""What every agent charged until now."""
OFFERING = sa.table("offering", sa.column("sku", sa.String), sa.column("run_micro", sa.BigInteger), sa.column("rules", sa.Text))
INSTANCE = sa.table("instance", sa.column("sku", sa.String), sa.column("bought_rules", sa.Text))


def upgrade() -> None:
    op.add_column("offering", sa.Column("rules", sa.Text(), server_default="", nullable=False))
    op.add_column("instance", sa.Column("bought_rules", sa.Text(), server_default="", nullable=False))
    for sku, micro in op.get_bind().execute(sa.select(OFFERING.c.sku, OFFERING.c.run_micro)).all():
        rules = json.dumps({"most": _credits(micro), "tokens": None, "charges": CHARGES}, sort_keys=True)
        op.execute(OFFERING.update().where(OFFERING.c.sku == sku).values(rules=rules))
        op.execute(INSTANCE.update().where(INSTANCE.c.sku == sku).values(bought_rules=rules))
    op.drop_column("offering", "run_micro")


def downgrade() -> None:
    op.add_column("offering", sa.Column("run_micro", sa.BigInteger(), server_default="0", nullable=False))
    for sku, rules in op.get_bind().execute(sa.select(OFFERING.c.sku, OFFERING.c.rules)).all():
        micro = int(Decimal(json.loads(rules)["most"]) * MICRO)
        op.execute(OFFERING.update().where(OFFERING.c.sku == sku).values(run_micro=micro))
    op.drop_column("instance", "bought_rules")
    op.drop_column("offering", "rules")


def _credits(micro: int) -> str:
    whole, part = divmod(micro, MICRO)
    return f"{whole}" + (f".{part:06d}".rstrip("0") if part else "")
