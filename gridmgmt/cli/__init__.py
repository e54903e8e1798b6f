"""The command line: parse, open a session, call one service, print."""

from gridmgmt.cli.main import main

__all__ = ["main"]
