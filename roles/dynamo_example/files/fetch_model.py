# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Fetch models from Hugging Face into a shared cache, once for all replicas. Runs in a pod; standard library only.

Writes the layout that every library for Hugging Face reads:
$HF_HOME/hub/models--<owner>--<name>/{refs/<revision>, snapshots/<commit>/<file>}. The commit behind the revision is
resolved once; refs/main points to it, so that engines which know no revision load exactly that one.

Environment: MODELS (JSON: [{"id": ..., "revision": ...}]), HF_HOME, HF_TOKEN, HF_ENDPOINT, IGNORE (JSON: patterns),
ATTEMPTS, PARALLEL.
Exit codes: 0 all there; 1 worth trying again; 2 not worth it (gated, not found, no room).
A pod that is killed loses nothing: the next one goes on where this one stopped, within a file.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import fnmatch
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import sys
import threading
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

CHUNK = 4 * 1024 * 1024
TIMEOUT = 60
LONGEST_PAUSE = 300.0
GONE = 416
Json = dict[str, t.Any]


class Hopeless(Exception):
    """Trying again would not help."""


class Passing(Exception):
    """Trying again may help; `after` is when, in seconds, where the server said so."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but give the token to nobody else: the files themselves lie with a content network."""

    def redirect_request(self, req: t.Any, fp: t.Any, code: int, msg: str, headers: t.Any, newurl: str) -> t.Any:
        """Return the request for the new place."""
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urllib.parse.urlsplit(newurl).netloc != urllib.parse.urlsplit(req.full_url).netloc:
            new.remove_header("Authorization")
        return new


class Hub:
    """Hugging Face, or what stands at HF_ENDPOINT."""

    def __init__(
        self, endpoint: str, token: str = "", attempts: int = 8, sleep: t.Callable[[float], None] = time.sleep
    ):
        self._endpoint = endpoint.rstrip("/")
        self._token = token
        self._attempts = attempts
        self._sleep = sleep
        self._opener = urllib.request.build_opener(Redirects)

    def patiently(self, what: str, action: t.Callable[[], t.Any]) -> t.Any:
        """Do it again after what may pass: throttling, a server in trouble, a broken connection."""
        for attempt in range(1, self._attempts + 1):
            try:
                return action()
            except Passing as error:
                if attempt == self._attempts:
                    raise
                pause = min(error.after if error.after is not None else 2.0**attempt, LONGEST_PAUSE)
                say(f"{what}: {error}; attempt {attempt + 1} of {self._attempts} in {pause:.0f} s")
                self._sleep(pause)
        return None

    def info(self, model: str, revision: str) -> Json:
        """Return the commit and the files of a revision."""
        url = f"{self._endpoint}/api/models/{model}/revision/{urllib.parse.quote(revision, safe='')}?blobs=true"

        def ask() -> Json:
            with self._open(url, model) as response:
                try:
                    found: Json = json.loads(response.read())
                except (OSError, ValueError) as error:
                    raise Passing(f"the list of files is broken ({error})") from error
            return found

        answer: Json = self.patiently(f"{model}@{revision}", ask)
        return answer

    def fetch(self, model: str, commit: str, entry: Json, part: pathlib.Path) -> None:
        """Fetch one file, from where an earlier attempt stopped, and compare it with its checksum."""
        name = str(entry["rfilename"])
        url = f"{self._endpoint}/{model}/resolve/{commit}/{urllib.parse.quote(name)}"

        def attempt() -> None:
            self._fetch(url, model, part, size_of(entry))
            if not intact(entry, part):
                part.unlink()
                raise Passing("it is not what its checksum says", 0.0)

        self.patiently(f"{model}/{name}", attempt)

    def _fetch(self, url: str, model: str, part: pathlib.Path, size: int | None) -> None:
        there = part.stat().st_size if part.exists() else 0
        if size is not None and there == size and there:
            return
        if size is not None and there > size:
            part.unlink()
            there = 0
        headers = {"Range": f"bytes={there}-"} if there else {}
        with self._open(url, model, headers, part) as response:
            # 200 to a request for the rest: the server begins anew, and so must the file.
            mode = "ab" if there and response.status == 206 else "wb"
            with part.open(mode) as out:
                try:
                    shutil.copyfileobj(response, out, CHUNK)
                except (OSError, http.client.HTTPException) as error:
                    if getattr(error, "errno", None) == errno.ENOSPC:
                        raise Hopeless("the volume is full. Give the cache a larger one.") from error
                    raise Passing(f"the connection broke ({error!r})") from error
        got = part.stat().st_size
        if size is not None and got != size:
            raise Passing(f"{got} of {size} bytes came")

    def _open(
        self, url: str, model: str, headers: t.Mapping[str, str] | None = None, part: pathlib.Path | None = None
    ) -> t.Any:
        request = urllib.request.Request(url, headers={"User-Agent": "ai_on_eks.dynamo", **(headers or {})})  # noqa: S310
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            return self._opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            raise self._judge(error, model, part) from error
        except (urllib.error.URLError, OSError) as error:
            raise Passing(f"{self._endpoint} does not answer ({getattr(error, 'reason', error)})") from error

    def _judge(self, error: urllib.error.HTTPError, model: str, part: pathlib.Path | None) -> Exception:
        if error.code in (401, 403):
            known = "the token has no access to it" if self._token else "it needs a token"
            return Hopeless(
                f"{error.code}: {known}, or it does not exist. Accept its terms at https://huggingface.co/{model} with "
                "the account of the token in the Secret (HF_TOKEN)."
            )
        if error.code == 404:
            return Hopeless(f"404: there is no such model, revision or file. Check {model} and model_revision.")
        if error.code == GONE and part is not None:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
            return Passing("what came before does not belong to the file; it begins anew", 0.0)
        after = error.headers.get("Retry-After") or error.headers.get("RateLimit-Reset") or ""
        return Passing(f"HTTP {error.code}", float(after) if after.isdigit() else None)


def say(text: str) -> None:
    """Write one line to the pod's log at once."""
    print(text, flush=True)


def wanted(info: Json, ignore: t.Sequence[str]) -> list[Json]:
    """Return the files to fetch: weights in other formats are left out where there are safetensors."""
    files = [entry for entry in info.get("siblings") or [] if entry.get("rfilename")]
    names = [str(entry["rfilename"]) for entry in files]
    safe = any(name.endswith(".safetensors") for name in names)
    patterns = [
        *ignore,
        *(["*.bin", "*.pth", "*.pt", "*.msgpack", "*.h5", "*.ot", "*.onnx", "original/*"] if safe else []),
    ]
    return [
        entry for entry, name in zip(files, names) if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
    ]


def size_of(entry: Json) -> int | None:
    """Return the size of a file, where the hub says it."""
    found = (entry.get("lfs") or {}).get("size", entry.get("size"))
    return None if found is None else int(found)


def intact(entry: Json, path: pathlib.Path) -> bool:
    """Tell whether a file is what the hub has; small ones have no checksum of their content."""
    expected = (entry.get("lfs") or {}).get("sha256")
    if not expected:
        return True
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(CHUNK), b""):
            digest.update(block)
    return bool(digest.hexdigest() == expected)


class Cache:
    """One model's folder of the cache."""

    def __init__(self, home: pathlib.Path, model: str) -> None:
        self.root = home / "hub" / f"models--{model.replace('/', '--')}"

    def place(self, commit: str, name: str) -> pathlib.Path:
        """Return where a file belongs; refuse a name that leads out of the folder."""
        folder = self.root / "snapshots" / commit
        if pathlib.PurePosixPath(name).is_absolute() or ".." in pathlib.PurePosixPath(name).parts:
            raise Hopeless(f"the file {name!r} leads out of the model's folder. Do not use this model.")
        return folder / name

    def point(self, name: str, commit: str) -> None:
        """Let a reference mean a commit; readers see the old one or the new one."""
        path = self.root / "refs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(commit, encoding="utf-8")
        fresh.replace(path)

    def lacks(self, commit: str, entry: Json) -> bool:
        """Tell whether a file is not there yet, or not whole."""
        path, size = self.place(commit, str(entry["rfilename"])), size_of(entry)
        return not path.is_file() or (size is not None and path.stat().st_size != size)


class Progress:
    """Say now and then how far it has come."""

    def __init__(self, model: str, total: int, every: float = 10.0) -> None:
        self._model, self._total, self._every = model, total, every
        self._done = 0
        self._said = time.monotonic()
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Count what has come."""
        with self._lock:
            self._done += size
            now = time.monotonic()
            if now - self._said >= self._every or self._done == self._total:
                self._said = now
                say(f"{self._model}: {self._done / 1e9:.2f} of {self._total / 1e9:.2f} GB")


def fetch_model(hub: Hub, home: pathlib.Path, model: str, revision: str, ignore: t.Sequence[str], parallel: int) -> str:
    """Fetch a model and return its commit."""
    info = hub.info(model, revision)
    commit = str(info["sha"])
    cache = Cache(home, model)
    files = wanted(info, ignore)
    missing = [entry for entry in files if cache.lacks(commit, entry)]
    total = sum(size_of(entry) or 0 for entry in missing)
    say(f"{model}@{revision} is commit {commit}: {len(missing)} of {len(files)} files to fetch, {total / 1e9:.2f} GB")
    if missing:
        cache.root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(cache.root).free
        if total > free:
            raise Hopeless(
                f"{total / 1e9:.1f} GB do not fit into the {free / 1e9:.1f} GB that are free. Give the cache a larger "
                "volume."
            )
    progress = Progress(model, total)

    def one(entry: Json) -> None:
        name = str(entry["rfilename"])
        path = cache.place(commit, name)
        part = cache.root / "incomplete" / commit / name.replace("/", "--")
        part.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)

        hub.fetch(model, commit, entry, part)
        part.replace(path)
        progress.add(size_of(entry) or 0)

    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        for done in [pool.submit(one, entry) for entry in missing]:
            done.result()
    shutil.rmtree(cache.root / "incomplete" / commit, ignore_errors=True)
    for reference in {revision, "main"} - {commit}:
        cache.point(reference, commit)
    return commit


def main(environment: t.Mapping[str, str] | None = None) -> int:
    """Fetch everything that MODELS names."""
    environ = os.environ if environment is None else environment
    home = pathlib.Path(environ["HF_HOME"])
    hub = Hub(
        environ.get("HF_ENDPOINT") or "https://huggingface.co",
        environ.get("HF_TOKEN", ""),
        int(environ.get("ATTEMPTS") or 8),
    )
    ignore = json.loads(environ.get("IGNORE") or "[]")
    for entry in json.loads(environ["MODELS"]):
        model, revision = str(entry["id"]), str(entry.get("revision") or "main")
        try:
            commit = fetch_model(hub, home, model, revision, ignore, int(environ.get("PARALLEL") or 4))
        except Hopeless as error:
            say(f"Failed to fetch {model}@{revision}: {error}")
            return 2
        except Passing as error:
            say(f"Failed to fetch {model}@{revision}: {error}. It is tried again.")
            return 1
        say(f"{model}@{revision} is there as {commit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
