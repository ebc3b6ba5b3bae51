"""JSON from strangers: what is refused, and that the fast proof never lets a doubled name through."""

import json
import time
from typing import Any

import orjson
import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.response import Response
from rest_framework.views import APIView

from config.kit.strict_json import Flaw, parse, weigh

# A busy machine is no finding.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(codec=None, categories=None)) | st.text('":\\ \tab')
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


def code_of(raw: bytes) -> str:
    try:
        document = parse(raw)
        weigh(document.value, clean=document.clean)
    except Flaw as flaw:
        return flaw.code
    return "fine"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a": [1, 2.5, null, true, "x"]}', "fine"),
        ('{"a": "é中😀"}'.encode(), "fine"),
        (rb'{"a": "\ud83d\ude00 \" : \" \":"}', "fine"),
        (b'\xef\xbb\xbf{"a": 1}', "fine"),
        (b'{"a" : 1, "b" :2}', "fine"),
        (b"9007199254740992", "fine"),
        (b"-9007199254740992", "fine"),
        (b"9007199254740993", "number_out_of_range"),
        (b"-9007199254740993", "number_out_of_range"),
        (b"1e16", "number_out_of_range"),
        (b"[1e400]", "number_out_of_range"),
        (b"[" + b"9" * 4_000 + b"]", "number_out_of_range"),
        (b"[" + b"9" * 400_000 + b"]", "number_out_of_range"),
        (b"NaN", "not_json"),
        (b"[Infinity]", "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'"\x00"', "not_json"),
        (b'"\xff"', "not_json"),
        (b"1 2", "not_json"),
        (rb'"\u0000"', "bad_text"),
        (rb'{"\u0000": 1}', "bad_text"),
        (rb'"\ud800"', "bad_text"),
        (rb'{"\udc00": 1}', "bad_text"),
        (rb'[{"a": ["\udfff"]}]', "bad_text"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a":1,"a":1}', "duplicate_key"),
        (b'{"a":1,"a" :2}', "duplicate_key"),
        (rb'{"a":1,"\u0061":2}', "duplicate_key"),
        (rb'{"a":1,"a":"\u0022:"}', "duplicate_key"),
        (rb'{"a":1,"a":"\"\u003a"}', "duplicate_key"),
        (rb'{"a":"\":","a":1}', "duplicate_key"),
        (b'[[{"b": {"a": {}, "a": {}}}]]', "duplicate_key"),
        (b"[" * 32 + b"]" * 32, "fine"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep"),
        (b"[" * 1_000 + b"]" * 1_000, "too_deep"),
        (b'{"a":' * 1_000 + b"1" + b"}" * 1_000, "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_abuse_has_its_name(raw: bytes, code: str) -> None:
    began = time.monotonic()
    assert code_of(raw) == code
    assert time.monotonic() - began < 1


@PATIENT
@given(VALUE)
def test_whatever_python_writes_is_read_or_refused_by_name(value: Any) -> None:
    raw = json.dumps(value).encode()
    code = code_of(raw)
    assert code in {"fine", "bad_text", "number_out_of_range", "not_json", "too_deep"}
    if code == "fine":
        assert parse(raw).value == json.loads(raw)


@PATIENT
@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1),
    st.sampled_from(['":', '" :', '"\t:', '"\n :']),
    st.booleans(),
)
def test_a_doubled_name_is_always_found(pairs: list[tuple[str, str]], colon: str, ascii_only: bool) -> None:
    def text(value: str) -> str:
        return json.dumps(value, ensure_ascii=ascii_only)[:-1]

    members = ",".join(f'{text(name)}{colon}{text(value)}"' for name, value in pairs)
    raw = f"{{{members}}}".encode("utf-8", "surrogatepass")
    # The same in the last of many objects of a list, which is written again a dozen at a time.
    listed = b'{"list": [' + b'{"a": 1},' * 25 + raw + b'], "o:": ' + raw + b"}"
    doubled = len({name for name, _ in pairs}) < len(pairs)
    if doubled:
        assert code_of(raw) != "fine"
        assert code_of(listed) != "fine"
    elif "\0" not in members and ascii_only:
        assert code_of(raw) in {"fine", "bad_text"}


@PATIENT
@given(st.lists(st.text(max_size=40), max_size=40))
def test_no_element_is_longer_than_the_document_says(texts: list[str]) -> None:
    document = parse(json.dumps({"list": texts, "beside": 1}).encode())
    if document.clean:
        assert all(len(orjson.dumps(text)) <= document.longest for text in texts)


class Echo(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Any) -> Response:
        return Response({"got": request.data})


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "not_json"),
        (rb'{"a": "\u0000"}', 400, "bad_text"),
        (rb'{"a": "\ud800"}', 400, "bad_text"),
        (b'{"a": 1, "a": 2}', 400, "duplicate_key"),
        (b"[" * 1_000 + b"]" * 1_000, 400, "too_deep"),
        (b"[" + b"9" * 4_000 + b"]", 400, "number_out_of_range"),
        (b" " * 1_100_000, 413, "body_too_large"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_storefront_api_reads_as_strictly(raw: bytes, status: int, code: str) -> None:
    answer = Echo.as_view()(RequestFactory().post("/x", raw, content_type="application/json"))
    assert (answer.status_code, answer.data["error"]["code"]) == (status, code)


def test_the_storefront_api_reads_what_is_right() -> None:
    answer = Echo.as_view()(RequestFactory().post("/x", b'{"a": ["b"]}', content_type="application/json"))
    assert (answer.status_code, answer.data) == (200, {"got": {"a": ["b"]}})
