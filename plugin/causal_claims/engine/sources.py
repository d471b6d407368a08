"""What other runs have at a site: means over the set, and the tensors of other prompts."""

from collections.abc import Callable, Sequence
from threading import RLock

from torch import Tensor

from causal_claims.engine.budget import Budget
from causal_claims.engine.edits import Key, needs, source_prompts
from causal_claims.engine.loading import Loaded
from causal_claims.engine.task import Keys, Task
from causal_claims.engine.tokens import Batch
from causal_claims.errors import ClaimsError

Clean = Callable[[Sequence[Sequence[int]], Keys], tuple[Batch, dict[Key, Tensor]]]


class Sources:
    """Means over the set, and the tensors of other prompts, measured once where they are needed."""

    def __init__(
        self, clean: Clean, budget: Budget, loaded: Loaded, task: Task, prompts: Sequence[tuple[int, ...]]
    ) -> None:
        self._clean, self._budget, self._loaded = clean, budget, loaded
        self._task, self._prompts = task, prompts
        found = [needs(condition) for condition in task.conditions]
        self._means_wanted = frozenset(key for means, _ in found for key in means)
        self._sources_wanted = frozenset(pair for _, sources in found for pair in sources)
        self._means: dict[Key, Tensor] | None = None
        self._held: dict[tuple[str, tuple[int, ...]], tuple[Batch, dict[Key, Tensor]]] = {}
        self._texts: dict[str, list[str]] = {}
        self._one = RLock()  # batches that run beside one another ask for the same

    def mean(self, key: Key) -> Tensor:
        with self._one:
            if self._means is None:
                self._means = self._measure_means()
        if key not in self._means:
            raise ClaimsError(
                f"an intervention asked for the mean of {key[0]} at layer {key[1]} without an option how=mean."
            )
        return self._means[key]

    def source(self, name: str, key: Key, rows: Sequence[int]) -> tuple[Batch, Tensor]:
        at = (name, tuple(rows))
        with self._one:
            if at not in self._held:
                self._held[at] = self._run(name, rows)
            batch, taken = self._held[at]
        return batch, taken[key]

    def _run(self, name: str, rows: Sequence[int]) -> tuple[Batch, dict[Key, Tensor]]:
        tokens, examples = self._loaded.tokens, self._task.examples
        if name not in self._texts:
            self._texts[name] = source_prompts(name, examples)
        texts = self._texts[name]
        ids = [tokens.prompt(texts[row], f"example {examples[row].id!r}, its {name} prompt") for row in rows]
        return self._clean(ids, frozenset(k for n, k in self._sources_wanted if n == name))

    def forget(self) -> None:
        self._held.clear()

    def _measure_means(self) -> dict[Key, Tensor]:
        total: dict[Key, Tensor] = {}
        tokens = 0
        rows = sorted(range(len(self._prompts)), key=lambda row: len(self._prompts[row]))
        for chunk in self._budget.chunks(rows, [len(p) for p in self._prompts], 0):
            batch, taken = self._clean([self._prompts[row] for row in chunk], self._means_wanted)
            tokens += int(batch.lengths.sum())
            for key, tensor in taken.items():
                summed = tensor[batch.mask.to(tensor.device)].double().sum(0)
                total[key] = total[key] + summed if key in total else summed
        return {key: (value / tokens).to(self._loaded.map.w_u.dtype) for key, value in total.items()}
