"""For the reference pages: an extension of griffe that shows the section `Example:` of a docstring as code.

griffe knows `Examples:` as a section of doctests. It takes `Example:` for a remark in Markdown, so that `>>>` would become
three quotes, one in another, and a list in the answer a link.
"""

import re
from typing import Any

import griffe

_HEADING = re.compile(r"^Example:$", re.MULTILINE)


class DoctestExamples(griffe.Extension):
    """Renames the section before it is parsed."""

    def on_instance(self, *, obj: griffe.Object | griffe.Alias, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if isinstance(obj, griffe.Object) and obj.docstring is not None:
            obj.docstring.value = _HEADING.sub("Examples:", obj.docstring.value)
