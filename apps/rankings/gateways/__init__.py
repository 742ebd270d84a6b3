"""What the rankings touch outside of the database: files of closed months, and sealed inputs."""

from apps.rankings.gateways.month_files import KeptFile, MonthFiles, MonthFileUnfit
from apps.rankings.gateways.sealed_files import SealedFile, SealedFiles

__all__ = ["KeptFile", "MonthFileUnfit", "MonthFiles", "SealedFile", "SealedFiles"]
