# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The real HTTP server of llama.cpp with a tiny model: `python llama_cpp.py FOLDER PORT NAME` (environment llama-cpp).

The model is a Llama of random weights with one token per byte. It says letters and quotation marks at random.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import gguf
import numpy as np
import xllamacpp

SAID = '"abcdefghijklmnopqrstuvwxyz'
WIDTH, INNER, HEADS, LAYERS, CONTEXT = 64, 128, 4, 2, 2048
BEGIN, END = "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}" + BEGIN + "{{ message.role }}\n{{ message.content }}" + END + "\n{% endfor %}"
    "{% if add_generation_prompt %}" + BEGIN + "assistant\n{% endif %}"
)


def vocabulary() -> list[str]:
    """One token per byte as GPT-2 writes bytes, then the marks of a turn, then the only merge (one must be there)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)] + [BEGIN, END, "ab"]


def write_model(path: Path, name: str) -> None:
    """Write the model file."""
    rng = np.random.default_rng(1)
    tokens = vocabulary()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name(name)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    kinds = [gguf.TokenType.CONTROL if token in (BEGIN, END) else gguf.TokenType.NORMAL for token in tokens]
    writer.add_token_types(kinds)
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(tokens.index(BEGIN))
    writer.add_eos_token_id(tokens.index(END))
    writer.add_eot_token_id(tokens.index(END))
    writer.add_chat_template(TEMPLATE)

    def random(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.05).astype(np.float32)

    # The first number of every state is large and the same, so the head's first column says what can be said at all.
    embeddings, head = random(len(tokens), WIDTH), random(len(tokens), WIDTH)
    embeddings[:, 0], head[:, 0] = 1, -3
    head[[ord(letter) for letter in SAID], 0] = 0
    writer.add_tensor("token_embd.weight", embeddings)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output.weight", head)
    for layer in range(LAYERS):
        prefix = f"blk.{layer}."
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{prefix}{part}.weight", random(WIDTH, WIDTH))
        for part, shape in (("gate", (INNER, WIDTH)), ("up", (INNER, WIDTH)), ("down", (WIDTH, INNER))):
            writer.add_tensor(f"{prefix}ffn_{part}.weight", random(*shape))
        for part in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{prefix}{part}.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    """Serve until killed."""
    folder, port, name = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    path = folder / "tiny.gguf"
    write_model(path, name)
    options = xllamacpp.CommonParams()
    options.model.path, options.model_alias = str(path), {name}
    options.hostnames, options.port = ["127.0.0.1"], port
    options.n_ctx, options.n_parallel, options.cpuparams.n_threads = 4 * CONTEXT, 4, 1
    options.endpoint_metrics, options.ui, options.warmup = True, False, False
    server = xllamacpp.Server(options)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
