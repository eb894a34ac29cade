"""The tokenizer (byte-level BPE, learnt from the training text) and token streams."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|end|>"
PAD = "<|pad|>"
SAMPLE_BYTES = 3_000_000
Ids: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]


def learn(documents: Iterable[str], vocabulary: int) -> Tokenizer:
    """Learn at most `vocabulary` tokens from the first three megabytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sample(documents), trainer)
    return tokenizer


def _sample(documents: Iterable[str]) -> Iterable[str]:
    size = 0
    for document in documents:
        room = SAMPLE_BYTES - size
        if room <= 0:
            return
        yield document[:room]
        size += len(document)


def stream(tokenizer: Tokenizer, documents: Sequence[str]) -> Ids:
    """All documents as one row of ids, with the end token before, between and after them."""
    end = np.asarray([tokenizer.token_to_id(END)], np.int32)
    parts: list[Ids] = [end]
    for encoding in tokenizer.encode_batch_fast(list(documents), add_special_tokens=False):
        parts += [np.asarray(encoding.ids, np.int32), end]
    joined: Ids = np.concatenate(parts)
    return joined


def save(tokenizer: Tokenizer, folder: Path, sequence: int) -> None:
    """The files `transformers` opens as a fast tokenizer."""
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END,
        "eos_token": END,
        "pad_token": PAD,
        "model_max_length": sequence,
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))
