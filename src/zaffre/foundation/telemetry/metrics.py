"""Prometheus metrics of one process, in a registry of their own so that tests and several servers do not mix."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
WORK_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """Every metric Zaffre exposes, each with its labels."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.requests = self._counter("http_requests", "Requests answered.", "face", "method", "route", "status")
        self.request_seconds = self._histogram(
            "http_request_seconds", "Time to answer a request.", REQUEST_BUCKETS_S, "face", "method", "route"
        )
        self.event_streams = Gauge("zaffre_event_streams", "Live event streams open.", registry=self.registry)
        self.consoles = Gauge("zaffre_consoles", "Consoles open.", ["kind"], registry=self.registry)
        self.operations = self._counter("operations", "Operations ended.", "kind", "state")
        self.operation_seconds = self._histogram(
            "operation_seconds", "Time from accepting an operation to its end.", WORK_BUCKETS_S, "kind"
        )
        self.operation_steps = self._histogram(
            "operation_step_seconds", "Time of one step of an operation.", WORK_BUCKETS_S, "kind", "step", "direction"
        )
        self.operations_running = Gauge(
            "zaffre_operations_running", "Operations running now.", ["queue"], registry=self.registry
        )
        self.loop_runs = self._counter("loop_runs", "Runs of background loops.", "loop", "outcome")
        self.loop_seconds = self._histogram("loop_seconds", "Time of one run of a loop.", WORK_BUCKETS_S, "loop")
        self.host_connected = Gauge(
            "zaffre_host_connected", "Whether a host answers (1) or not (0).", ["host"], registry=self.registry
        )
        self.webhook_attempts = self._counter(
            "webhook_attempts", "Messages to webhooks, by what came of it.", "outcome"
        )
        self.approval_asks = self._counter(
            "approval_asks", "Questions to programs that approve changes, by what came of them.", "outcome"
        )
        self.drift = self._counter("drift", "Differences found between what should be and what is.", "kind")

    def render(self) -> bytes:
        """Return the exposition text (Prometheus text format 0.0.4)."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"zaffre_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"zaffre_{name}", text, labels, buckets=buckets, registry=self.registry)
