"""Models of the Hugging Face hub, fetched only when a person names one."""

from pathlib import Path

from panglot.artifacts import InputError

# No pickles, and no Python files: neither is ever opened.
_PATTERNS = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]


def hub_folder(identifier: str, revision: str | None = None) -> Path:
    """Folder of a hub model in the hub's own cache, fetched where it is not there yet.

    Args:
        identifier: as on the hub, for example `intfloat/multilingual-e5-small`.
        revision: commit, branch or tag; the newest commit where none is given.

    Raises:
        InputError: the hub cannot be reached, has no such model, or asks for a login.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    offline = "give a folder with the model, or use embedded:e5-small, which needs no hub"
    try:
        return Path(snapshot_download(identifier, revision=revision, allow_patterns=_PATTERNS))
    except HFValidationError:
        raise InputError(f"{identifier!r} is neither a folder nor a hub id") from None
    except GatedRepoError:
        raise InputError(f"the hub asks for a login before it gives {identifier}", fix="run: hf auth login") from None
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError) as error:
        if isinstance(error, LocalEntryNotFoundError):
            raise InputError(f"the hub cannot be reached, and {identifier} is not in its cache", fix=offline) from None
        raise InputError(f"there is no folder {identifier}, and the hub has no such model", fix=offline) from None
    except (OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        reason = type(error).__name__
        raise InputError(f"the model {identifier} cannot be fetched from the hub ({reason})", fix=offline) from None
