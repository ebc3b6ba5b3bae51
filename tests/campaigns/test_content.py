"""What a message says: values, links, the two parts, and templates that would run away."""

import pytest

from campaigns.content import check, choose, compiled
from campaigns.markup import digest, static_links
from campaigns.models import Content
from config.kit.refusal import Refusal

VALUES = {
    "customer": {"first_name": "", "name": "<script>alert(1)</script>", "city": "杭州"},
    "orders": {"count": 5},
    "unsubscribe_url": "https://r.example/u/x",
    "open_url": "https://r.example/o/x.gif",
}
LINK = "https://shop.example/new?a=1&b=2"


def test_plain_text_becomes_both_parts_with_tracked_links_and_the_way_out() -> None:
    form = check(
        "Hi {{ customer.first_name | default: 'friend' }}",
        f"Dear {{{{ customer.name }}}},\n\nsee {LINK}.",
        "en",
    )
    assert (form.links, form.namespaces) == ((LINK,), ["customer"])
    letter = form.fill(VALUES | {"_links": {digest(LINK): "https://r.example/c/y?q=1&z"}})
    assert letter.subject == "Hi friend"
    assert letter.text == (
        "Dear <script>alert(1)</script>,\n\nsee https://r.example/c/y?q=1&z.\n\n--\n"
        "Unsubscribe: https://r.example/u/x\n"
    )
    assert "<p>Dear &lt;script&gt;alert(1)&lt;/script&gt;,</p>" in letter.html
    assert '<a href="https://r.example/c/y?q=1&amp;z">https://shop.example/new?a=1&amp;b=2</a>' in letter.html
    assert letter.html.count("https://r.example/o/x.gif") == 1


def test_mjml_is_laid_out_once_and_its_text_is_its_words() -> None:
    body = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ customer.city }}</mj-text>"
        f"<mj-button href='{LINK.replace('&', '&amp;')}'>Look</mj-button></mj-column></mj-section></mj-body></mjml>"
    )
    form = check("s", body, "zh-hans")
    letter = form.fill(VALUES | {"_links": {digest(LINK): "https://r.example/c/y"}})
    assert form.links == (LINK,)
    assert letter.text.startswith("Hi 杭州\n\nLook: https://r.example/c/y\n")
    assert 'href="https://r.example/c/y"' in letter.html
    assert "fonts.googleapis.com" not in letter.html


def test_a_way_out_that_the_writer_placed_is_the_only_one() -> None:
    form = compiled("s", '<p>Hi</p><a href="{{ unsubscribe_url }}">Enough</a>', "en")
    letter = form.fill(VALUES)
    assert letter.html.count("https://r.example/u/x") == 1


def test_only_fixed_web_addresses_are_tracked() -> None:
    body = '<a href="javascript:alert(1)">x</a><a href="https://a.example/{{ customer.city }}">y</a><img src="https://a.example/p.png">'
    assert static_links(body) == ()


def test_the_language_is_the_customers_else_its_kin_else_the_first() -> None:
    chinese, english = Content(language="zh-hans"), Content(language="en")
    assert choose([chinese, english], "en") is english
    assert choose([chinese, english], "en-GB") is english
    assert choose([chinese, english], "fr") is chinese
    assert choose([chinese, english], "") is chinese


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{{ nobody.knows }}", "unknown_value"),
        ("{{ customer.__class__ }}", "unknown_value"),
        ("{{ customer.name.__class__.__mro__ }}", "unknown_value"),
        ("{% if customer.name %}", "bad_template"),
        ("{% include 'secrets' %}", "bad_template"),
        ("{{ (1..30000000) | join }}", "bad_template"),
        ("{{ customer.name | replace: '', 'xxxxxxxx' }}", "bad_template"),
        ("{{ 9 | times: 9 }}", "bad_template"),
        ("{% if true %}" * 30 + "{% endif %}" * 30, "template_too_big"),
        ("x" * 200_001, "too_long"),
        ("<mjml><wrong>", "bad_layout"),
    ],
)
def test_a_text_that_cannot_be_is_refused_when_it_is_written(body: str, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check("s", body, "en")
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..900) %}{% for j in (1..900) %}x{% endfor %}{% endfor %}",
        "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..30) %}{% assign a = a | append: a %}{% endfor %}",
        "{{ (1..99999999999999999999) | size }}",
    ],
)
def test_a_template_bomb_stops_at_its_limit(body: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check("s", body, "en")
    assert refusal.value.code == "template_too_big"
