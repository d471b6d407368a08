"""What other runs have at a site, by clean runs of the bridge: the reference path's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from causal_claims.engine.edits import Key, needs, source_prompts
from causal_claims.engine.loading import Loaded
from causal_claims.engine.task import Keys, Task
from causal_claims.engine.tokens import Batch
from causal_claims.interventions.intervention import Intervention

Clean = Callable[[Sequence[int], Keys], tuple[Batch, dict[Key, Tensor]]]


@dataclass(eq=False)
class Given:
    """Means over the set, and the tensors of other prompts."""

    loaded: Loaded
    clean: Clean
    task: Task
    prompts: Sequence[tuple[int, ...]]
    _means: dict[Key, Tensor] = field(default_factory=dict)
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _held: dict[tuple[str, Key, int], tuple[Batch, Tensor]] = field(default_factory=dict)

    def prepare(self, condition: Intervention, row: int) -> None:
        """Run what a condition will ask for, since a hook cannot run the model again."""
        means, sources = needs(condition)
        for key in means:
            self.mean(key)
        wanted: dict[str, set[Key]] = {}
        for name, key in sources:
            wanted.setdefault(name, set()).add(key)
        self._held = {
            (name, key, row): found
            for name, keys in wanted.items()
            for key, found in self._run(name, keys, row).items()
        }

    def mean(self, key: Key) -> Tensor:
        if not self._means:
            wanted = frozenset(k for condition in self.task.conditions for k in needs(condition)[0])
            sums: dict[Key, Tensor] = {}
            for prompt in self.prompts:
                for k, tensor in self.clean(prompt, wanted)[1].items():
                    summed = tensor[0].double().sum(0)
                    sums[k] = sums[k] + summed if k in sums else summed
            count = sum(map(len, self.prompts))
            self._means = {k: (v / count).to(self.loaded.map.w_u.dtype) for k, v in sums.items()}
        return self._means[key]

    def source(self, name: str, key: Key, rows: Sequence[int]) -> tuple[Batch, Tensor]:
        return self._held[(name, key, rows[0])]

    def _run(self, name: str, keys: set[Key], row: int) -> dict[Key, tuple[Batch, Tensor]]:
        examples = self.task.examples
        if name not in self._texts:
            self._texts[name] = source_prompts(name, examples)
        asked = f"example {examples[row].id!r}, its {name} prompt"
        batch, taken = self.clean(self.loaded.tokens.prompt(self._texts[name][row], asked), frozenset(keys))
        return {key: (batch, taken[key]) for key in keys}
