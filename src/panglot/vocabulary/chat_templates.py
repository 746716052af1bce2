"""The chat templates of a tokenizer, and what they write."""

import ast
import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, TemplateError

from panglot.vocabulary.companions import config_of


def chat_templates(companions: Mapping[str, bytes]) -> list[str]:
    """Sources of the templates, wherever they stand: a file of their own, or inside `tokenizer_config.json`.

    Example:
        >>> chat_templates({"tokenizer_config.json": b'{"chat_template": [{"name": "default", "template": "a"}]}'})
        ['a']
    """
    found = [data.decode("utf-8", "replace") for name, data in companions.items() if name == "chat_template.jinja"]
    said: list[Any] = [config_of(companions).get("chat_template")]
    try:
        said.append(json.loads(companions.get("chat_template.json", b"null")))
    except (ValueError, RecursionError):
        pass
    while said:
        each = said.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, list):
            said += each
        elif isinstance(each, dict):
            said += [value for key, value in each.items() if key != "name"]
    return found


def template_texts(source: str) -> list[str]:
    """The texts that a Jinja template can write: what stands between its tags, and its strings. Nothing is run.

    Example:
        >>> template_texts("{% for m in messages %}<user>{{ m.content + '\\\\n' }}{% endfor %}")
        ['<user>', '\\n']
    """
    try:
        parts = list(
            Environment(
                autoescape=True, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
            ).lex(source)
        )
    except TemplateError:
        return [source]
    return [
        value if kind == "data" else _string(value) for _, kind, value in parts if kind in ("data", "string") and len(value) > 0
    ]


def _string(quoted: str) -> str:
    try:
        return str(ast.literal_eval(quoted))
    except (ValueError, SyntaxError):
        return quoted[1:-1]
