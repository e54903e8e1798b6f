"""Who answers for which cells: officer posts, responsibility grids as dated sets of cells, workload and balance."""
