"""What a front end is whose bodies name files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Kernel, Signature


class FileFrontEnd(ABC):
    """A front end that reads files of the model's folder; ``FRONTENDS`` names an instance of it."""

    @abstractmethod
    def parse(self, behaviour: Behaviour, signature: Signature, folder: Path | None) -> Kernel:
        """Lower a behaviour; errors are those of ``frontends.parse``."""

    @abstractmethod
    def digest(self, behaviour: Behaviour, folder: Path | None) -> str:
        """A digest of all files that the kernel depends on; raises ``BodyError`` where one cannot be read."""
