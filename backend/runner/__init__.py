"""Runs flows. The gateway knows only `ports`; where a flow really runs (lfx workers, a Langflow server) is this room's secret.

Flow code never sees our database, our environment or another customer's run: everything it may know travels in the `Job`.
"""
