"""The register of managed components."""
