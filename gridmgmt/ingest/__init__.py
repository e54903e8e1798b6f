"""Files in, typed rows and a list of problems with row numbers out; nothing here writes or asks a database.

Every reader returns an :class:`~gridmgmt.ingest.intake.Intake` (networks a
:class:`~gridmgmt.ingest.network.NetworkIntake`). A problem of one row is listed and the row left out; a problem of the
whole file is raised as :class:`~gridmgmt.errors.FileRefusedError`. Whether good rows may be kept without the
bad ones is the caller's choice, see :meth:`~gridmgmt.ingest.intake.Intake.whole`.
"""
