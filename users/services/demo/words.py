"""Values of the demo shop's customers and goods in the words of whoever reads them; the data keep one spelling each."""

from django.utils.translation import gettext_lazy as _

from config.kit.given_names import give_in_demo

PLACES = (  # those of China are told in Chinese, the others in English
    *(
        _("Shanghai"),
        _("Beijing"),
        _("Guangdong"),
        _("Shenzhen"),
        _("Guangzhou"),
        _("Zhejiang"),
        _("Hangzhou"),
    ),
    *(
        _("Jiangsu"),
        _("Nanjing"),
        _("Suzhou"),
        _("Sichuan"),
        _("Chengdu"),
        _("Hubei"),
        _("Wuhan"),
        _("Shaanxi"),
    ),
    *(_("Xi'an"), _("Fujian"), _("Xiamen"), _("Xinjiang"), _("Urumqi"), _("Hong Kong"), _("New York")),
    *(_("California"), _("San Francisco"), _("England"), _("London"), _("Berlin"), _("Singapore")),
    *(_("New South Wales"), _("Sydney")),
)
CIRCUMSTANCES = (  # what people do, earn and learned
    *(_("student"), _("teacher"), _("engineer"), _("designer"), _("nurse"), _("accountant"), _("driver")),
    *(_("retired"), _("Schools and universities"), _("Technology"), _("Media and design"), _("Health care")),
    *(_("Banking and insurance"), _("Transport"), _("under 50,000 a year"), _("50,000 to 100,000 a year")),
    *(
        _("100,000 to 200,000 a year"),
        _("over 200,000 a year"),
        _("secondary school"),
        _("vocational training"),
    ),
    *(_("bachelor's degree"), _("master's degree or above")),
)
GOODS = (
    *(_("Music"), _("Jazz"), _("Rock"), _("Classical"), _("Pop"), _("Folk"), _("Electronic"), _("Soul")),
    *(_("World"), _("Film"), _("Hi-fi"), _("Players"), _("Record player")),
)
OTHERS = (  # values of the shop's own attributes, and who hands calls in
    *(_("Belt drive"), _("Direct drive"), _("None yet"), _("7-inch single"), _("Demo shop")),
)
NAMES = (*PLACES, *CIRCUMSTANCES, *GOODS, *OTHERS)
give_in_demo(*NAMES)
