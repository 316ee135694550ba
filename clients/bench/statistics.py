"""What Triton counts: inferences, executions and where their time went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import tritonclient.grpc as triton

from landseal.server.engines.tls import EngineTls

MODELS = ("frames", "select", "embedding", "liveness")


@dataclass(frozen=True)
class ModelCount:
    """One model since its start, or between two readings."""

    inferences: int = 0
    """Batch elements."""
    executions: int = 0
    """Batches."""
    requests: int = 0
    queue_s: float = 0.0
    input_s: float = 0.0
    infer_s: float = 0.0
    output_s: float = 0.0

    def __sub__(self, other: ModelCount) -> ModelCount:
        names = [each.name for each in fields(self)]
        return ModelCount(*(getattr(self, name) - getattr(other, name) for name in names))


class TritonStatistics:
    """Asks one Triton for its statistics."""

    def __init__(self, url: str, tls: EngineTls) -> None:
        """Prepares the connection; nothing is sent."""
        self._client = triton.InferenceServerClient(
            url, ssl=True, root_certificates=tls.root, certificate_chain=tls.certificate, private_key=tls.key
        )

    def read(self) -> dict[str, ModelCount]:
        """Returns the counts of the models that do the work."""
        answer = self._client.get_inference_statistics(client_timeout=10.0)
        return {
            str(each.name): ModelCount(
                int(each.inference_count),
                int(each.execution_count),
                int(each.inference_stats.success.count),
                each.inference_stats.queue.ns / 1e9,
                each.inference_stats.compute_input.ns / 1e9,
                each.inference_stats.compute_infer.ns / 1e9,
                each.inference_stats.compute_output.ns / 1e9,
            )
            for each in answer.model_stats
            if each.name in MODELS
        }

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()


def difference(before: Mapping[str, ModelCount], after: Mapping[str, ModelCount]) -> dict[str, ModelCount]:
    """What happened between two readings."""
    return {name: after[name] - before.get(name, ModelCount()) for name in after}


def expected(frames: int, verifications: int, samples: int, *, silent: bool) -> dict[str, int]:
    """Inferences that so many verifications are documented to run, by model: not one more, not one fewer."""
    counts = {"frames": frames, "select": verifications, "embedding": 2 * samples * verifications}
    return counts | ({"liveness": samples * verifications} if silent else {})
