"""Kernels over arrays and graphs: values in, frozen values out; no database, clock, environment or network."""
