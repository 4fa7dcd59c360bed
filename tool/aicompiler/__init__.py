"""AI-COMPILER: from a SysML/MARTE model to a partitioned, checked, running system."""

__version__ = "0.1.0"
