"""The names, places and ways in from which the demo's people are drawn."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """ "王 wang, 李 li" as pairs of a name and its Latin form."""
    return tuple((pair.split()[0], pair.split()[1]) for pair in text.split(","))


FAMILIES = _pairs(
    "王 wang, 李 li, 张 zhang, 刘 liu, 陈 chen, 杨 yang, 黄 huang, 赵 zhao, 吴 wu, 周 zhou, 徐 xu, 孙 sun,"
    "马 ma, 朱 zhu, 胡 hu, 郭 guo, 何 he, 林 lin, 罗 luo, 梁 liang"
)
GIVEN = {
    "female": _pairs(
        "雨桐 yutong, 思涵 sihan, 欣怡 xinyi, 静 jing, 晓雯 xiaowen, 梦洁 mengjie, 佳宁 jianing, 若溪 ruoxi,"
        "慧敏 huimin, 婷 ting, 诗雅 shiya, 秋月 qiuyue"
    ),
    "male": _pairs(
        "浩然 haoran, 子轩 zixuan, 伟 wei, 建国 jianguo, 明远 mingyuan, 俊杰 junjie, 志强 zhiqiang, "
        "天宇 tianyu, 磊 lei, 一鸣 yiming, 思远 siyuan, 文博 wenbo"
    ),
}
WESTERN = {
    "female": _words("Anna Clara Emily Grace Hannah Julia Laura Marie Nora Sophie Tessa Zoe"),
    "male": _words("Adam Ben Daniel Erik Felix George Jonas Lucas Martin Oliver Simon Tom"),
}
SURNAMES = _words(
    "Abbott Bergmann Carver Dawson Ellery Fischer Garnett Hollis Ingram Jansen Keller Lambert Marlow Norwood"
    " Osborne Pascoe Quinn Ravens Sommer Thorne Vance Whitlock"
)
# (country, region, city, zone, how often)
CHINA = (
    ("CN", "上海", "上海", "Asia/Shanghai", 18),
    ("CN", "北京", "北京", "Asia/Shanghai", 16),
    ("CN", "广东", "深圳", "Asia/Shanghai", 12),
    ("CN", "广东", "广州", "Asia/Shanghai", 11),
    ("CN", "浙江", "杭州", "Asia/Shanghai", 9),
    ("CN", "江苏", "南京", "Asia/Shanghai", 7),
    ("CN", "四川", "成都", "Asia/Shanghai", 8),
    ("CN", "湖北", "武汉", "Asia/Shanghai", 6),
    ("CN", "陕西", "西安", "Asia/Shanghai", 5),
    ("CN", "福建", "厦门", "Asia/Shanghai", 4),
    ("CN", "新疆", "乌鲁木齐", "Asia/Urumqi", 2),
    ("HK", "香港", "香港", "Asia/Hong_Kong", 2),
)
ABROAD = (
    ("US", "New York", "New York", "America/New_York", 5),
    ("US", "California", "San Francisco", "America/Los_Angeles", 4),
    ("GB", "England", "London", "Europe/London", 4),
    ("DE", "Berlin", "Berlin", "Europe/Berlin", 3),
    ("SG", "Singapore", "Singapore", "Asia/Singapore", 2),
    ("AU", "New South Wales", "Sydney", "Australia/Sydney", 2),
)
# (channel slug, platform, how often)
CHANNELS = (
    ("baidu", "web", 18),
    ("google", "web", 7),
    ("wechat-account", "wechat", 16),
    ("wechat-group", "wechat", 6),
    ("wechat-channels", "wechat", 3),
    ("weibo", "web", 7),
    ("xiaohongshu", "ios", 4),
    ("douyin", "android", 4),
    ("kuaishou", "android", 1),
    ("zhihu", "web", 2),
    ("dianping", "web", 2),
    ("live", "wechat", 1),
    ("apple", "ios", 8),
    ("android", "android", 8),
    ("tieba", "web", 2),
    ("own-site", "web", 5),
    ("social-ads", "wechat", 5),
    ("store", "offline", 3),
    ("invite", "wechat", 3),
)
OCCUPATIONS = ("student", "teacher", "engineer", "designer", "nurse", "accountant", "driver", "retired", "")
INDUSTRIES = {
    "teacher": "Schools and universities", "engineer": "Technology", "designer": "Media and design",
    "nurse": "Health care", "accountant": "Banking and insurance", "driver": "Transport",
}  # fmt: skip
INCOMES = (
    "under 50,000 a year",
    "50,000 to 100,000 a year",
    "100,000 to 200,000 a year",
    "over 200,000 a year",
)
SCHOOLING = ("secondary school", "vocational training", "bachelor's degree", "master's degree or above")
DOMAINS = ("example.com", "example.net", "example.org")
