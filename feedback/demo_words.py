"""What the demo shop's invented customers write, in both languages, and what they are answered."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Talk:
    """One invented conversation; ``answer`` empty: it still waits."""

    language: str
    kind: str
    origin: str
    subject: str
    text: str
    answer: str = ""
    is_solved: bool = False


TALKS = (
    Talk(
        "en", "question", "widget", "Where is my parcel?",
        "I ordered on Monday and the tracking has not moved since. Can you see where it is?",
        "It left our warehouse yesterday and should reach you on Thursday.", True,
    ),
    Talk(
        "en", "complaint", "email", "Sleeve torn on arrival",
        "The record plays fine but the sleeve came torn at the corner. I had meant it as a gift.",
        "We are sorry. A new sleeve is on its way, no need to send anything back.",
    ),
    Talk(
        "en", "idea", "widget", "Gift wrapping",
        "Could you offer gift wrapping at checkout? I would pay a little for it.",
        "A nice thought; we have passed it on to the people who pack.", True,
    ),
    Talk("en", "question", "widget", "Is this the 1997 remaster?", "The page does not say which pressing it is."),
    Talk("en", "praise", "widget", "Lovely playlist", "Your jazz list made my Sunday.", "Thank you!", True),
    Talk("en", "complaint", "phone", "Charged twice", "My card shows the amount two times for one order."),
    Talk(
        "en", "question", "widget", "When do my points expire?", "I have some points. Until when can I use them?",
        "Each lot is valid for a year; your account page shows the next date.", True,
    ),
    Talk(
        "zh", "question", "wechat", "什么时候发货？", "我周一下的单，物流一直没有更新，能帮我查一下吗？",
        "您好，昨天已经出库，预计周四送达。", True,
    ),
    Talk(
        "zh", "complaint", "widget", "封套破损", "唱片没问题，但封套的角破了，本来是要送人的。",
        "非常抱歉，我们已为您补寄新的封套，无需退回。",
    ),
    Talk("zh", "idea", "wechat", "希望支持礼品包装", "结账的时候能不能选礼品包装？愿意付一点费用。"),
    Talk("zh", "question", "widget", "积分怎么用？", "我有一些积分，下单的时候在哪里可以抵扣？"),
    Talk("zh", "praise", "weibo", "歌单很棒", "上周的爵士歌单陪我过了一个很好的周末。", "谢谢您的喜欢！", True),
    Talk("zh", "complaint", "phone", "重复扣款", "一个订单我的卡被扣了两次，请帮忙核实。"),
)  # fmt: skip

LABEL = {"en": "Invented for the demo shop.", "zh": "演示商店的虚构会话。"}
