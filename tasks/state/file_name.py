"""Names of files that are named after a store: short, safe on any file system, and never those of another store."""

import re
from hashlib import sha256

_OWN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])|sha256-.*")


def file_name(code: str) -> str:
    """The name of a store's files, without its ending.

    A code of up to 60 lower-case ASCII letters, digits, `_` and `-` is its own name, unless Windows keeps it for a
    device. Every other code is named by its hash: `sha256-` and 32 hexadecimal digits. So names differ by more than
    case, have no dot and no separator, and two codes never share one.

    Source: Microsoft, Naming Files, Paths, and Namespaces (reserved names).
    """
    if _OWN_NAME.fullmatch(code) and not _RESERVED.fullmatch(code):
        return code
    return f"sha256-{sha256(code.encode(errors='surrogatepass')).hexdigest()[:32]}"
