"""Invented people for the numbers of the log: names, places, tastes, consents. None of them exists."""

from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any

from users.services.demo import names
from users.services.demo.catalogue import CATEGORIES
from users.services.demo.codes import told_with
from users.services.demo.instants import iso

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
    place = _weighted(names.CHINA if chinese else names.ABROAD, random)
    channel, platform, _ = _weighted(names.CHANNELS, random)
    given = random.random() < 0.9
    occupation = random.choice(names.OCCUPATIONS)
    traits = {
        **{key: name[key] for key in ("name", "firstName", "lastName")},
        "gender": gender if given else "",
        "address": {"country": place[0], "region": place[1], "city": place[2]},
        "timezone": place[3],
        "language": "zh-hans" if chinese else "en",
        "occupation": occupation,
        "interests": list(tastes[:2]),
        "channel": channel,
        "platform": platform,
        "createdAt": iso(joined_at),
        "invented": True,
        **told_with(number, channel),
        **_contact(number, name["mail"], random),
        **_birthday(random),
        **_circumstances(number, occupation),
    }
    return Person(number, f"cd-{number:06d}", tastes, channel, traits)


def _chinese_name(gender: str, random: Random) -> dict[str, str]:
    family, family_latin = random.choice(names.FAMILIES)
    given, given_latin = random.choice(names.GIVEN[gender])
    return {
        "name": family + given,
        "firstName": given,
        "lastName": family,
        "mail": f"{given_latin}.{family_latin}",
    }


def _western_name(gender: str, random: Random) -> dict[str, str]:
    first, last = random.choice(names.WESTERN[gender]), random.choice(names.SURNAMES)
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
    address = f"{mail}.{number}@{random.choice(names.DOMAINS)}"
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


def _circumstances(number: int, occupation: str) -> dict[str, str]:
    """What four in ten once answered about their work, income and schooling."""
    random = Random(f"circumstances {number}")
    if random.random() >= 0.4:
        return {}
    told = {"incomeBand": random.choice(names.INCOMES), "education": random.choice(names.SCHOOLING)}
    return told | ({"industry": names.INDUSTRIES[occupation]} if occupation in names.INDUSTRIES else {})


def _weighted(options: Any, random: Random) -> Any:
    return random.choices(options, weights=[option[-1] for option in options])[0]
