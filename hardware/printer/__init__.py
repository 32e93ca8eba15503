"""Receipt printers: renderers, transports, printer model and simulator."""
