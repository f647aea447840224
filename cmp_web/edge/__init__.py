"""The outermost layer of HTTP: what a browser, a search engine and a cache are told around the pages Reflex built."""

from cmp_web.edge.app import Edge

__all__ = ["Edge"]
