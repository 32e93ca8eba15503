"""The simulated receipt printer: beside the driver, behind the same port test suite."""

from hardware.printer.simulator.control import ControlPort
from hardware.printer.simulator.port import SimulatedPrinter
from hardware.printer.simulator.ports import PtyPort, TcpPort
from hardware.printer.simulator.printer import PrinterSimulator

__all__ = ["ControlPort", "PrinterSimulator", "PtyPort", "SimulatedPrinter", "TcpPort"]
