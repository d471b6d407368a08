"""Small random checkpoints of every family, in the files that transformers itself writes."""

import os
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore", category=DeprecationWarning)

import torch  # noqa: E402  (the hub must be off before it is imported)

torch.set_num_threads(2)

_TEXT = (
    "the a capital of France Germany is Paris Berlin not and or cat dog runs sleeps over under red blue green itself "
    "observing process thank you very much for your help I owe one sorry no yes big small old new two three"
)
WORDS = tuple(dict.fromkeys(_TEXT.split()))


def tokenizer(folder: Path, side: str = "right"):
    """One word, one token; `<s>` in front for the families that have it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "</s>", "<pad>", "<unk>"]
    marks = [*".,:;?!"]
    vocabulary = {w: i for i, w in enumerate([*special, *marks, *(f"Ġ{w}" for w in WORDS), *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side=side,
    )
    fast.save_pretrained(folder)
    return fast


def checkpoint(
    folder: Path, family: str, seed: int = 0, layers: int = 3, heads: int = 4, kv: int = 2, width: int = 32, **more
):
    """A random model, saved the ordinary way; weights are large enough that attention is not uniform."""
    import transformers as t

    size = len(tokenizer(folder))
    tokenizer(
        folder / "tokenizer"
    )  # AutoTokenizer reads a Qwen2 folder with Qwen2's own splitting, whatever its file says
    torch.manual_seed(seed)
    shared = {"vocab_size": size, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    wide = {
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
    }
    grouped = {"num_key_value_heads": kv, "max_position_embeddings": 256}
    config, model = {
        "gpt2": lambda: (
            t.GPT2Config(n_embd=width, n_layer=layers, n_head=heads, n_positions=128, **shared, **more),
            t.GPT2LMHeadModel,
        ),
        "mistral": lambda: (
            t.MistralConfig(**wide, **grouped, **shared, **{"sliding_window": 6, **more}),
            t.MistralForCausalLM,
        ),
        "llama": lambda: (t.LlamaConfig(**wide, **grouped, **shared, **more), t.LlamaForCausalLM),
        "qwen2": lambda: (t.Qwen2Config(**wide, **grouped, **shared, **more), t.Qwen2ForCausalLM),
        "gpt_neox": lambda: (
            t.GPTNeoXConfig(**wide, max_position_embeddings=256, **shared, **more),
            t.GPTNeoXForCausalLM,
        ),
    }[family]()
    made = model(config).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if weight.dim() == 2:
                weight.mul_(6.0)
            elif "bias" in name:
                weight.normal_(0, 0.3)
    made.save_pretrained(folder)
    return folder


FAMILIES = ("gpt2", "mistral", "llama", "qwen2", "gpt_neox")
