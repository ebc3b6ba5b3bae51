"""Invented people for the numbers of the log: names, places, tastes, consents. None of them exists."""

from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any

from users.services.demo.catalogue import CATEGORIES
from users.services.demo.instants import iso

_FAMILIES = (
    ("王", "wang"), ("李", "li"), ("张", "zhang"), ("刘", "liu"), ("陈", "chen"), ("杨", "yang"), ("黄", "huang"),
    ("赵", "zhao"), ("吴", "wu"), ("周", "zhou"), ("徐", "xu"), ("孙", "sun"), ("马", "ma"), ("朱", "zhu"),
    ("胡", "hu"), ("郭", "guo"), ("何", "he"), ("林", "lin"), ("罗", "luo"), ("梁", "liang"),
)  # fmt: skip
_GIVEN = {
    "female": (
        ("雨桐", "yutong"), ("思涵", "sihan"), ("欣怡", "xinyi"), ("静", "jing"), ("晓雯", "xiaowen"), ("梦洁", "mengjie"),
        ("佳宁", "jianing"), ("若溪", "ruoxi"), ("慧敏", "huimin"), ("婷", "ting"), ("诗雅", "shiya"), ("秋月", "qiuyue"),
    ),
    "male": (
        ("浩然", "haoran"), ("子轩", "zixuan"), ("伟", "wei"), ("建国", "jianguo"), ("明远", "mingyuan"), ("俊杰", "junjie"),
        ("志强", "zhiqiang"), ("天宇", "tianyu"), ("磊", "lei"), ("一鸣", "yiming"), ("思远", "siyuan"), ("文博", "wenbo"),
    ),
}  # fmt: skip
_WESTERN = {
    "female": ("Anna", "Clara", "Emily", "Grace", "Hannah", "Julia", "Laura", "Marie", "Nora", "Sophie", "Tessa", "Zoe"),
    "male": ("Adam", "Ben", "Daniel", "Erik", "Felix", "George", "Jonas", "Lucas", "Martin", "Oliver", "Simon", "Tom"),
}  # fmt: skip
_SURNAMES = (
    "Abbott", "Bergmann", "Carver", "Dawson", "Ellery", "Fischer", "Garnett", "Hollis", "Ingram", "Jansen", "Keller",
    "Lambert", "Marlow", "Norwood", "Osborne", "Pascoe", "Quinn", "Ravens", "Sommer", "Thorne", "Vance", "Whitlock",
)  # fmt: skip
# (country, region, city, zone, how often)
_CHINA = (
    ("CN", "上海", "上海", "Asia/Shanghai", 18), ("CN", "北京", "北京", "Asia/Shanghai", 16),
    ("CN", "广东", "深圳", "Asia/Shanghai", 12), ("CN", "广东", "广州", "Asia/Shanghai", 11),
    ("CN", "浙江", "杭州", "Asia/Shanghai", 9), ("CN", "江苏", "南京", "Asia/Shanghai", 7),
    ("CN", "四川", "成都", "Asia/Shanghai", 8), ("CN", "湖北", "武汉", "Asia/Shanghai", 6),
    ("CN", "陕西", "西安", "Asia/Shanghai", 5), ("CN", "福建", "厦门", "Asia/Shanghai", 4),
    ("CN", "新疆", "乌鲁木齐", "Asia/Urumqi", 2), ("HK", "香港", "香港", "Asia/Hong_Kong", 2),
)  # fmt: skip
_ABROAD = (
    ("US", "New York", "New York", "America/New_York", 5), ("US", "California", "San Francisco", "America/Los_Angeles", 4),
    ("GB", "England", "London", "Europe/London", 4), ("DE", "Berlin", "Berlin", "Europe/Berlin", 3),
    ("SG", "Singapore", "Singapore", "Asia/Singapore", 2), ("AU", "New South Wales", "Sydney", "Australia/Sydney", 2),
)  # fmt: skip
# (channel slug, platform, how often)
_CHANNELS = (
    ("baidu", "web", 20), ("google", "web", 8), ("wechat-account", "wechat", 18), ("wechat-group", "wechat", 7),
    ("weibo", "web", 8), ("apple", "ios", 9), ("android", "android", 9), ("tieba", "web", 3), ("own-site", "web", 6),
    ("social-ads", "wechat", 6), ("store", "offline", 3), ("invite", "wechat", 3),
)  # fmt: skip
_OCCUPATIONS = (
    "student",
    "teacher",
    "engineer",
    "designer",
    "nurse",
    "accountant",
    "driver",
    "retired",
    "",
)
_DOMAINS = ("example.com", "example.net", "example.org")
CHINESE_SHARE = 0.72
CONSENT_WORDING = "demo-sign-up-1"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented customer. ``tastes`` are the categories they like, the favourite first."""

    number: int
    user_id: str
    tastes: tuple[str, ...]
    channel: str
    traits: dict[str, Any]

    @property
    def anonymous_id(self) -> str:
        """The browser's name for them before they log in."""
        return f"demo-visitor-{self.number}"


def person(number: int, *, joined_at: datetime) -> Person:
    """The person of that number, the same whenever asked; traits as an identify call carries them."""
    random = Random(f"person {number}")
    gender = random.choice(("female", "male"))
    chinese = random.random() < CHINESE_SHARE
    tastes = tuple(random.sample(CATEGORIES, 3))
    name = _chinese_name(gender, random) if chinese else _western_name(gender, random)
    place = _weighted(_CHINA if chinese else _ABROAD, random)
    channel, platform, _ = _weighted(_CHANNELS, random)
    traits = {
        **{key: name[key] for key in ("name", "firstName", "lastName")},
        "gender": gender if random.random() < 0.9 else "",
        "address": {"country": place[0], "region": place[1], "city": place[2]},
        "timezone": place[3],
        "language": "zh-hans" if chinese else "en",
        "occupation": random.choice(_OCCUPATIONS),
        "interests": list(tastes[:2]),
        "channel": channel,
        "platform": platform,
        "createdAt": iso(joined_at),
        "invented": True,
        **_contact(number, name["mail"], random),
        **_birthday(random),
    }
    return Person(number, f"cd-{number:06d}", tastes, channel, traits)


def _chinese_name(gender: str, random: Random) -> dict[str, str]:
    family, family_latin = random.choice(_FAMILIES)
    given, given_latin = random.choice(_GIVEN[gender])
    return {
        "name": family + given,
        "firstName": given,
        "lastName": family,
        "mail": f"{given_latin}.{family_latin}",
    }


def _western_name(gender: str, random: Random) -> dict[str, str]:
    first, last = random.choice(_WESTERN[gender]), random.choice(_SURNAMES)
    return {
        "name": f"{first} {last}",
        "firstName": first,
        "lastName": last,
        "mail": f"{first}.{last}".lower(),
    }


def _contact(number: int, mail: str, random: Random) -> dict[str, Any]:
    """An address under a domain that can belong to nobody, and what its owner allowed; 4 % gave none."""
    if random.random() < 0.04:
        return {}
    address = f"{mail}.{number}@{random.choice(_DOMAINS)}"
    consents = [_answer(topic, share, random) for topic, share in (("news", 0.74), ("care", 0.55))]
    return {"email": address, "consents": [answer for answer in consents if answer]}


def _answer(topic: str, share: float, random: Random) -> dict[str, Any] | None:
    """Yes with probability ``share``, a plain no in a fifth of the rest, else never asked."""
    granted = random.random() < share
    if not granted and random.random() < 0.8:
        return None
    return {
        "channel": "email",
        "topic": topic,
        "granted": granted,
        "wording": CONSENT_WORDING,
    }


def _birthday(random: Random) -> dict[str, str]:
    if random.random() < 0.35:
        return {}
    return {
        "birthday": date(random.randint(1955, 2006), random.randint(1, 12), random.randint(1, 28)).isoformat()
    }


def _weighted(options: Any, random: Random) -> Any:
    return random.choices(options, weights=[option[-1] for option in options])[0]
