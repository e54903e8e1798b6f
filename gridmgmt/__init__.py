"""The domain of urban grid management: tables, rules, commands, analysis. Knows no HTTP and no map."""

from importlib.metadata import version

__version__ = version("gridmgmt")
