"""Documents that an agent answers from: kept, read in a process of their own, cut into passages, indexed for full-text search.

A document belongs to one instance. It is `ready` with all its passages, or it has none: nothing is ever half indexed. The originals lie
under `data_dir/knowledge/<instance>/<document>`.
"""
