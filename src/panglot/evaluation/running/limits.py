"""How much a program that a model wrote may take."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_MB = 1 << 20


class Limits(BaseModel):
    """Limits of one program.

    Attributes:
        seconds: of the processor, each process. By the clock it is three times as many, and then the whole tree is killed, so
            that a busy machine fails no program that is quick enough.
        megabytes: of memory, all processes together; they are added up twenty times a second.
        processes: at a time, threads counted.
        output: megabytes of what it writes to its output and its error output.
        files: megabytes of its work folder, which is in memory and gone when the program has ended.
        compiling: seconds by the clock.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Annotated[int, Field(ge=1)] = 10
    megabytes: Annotated[int, Field(ge=64)] = 1024
    processes: Annotated[int, Field(ge=1)] = 64
    output: Annotated[int, Field(ge=1)] = 4
    files: Annotated[int, Field(ge=1)] = 64
    compiling: Annotated[int, Field(ge=1)] = 60

    @property
    def clock(self) -> float:
        """Seconds by the clock."""
        return 3.0 * self.seconds

    @property
    def memory_bytes(self) -> int:
        """Of all processes together."""
        return self.megabytes * _MB

    @property
    def output_bytes(self) -> int:
        """Of output and error output together."""
        return self.output * _MB

    @property
    def file_bytes(self) -> int:
        """Of the work folder."""
        return self.files * _MB
