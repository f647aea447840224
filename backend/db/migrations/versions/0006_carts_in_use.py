"""A cart is forgotten once nobody looks at it any more, not so long after it was begun."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rename("created_at", "used_at")


def downgrade() -> None:
    _rename("used_at", "created_at")


def _rename(before: str, after: str) -> None:
    op.drop_index(op.f(f"ix_cart_{before}"), "cart")
    op.alter_column("cart", before, new_column_name=after)
    op.create_index(op.f(f"ix_cart_{after}"), "cart", [after], unique=False)
