"""Turning what an operator wrote (MJML, HTML or plain text) into the two parts of a message.

All of it still holds Liquid: tags and outputs are carried through untouched. Web addresses that are fixed
become ``{{ _links.<digest> }}``, which each message fills with the customer's own signed address.
"""

import re
from hashlib import sha256
from html import escape, unescape
from html.parser import HTMLParser

import mrml
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal

LINKS = "_links"
# Each try ends where the next one begins: what is never closed is looked through once, not once per beginning.
_LIQUID = re.compile(r"({{(?:(?!{{).)*?}}|{%(?:(?!{%).)*?%})", re.S)
_HREF = re.compile(r"""(<(?:a|mj-button)\b[^<>]*?\bhref\s*=\s*)(["'])(https?://[^"'{}<>\s]+)\2""", re.I)
_PLAIN_URL = re.compile(r"https?://[^\s\"'<>{}]+[^\s\"'<>{}.,;:!?)\]]")
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "table",
        "ul",
        "ol",
        "section",
        "article",
    ]
)
_SILENT = frozenset(["head", "style", "script", "title"])


def digest(url: str) -> str:
    """The name of a link inside templates: a letter and hexadecimal digits, so Liquid can say it."""
    return "l" + sha256(url.encode()).hexdigest()[:16]


def is_markup(body: str) -> bool:
    """Whether the body is MJML or HTML rather than plain text."""
    return bool(re.match(r"\s*<", body))


def static_links(body: str) -> tuple[str, ...]:
    """The fixed web addresses in a body, each once, in order."""
    if is_markup(body):
        found = (unescape(match.group(3)) for match in _HREF.finditer(body))
    else:
        found = (match.group() for part in _LIQUID.split(body)[::2] for match in _PLAIN_URL.finditer(part))
    return tuple(dict.fromkeys(found))


def as_html(body: str) -> str:
    """The HTML part, with tracked links and a place for the open pixel."""
    if not is_markup(body):
        return _wrap(_paragraphs(body))
    html = _tracked(body)
    if html.lstrip().startswith("<mjml"):
        html = _from_mjml(html)
    return html if "</body>" in html else _wrap(html)


def as_text(body: str) -> str:
    """The plain part: the same words without markup, link addresses after their words."""
    if is_markup(body):
        reader = _Reader()
        reader.feed(_tracked(body))
        reader.close()
        return reader.text()
    parts = _LIQUID.split(body)
    parts[::2] = [_PLAIN_URL.sub(lambda match: _slot(match.group()), part) for part in parts[::2]]
    return "".join(parts)


def with_footer(html: str, text: str, *, says: str) -> tuple[str, str]:
    """Both parts with the way out and the open pixel, unless the writer placed the way out."""
    pixel = '<img src="{{ open_url }}" width="1" height="1" alt="">'
    if "unsubscribe_url" not in html:
        html = _before_end(
            html,
            '<p style="font-size:12px;color:#666;text-align:center">'
            f'<a href="{{{{ unsubscribe_url }}}}" style="color:#666">{escape(says)}</a></p>',
        )
        text = f"{text.rstrip()}\n\n--\n{says}: {{{{ unsubscribe_url }}}}\n"
    return _before_end(html, pixel), text


def _tracked(markup: str) -> str:
    return _HREF.sub(lambda m: f"{m.group(1)}{m.group(2)}{_slot(unescape(m.group(3)))}{m.group(2)}", markup)


def _slot(url: str) -> str:
    return f"{{{{ {LINKS}.{digest(url)} }}}}"


def _from_mjml(body: str) -> str:
    try:
        return str(mrml.to_html(body, render_options=mrml.RenderOptions(fonts={})).content)
    except OSError as problem:
        message = _("The layout cannot be read: {problem}").format(problem=problem)
        raise Refusal("bad_layout", message, field="body") from problem


def _paragraphs(body: str) -> str:
    """Plain text as paragraphs; only what is outside Liquid is escaped and linked."""
    parts = _LIQUID.split(body.replace("\r\n", "\n"))
    parts[::2] = [_linked(part) for part in parts[::2]]
    paragraphs = re.split(r"\n\s*\n", "".join(parts).strip())
    return "".join("<p>" + paragraph.replace("\n", "<br>\n") + "</p>\n" for paragraph in paragraphs)


def _linked(part: str) -> str:
    pieces, last = [], 0
    for match in _PLAIN_URL.finditer(part):
        url = match.group()
        pieces += [escape(part[last : match.start()]), f'<a href="{_slot(url)}">{escape(url)}</a>']
        last = match.end()
    return "".join([*pieces, escape(part[last:])])


def _wrap(inner: str) -> str:
    return (
        '<!doctype html>\n<html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"></head>'
        "<body style=\"margin:0;padding:24px;font:16px/1.6 -apple-system,'PingFang SC','Microsoft YaHei',"
        'sans-serif;color:#222"><div style="max-width:600px;margin:0 auto">\n'
        f"{inner}</div></body></html>\n"
    )


def _before_end(html: str, addition: str) -> str:
    head, _end, tail = html.rpartition("</body>")
    return f"{head}{addition}</body>{tail}"


class _Reader(HTMLParser):
    """Collects the words of a page, a line per block, the address of a link after its words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent = 0
        self._hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag.removeprefix("mj-") in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS or tag.startswith("mj-"):
            self._parts.append("\n")
        if tag in {"a", "mj-button"}:
            self._hrefs.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag.removeprefix("mj-") in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in {"a", "mj-button"} and self._hrefs:
            href = self._hrefs.pop()
            self._parts.append(f": {href}" if href else "")
        if tag in _BLOCKS or tag.startswith("mj-"):
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(data)

    def text(self) -> str:
        """The words, without runs of empty lines or spaces."""
        lines = (" ".join(line.split()) for line in "".join(self._parts).splitlines())
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
