"""C{twistd ha}: names the module that is imported only when asked for."""

from twisted.application.service import ServiceMaker

ha = ServiceMaker(
    "twisted_ha", "twisted_ha.tap", "Keep services alive on two machines (heartbeat).", "ha"
)
