"""What can go wrong with the developer fabric."""

from zaffre.foundation.errors import Conflict, DomainError, InvalidInput


class FabricNotPossible(Conflict):
    """This machine cannot carry a developer fabric; `detail` says what is missing."""

    code = "development_fabric.not_possible"
    title = "This machine cannot carry a developer fabric"


class FabricNotUp(Conflict):
    """There is no complete fabric in the directory."""

    code = "development_fabric.not_up"
    title = "The developer fabric is not up"

    def __init__(self, directory: str) -> None:
        super().__init__(
            f"There is no complete developer fabric in {directory}.",
            remedy="Run `zaffre up`.",
            target=directory,
        )


class FabricMismatch(Conflict):
    """A fabric of another shape is up in the directory."""

    code = "development_fabric.mismatch"
    title = "The developer fabric has another shape"


class DirectoryUnfit(InvalidInput):
    """A fabric cannot live in this directory."""

    code = "development_fabric.directory_unfit"
    title = "The directory cannot hold a developer fabric"


class CommandFailed(DomainError):
    """A program that the fabric needs failed, or did not end in time."""

    code = "development_fabric.command_failed"
    title = "A program of the developer fabric failed"


class DaemonFailed(DomainError):
    """A daemon of the fabric did not start, or does not answer."""

    code = "development_fabric.daemon_failed"
    title = "A daemon of the developer fabric did not start"


class RemovalFailed(DomainError):
    """Something of a fabric withstands its removal."""

    code = "development_fabric.removal_failed"
    title = "The developer fabric could not be removed"


class ImageFailed(DomainError):
    """A guest image could not be built."""

    code = "development_fabric.image_failed"
    title = "A guest image could not be built"
