"""How long what a home need not keep for ever stays."""

from pydantic import BaseModel, ConfigDict, Field


class Tidiness(BaseModel):
    """After how many days `shelfcast tidy` removes what nothing needs any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: int = Field(
        30,
        ge=7,
        le=36500,
        description="days that old versions of the sales stay readable; a version that a release names stays for ever",
    )
    docs_days: int = Field(400, ge=7, le=36500, description="days that the Data Docs of a batch stay")
    scores_days: int = Field(
        800, ge=60, le=36500, description="days of scores that stay; never fewer than drift is measured over"
    )
    work_days: int = Field(
        100,
        ge=7,
        le=36500,
        description="days that backtests, refused candidates and unfinished retrains stay after their last change",
    )
