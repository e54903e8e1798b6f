"""Areas of a level out of the folder, as files for other systems that name their datum and their editions."""
