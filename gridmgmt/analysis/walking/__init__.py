"""Walking on a network: what edges cost whom, who is nearest to what, and what one change changes."""
