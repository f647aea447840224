"""The process that runs flows: the one place that knows lfx. Started by `backend.runner.processes`, never imported by the server."""
