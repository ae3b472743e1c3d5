"""Structured logs: one JSON object (or a readable line) per fact, with the request and operation it belongs to."""

import logging
import sys
from typing import Any, Literal

import structlog
from structlog.contextvars import merge_contextvars
from structlog.typing import Processor

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def _tracebacks() -> Processor:
    """Render tracebacks without local variables, which may hold secrets."""
    return structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


def _no_handshake(record: logging.LogRecord) -> bool:
    """Let everything pass but what uvicorn says of handshakes, which it takes for faults when they are refused."""
    said = str(record.msg)
    return '"WebSocket %s"' not in said and "without completing handshake" not in said


def configure_logs(level: Literal["debug", "info", "warning", "error"], form: Literal["json", "console"]) -> None:
    """Send the process's logs, ours and the libraries', to standard error in one form.

    Context set with `structlog.contextvars.bound_contextvars` (`request_id`, `operation_id`) is on every line that is
    written inside it.
    """
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[Any] = (
        [_tracebacks(), structlog.processors.JSONRenderer()]
        if form == "json"
        # The renderer's own tracebacks would show local variables as well.
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_LEVELS[level])
    for chatty in ("uvicorn.access", "alembic", "sqlalchemy", "dbos", "httpx"):
        logging.getLogger(chatty).setLevel(max(_LEVELS[level], logging.WARNING))
    # It writes every handshake's query, in which one-time tokens are; our own line about it does not.
    logging.getLogger("uvicorn.error").setLevel(max(_LEVELS[level], logging.INFO))
    logging.getLogger("uvicorn.error").addFilter(_no_handshake)
    for own in ("uvicorn", "uvicorn.error", "dbos"):
        logging.getLogger(own).handlers = []
        logging.getLogger(own).propagate = True
