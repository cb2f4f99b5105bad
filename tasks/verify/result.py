"""What a walk through the home found: the JSON of `shelfcast verify`."""

from typing import Literal

from pydantic import Field

from tasks.state.record import Document, Record

Part = Literal["sales", "quarantine", "scores", "ledger", "releases", "channel", "docs"]


class Finding(Record):
    """Something that is damaged, or that disagrees with the ledger."""

    part: Part = Field(description="the folder of the home")
    path: str = Field(description="the file or folder, below the home")
    what: str = Field(description="what is wrong")
    remedy: str = Field(description="what to do")
    repaired: bool = Field(False, description="whether it was put right")


class VerifyResult(Document):
    """The JSON of `shelfcast verify`."""

    home: str = Field(description="folder of all state")
    checked: dict[Part, int] = Field(description="number of files that were read, by folder")
    findings: tuple[Finding, ...]

    @property
    def damaged(self) -> tuple[Finding, ...]:
        """What was found and not put right."""
        return tuple(each for each in self.findings if not each.repaired)
