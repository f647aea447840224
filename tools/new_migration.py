"""Write a migration for what changed in the models since the last one.

usage: python tools/new_migration.py "add a column to …"

Read what it wrote before you commit it: triggers and full-text indexes are not seen.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from backend.db.migrate import config, sync_engine, upgrade


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'models.db'}"
        upgrade(url)
        engine = sync_engine(url)
        with engine.connect() as connection:
            command.revision(config(connection), sys.argv[1], autogenerate=True, rev_id=_next())
        engine.dispose()
    return 0


def _next() -> str:
    versions = Path(__file__).resolve().parent.parent / "backend/db/migrations/versions"
    return f"{max((int(path.name[:4]) for path in versions.glob('[0-9]*.py')), default=0) + 1:04d}"


if __name__ == "__main__":
    sys.exit(main())
