from tests.wired import system

__all__ = ["system"]
