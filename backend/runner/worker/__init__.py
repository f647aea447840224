"""The processes that run flows: the one place that knows lfx. Started by `backend.runner.nursery`, never imported by the server.

The nursery imports lfx once and sees no flow. For each flow it forks a template, which loads the flow behind walls. For each run the
template forks a process of its own, which runs it and ends. So nothing of one customer's run is ever in the memory of another's.
"""
