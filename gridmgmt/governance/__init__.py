"""How towns are governed: modes 3+X, units and sectors with their organs, joint centres, centres and branches."""
