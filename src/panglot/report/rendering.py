"""The templates' environment: everything is escaped, nothing is fetched."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from jinja2 import select_autoescape
from markupsafe import Markup, escape

from panglot.report import corpus_wording, wording
from panglot.report.text import markdown, shown

_LANG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def render(template: str, **values: Any) -> str:
    """Fill one of the room's templates; HTML is escaped automatically, Markdown by the filter `md`."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=select_autoescape(disabled_extensions=("md",), default_for_string=True, default=True),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "shown": shown,
        "md": markdown,
        "tight": lambda text: str(text).replace("95 %", "95\N{NO-BREAK SPACE}%"),
        "attributes": language_attributes,
        "data": data_text,
        "number": wording.number,
        "signed": wording.signed,
        "p": wording.p_value,
        "duration": wording.duration,
        "size": wording.size,
        "plain": wording.plain,
        "percent": corpus_wording.percent,
    }
    environment.globals |= {"interval": wording.interval, "count": wording.count, "listed": wording.listed}
    return environment


def _source(name: str) -> str:
    return files("panglot.report").joinpath("templates", name).read_text(encoding="utf-8")


def data_text(text: object, language: dict[str, str] | None = None, limit: int = 280) -> Markup:
    """Text that came from data: isolated from what stands around it, with its language and direction.

    Example:
        >>> data_text("<b>", {"lang": "ckb", "direction": "rtl"})
        Markup('<bdi lang="ckb" dir="rtl">&lt;b&gt;</bdi>')
    """
    return Markup("<bdi {}>{}</bdi>").format(language_attributes(language), escape(shown(text, limit)))


def language_attributes(language: dict[str, str] | None) -> Markup:
    """The attributes `lang` and `dir` for an element whose text is in a language; undetermined where it is not known."""
    said = language or {}
    direction = said.get("direction") if said.get("direction") in ("ltr", "rtl") else "auto"
    tag = said.get("lang", "")
    return Markup('lang="{}" dir="{}"').format(tag if _LANG.fullmatch(tag) else "und", direction)
