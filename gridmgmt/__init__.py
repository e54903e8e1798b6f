"""The domain of urban grid management: tables, rules, commands, analysis. Knows no HTTP and no map."""

import os
from importlib.metadata import version

__version__ = version("gridmgmt")

# GDAL tells formats by their content, and some are orders to read other files, addresses of the network or programs,
# which no file that is sent here may give. It takes this variable into account once, when it is first loaded.
os.environ["GDAL_SKIP"] = (
    "OGR_VRT GDALG HTTP WFS OAPIF OGCAPI CSW EEDA Elasticsearch Carto AmigoCloud PLSCENES NGW ADBC GPSBabel"
)
