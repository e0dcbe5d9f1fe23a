# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Model directories without weights: just what Dynamo's frontend and mocker read, in a tenth of a megabyte.

The mocker answers with random token ids between 1000 and 1999, so those ids are ordinary English words here.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_FIRST_WORD = 1000
_SIZE = 4096  # the mocker of Dynamo 0.4 emits any id below this
_CONTEXT = 40960

_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

_WORDS = [
    "able",
    "about",
    "above",
    "account",
    "across",
    "act",
    "action",
    "active",
    "actor",
    "add",
    "after",
    "again",
    "age",
    "agree",
    "air",
    "allow",
    "almost",
    "alone",
    "along",
    "already",
    "also",
    "always",
    "amount",
    "animal",
    "another",
    "answer",
    "any",
    "apart",
    "appear",
    "apple",
    "area",
    "argue",
    "arm",
    "arrive",
    "art",
    "ask",
    "autumn",
    "away",
    "back",
    "balance",
    "ball",
    "bank",
    "base",
    "basic",
    "basket",
    "bath",
    "beach",
    "bear",
    "beat",
    "beauty",
    "become",
    "before",
    "begin",
    "behind",
    "believe",
    "below",
    "beside",
    "best",
    "better",
    "between",
    "beyond",
    "bird",
    "bit",
    "blue",
    "board",
    "boat",
    "body",
    "bold",
    "book",
    "both",
    "bottle",
    "bottom",
    "box",
    "branch",
    "bread",
    "break",
    "breath",
    "bridge",
    "bright",
    "bring",
    "broad",
    "brother",
    "brown",
    "build",
    "burn",
    "bus",
    "busy",
    "butter",
    "buy",
    "cake",
    "calm",
    "camera",
    "camp",
    "candle",
    "capital",
    "card",
    "care",
    "carry",
    "case",
    "catch",
    "cause",
    "center",
    "certain",
    "chain",
    "chair",
    "chance",
    "change",
    "charge",
    "chart",
    "cheap",
    "check",
    "cheese",
    "chest",
    "child",
    "choice",
    "choose",
    "circle",
    "city",
    "class",
    "clean",
    "clear",
    "climb",
    "clock",
    "close",
    "cloth",
    "cloud",
    "coast",
    "coat",
    "coffee",
    "cold",
    "collect",
    "color",
    "common",
    "company",
    "compare",
    "complete",
    "control",
    "cook",
    "cool",
    "copper",
    "copy",
    "corner",
    "correct",
    "cost",
    "cotton",
    "count",
    "country",
    "couple",
    "course",
    "cover",
    "create",
    "cross",
    "crowd",
    "cup",
    "current",
    "curve",
    "custom",
    "cycle",
    "daily",
    "dance",
    "danger",
    "dark",
    "data",
    "daughter",
    "day",
    "deal",
    "decide",
    "deep",
    "degree",
    "depend",
    "desert",
    "design",
    "desk",
    "detail",
    "develop",
    "dinner",
    "direct",
    "discover",
    "distance",
    "divide",
    "doctor",
    "door",
    "double",
    "doubt",
    "down",
    "draw",
    "dream",
    "dress",
    "drink",
    "drive",
    "drop",
    "dry",
    "during",
    "dust",
    "duty",
    "each",
    "ear",
    "early",
    "earth",
    "east",
    "easy",
    "eat",
    "edge",
    "effect",
    "effort",
    "egg",
    "eight",
    "either",
    "electric",
    "eleven",
    "empty",
    "end",
    "energy",
    "engine",
    "enjoy",
    "enough",
    "enter",
    "equal",
    "even",
    "evening",
    "event",
    "ever",
    "every",
    "exact",
    "example",
    "except",
    "expect",
    "explain",
    "eye",
    "face",
    "fact",
    "fair",
    "fall",
    "family",
    "famous",
    "far",
    "farm",
    "fast",
    "father",
    "favor",
    "feather",
    "feel",
    "few",
    "field",
    "fifth",
    "fight",
    "figure",
    "fill",
    "final",
    "find",
]


def vocabulary(alphabet: Iterable[str]) -> dict[str, int]:
    """Return token → id: the bytes, filler, readable words at the ids the mocker emits, filler again."""
    words = [form for word in _WORDS for form in (word, f"{word},", f"{word}.", word.capitalize())]
    tokens = {token: index for index, token in enumerate(sorted(alphabet))}
    for index in range(len(tokens), _SIZE - len(_SPECIAL)):
        offset = index - _FIRST_WORD
        text = words[offset] if 0 <= offset < len(words) else f"word{index}"
        tokens[f"\u0120{text}"] = index  # U+0120 is the byte-level form of a leading space
    return tokens


def _write(directory: Path) -> None:
    # only the virtual environment with ai-dynamo has it
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab=vocabulary(pre_tokenizers.ByteLevel.alphabet()), merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in _SPECIAL])
    tokenizer.save(str(directory / "tokenizer.json"))
    first, _, last = (_SIZE - len(_SPECIAL) + index for index in range(len(_SPECIAL)))
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": _CONTEXT,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "vocab_size": _SIZE,
        "bos_token_id": first,
        "eos_token_id": last,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "hidden_act": "silu",
    }
    added = {
        str(first + index): {
            "content": token,
            "special": True,
            "normalized": False,
            "lstrip": False,
            "rstrip": False,
            "single_word": False,
        }
        for index, token in enumerate(_SPECIAL)
    }
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": None,
        "eos_token": _SPECIAL[2],
        "pad_token": _SPECIAL[0],
        "model_max_length": _CONTEXT,
        "clean_up_tokenization_spaces": False,
        "chat_template": _TEMPLATE,
        "added_tokens_decoder": added,
    }
    generation = {"bos_token_id": first, "eos_token_id": [last, first], "pad_token_id": first}
    for name, content in (
        ("tokenizer_config.json", tokenizer_config),
        ("generation_config.json", generation),
        ("config.json", config),
    ):
        (directory / name).write_text(json.dumps(content, indent=1), encoding="utf-8")


def directory_name(model: str) -> str:
    """Return the name of a model's directory."""
    return re.sub(r"[^\w.-]+", "--", model.strip("/")) or "model"


def ensure_model(model: str, root: Path) -> Path:
    """Return the directory of a model, made when it is not there yet; safe when several processes ask at once."""
    target = root / directory_name(model)
    if (target / "config.json").exists():
        return target
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as scratch:
        fresh = Path(scratch) / "model"
        fresh.mkdir()
        _write(fresh)
        try:
            fresh.rename(target)
        except OSError:
            # another process was faster: a directory with files in it is never replaced
            if not (target / "config.json").exists():
                raise
    return target


_GATED = ("meta-llama/", "google/gemma", "mistralai/Mixtral", "black-forest-labs/FLUX.1-dev")


def gated_without_token(model: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether Hugging Face would refuse this model for want of a token."""
    return model.startswith(_GATED) and not (environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN"))
