"""What the rankings touch outside of the database: the files of closed months."""

from apps.rankings.gateways.month_files import KeptFile, MonthFiles, MonthFileUnfit

__all__ = ["KeptFile", "MonthFileUnfit", "MonthFiles"]
