"""A source as a parameter of a flow: its user, password and signature stay in the process that was given them."""

from pydantic import ConfigDict, RootModel, model_serializer

from tasks.ingest.reading.remote import public


class Source(RootModel[str]):
    """A file, folder, pattern or URL. What Prefect writes down of it, and what is printed, is its `public` part."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def __str__(self) -> str:
        return public(self.root)

    def __repr__(self) -> str:
        return f"Source({str(self)!r})"

    @model_serializer
    def _kept(self) -> str:
        return str(self)
