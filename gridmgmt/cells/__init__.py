"""Grid cells (单元网格) as areas: code schemes, issuing of codes, generation into a draft and its reports, checks."""
