"""The first letters of Chinese words as people type them: 沉睡 → cs. Good enough to find an entry in a list."""

# The first character of each letter in the order of GB 2312, whose common characters stand by pronunciation.
FIRST = "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"
LETTERS = "abcdefghjklmnopqrstwxyz"
STARTS = [character.encode("gb2312") for character in FIRST]
AFTER = "亍".encode("gb2312")  # from here on they stand by their strokes


def initials(text: str) -> str:
    """One letter per common Chinese character; what is not Chinese is left out."""
    return "".join(map(_initial, text))


def _initial(character: str) -> str:
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return ""
    if not STARTS[0] <= code < AFTER:
        return ""
    return LETTERS[sum(1 for start in STARTS if start <= code) - 1]
