"""The keys that items of a batch name together, as columns of one statement."""

COLUMNS = (
    *("user_id", "anonymous_id", "previous_id"),
    *("email", "phone", "unionid", "openid", "weibo", "device"),
)
# Beside ``intake_item item``: what an identify call of a server key tells of other keys; only that identifies.
TOLD = """
    LEFT JOIN LATERAL (
        SELECT item.traits ->> 'email' AS email, item.traits ->> 'phone' AS phone,
               item.traits ->> 'wechatUnionid' AS unionid, item.traits ->> 'wechatOpenid' AS openid,
               item.traits ->> 'weiboUid' AS weibo, item.context -> 'device' ->> 'token' AS device
        WHERE item.confirmed AND item.type = 'identify'
    ) AS told ON true
"""
# In order of arrival.
MENTIONED = f"""
    SELECT {", ".join(COLUMNS)}, min(occurred_at)
    FROM intake_item item {TOLD}
    GROUP BY {", ".join(COLUMNS)}
    ORDER BY min(no)
"""
