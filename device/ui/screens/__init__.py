"""One module a screen; ``screen_for`` says which one draws a view."""

from typing import Final

from device.ui.screens.amount import AmountScreen
from device.ui.screens.base import Screen
from device.ui.screens.checking import CheckingScreen
from device.ui.screens.claimed import ClaimedScreen
from device.ui.screens.code_false import CodeFalseScreen
from device.ui.screens.code_true import CodeTrueScreen
from device.ui.screens.locked import LockedScreen
from device.ui.screens.menu import MenuScreen
from device.ui.screens.network import NetworkScreen
from device.ui.screens.notice import NoticeScreen
from device.ui.screens.offline_entry import OfflineEntryScreen
from device.ui.screens.out_of_service import OutOfServiceScreen
from device.ui.screens.paid import PaidScreen
from device.ui.screens.qr_fixed import QrFixedScreen
from device.ui.screens.standby import StandbyScreen
from device.ui.screens.today import TodayScreen
from device.ui.views import (
    AmountView,
    CheckingView,
    ClaimedView,
    CodeFalseView,
    CodeTrueView,
    LockedView,
    MenuView,
    NetworkView,
    NoticeView,
    OfflineEntryView,
    OutOfServiceView,
    PaidView,
    QrFixedView,
    StandbyView,
    TodayView,
    View,
)

SCREENS: Final[dict[type, type[Screen]]] = {
    StandbyView: StandbyScreen,
    AmountView: AmountScreen,
    QrFixedView: QrFixedScreen,
    ClaimedView: ClaimedScreen,
    PaidView: PaidScreen,
    CheckingView: CheckingScreen,
    TodayView: TodayScreen,
    NetworkView: NetworkScreen,
    MenuView: MenuScreen,
    NoticeView: NoticeScreen,
    OutOfServiceView: OutOfServiceScreen,
    OfflineEntryView: OfflineEntryScreen,
    CodeTrueView: CodeTrueScreen,
    CodeFalseView: CodeFalseScreen,
    LockedView: LockedScreen,
}
"""Every view of ``device.ui.views.View``, which a test compares."""


def screen_for(view: View) -> type[Screen]:
    """The class of the screen that draws this view."""
    return SCREENS[type(view)]
