"""Downloads from a server on this machine: whole, interrupted, damaged, stalled. A small C++ program does the work."""

import contextlib
import hashlib
import http.server
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import pytest

BUILD = pathlib.Path(importlib.util.find_spec("rushlight").origin).parents[2]
PROGRAM = BUILD / "rushlight_download"
CONTENT = bytes(i * i % 251 for i in range(300_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()

pytestmark = [
    pytest.mark.skipif(not PROGRAM.exists(), reason=f"there is no {PROGRAM}: the C++ tests are not built"),
    pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here"),
]


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT with ranges. `cut`: how many bytes an answer has before the connection breaks, answer by answer."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges = True
        self.cut = []
        self.stall = False
        self.starts = []  # where each answer began

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/data.bin"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/data.bin":
            return self.send_error(404)
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(found[1]) if found and self.server.ranges else 0
        if start >= len(CONTENT):
            return self.send_error(416)
        self.server.starts.append(start)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        count = self.server.cut.pop(0) if self.server.cut else len(CONTENT)
        with contextlib.suppress(OSError):
            self.wfile.write(CONTENT[start : start + count])
            self.wfile.flush()
            if self.server.stall:
                time.sleep(30)
        self.close_connection = True


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


# Where Python runs under a sanitizer that is loaded before it, curl waits forever; the program has its own.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}


def download(url, path, sha256=SHA256, *more, **environment):
    command = [PROGRAM, url, path, sha256, *map(str, more)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**ENVIRONMENT, **environment})


def test_a_file_arrives_whole(server, tmp_path):
    path = tmp_path / "deep" / "folder" / "data.bin"
    result = download(server.url, path, SHA256, len(CONTENT))
    assert result.returncode == 0, result.stderr
    assert path.read_bytes() == CONTENT
    assert "data.bin" in result.stderr  # progress
    assert os.listdir(path.parent) == ["data.bin"]
    assert download(server.url, path).returncode == 0
    assert server.starts == [0]  # what is there is not asked for again


def test_broken_connections_are_mended_in_one_call(server, tmp_path):
    server.cut = [100_000, 50_000]
    result = download(server.url, tmp_path / "data.bin", SHA256, len(CONTENT))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert server.starts == [0, 100_000, 150_000]


def test_a_later_call_goes_on(server, tmp_path):
    server.cut = [100_000, 0]
    first = download(server.url, tmp_path / "data.bin")
    assert first.returncode == 1
    assert "goes on from there" in first.stderr
    assert os.listdir(tmp_path) == ["data.bin.part"]
    assert (tmp_path / "data.bin.part").read_bytes() == CONTENT[:100_000]
    assert download(server.url, tmp_path / "data.bin").returncode == 0
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert server.starts[-1] == 100_000


def test_what_was_there_before_is_not_in_the_rate(server, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:-1000])
    began = time.monotonic()
    result = download(server.url, tmp_path / "data.bin", SHA256, len(CONTENT))
    most = len(CONTENT) / (time.monotonic() - began)  # had the whole file come, it would have been faster
    assert float(re.search(r"300000/300000 \(100%\), ([\d.]+)/s", result.stderr)[1]) < most


def test_a_killed_program_leaves_a_part_to_go_on_from(server, tmp_path):
    server.cut, server.stall = [120_000], True
    part = tmp_path / "data.bin.part"
    process = subprocess.Popen([PROGRAM, server.url, tmp_path / "data.bin", SHA256], stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size >= 100_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert part.exists() and not (tmp_path / "data.bin").exists()
    server.stall = False
    assert download(server.url, tmp_path / "data.bin").returncode == 0
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert server.starts[-1] >= 100_000


def test_a_wrong_checksum_is_refused(server, tmp_path):
    result = download(server.url, tmp_path / "data.bin", "0" * 64)
    assert result.returncode == 1
    assert SHA256 in result.stderr and "0" * 64 in result.stderr
    assert os.listdir(tmp_path) == []


def test_a_damaged_part_is_thrown_away(server, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"damaged")
    assert download(server.url, tmp_path / "data.bin").returncode == 0
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert server.starts == [7, 0]


def test_a_damaged_file_is_replaced(server, tmp_path):
    (tmp_path / "data.bin").write_bytes(b"damaged")
    assert download(server.url, tmp_path / "data.bin").returncode == 0
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_is_long_enough(server, tmp_path, size):
    (tmp_path / "data.bin.part").write_bytes((CONTENT + b"extra")[:size])
    assert download(server.url, tmp_path / "data.bin", SHA256, len(CONTENT)).returncode == 0
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert server.starts == ([] if size == len(CONTENT) else [0])


@pytest.mark.parametrize("ranges", [True, False])
def test_a_server_that_cannot_go_on(server, tmp_path, ranges):
    """A part longer than the file (416), and a server without ranges: both begin anew."""
    server.ranges = ranges
    (tmp_path / "data.bin.part").write_bytes(CONTENT + b"x" if ranges else CONTENT[:1000])
    assert download(server.url, tmp_path / "data.bin").returncode == 0
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_more_than_was_said_is_given_up(server, tmp_path):
    result = download(server.url, tmp_path / "data.bin", SHA256, 1000)
    assert result.returncode == 1
    assert "more than the 1000 bytes" in result.stderr or "is not the file" in result.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_a_stalled_server_is_left(server, tmp_path):
    server.cut, server.stall = [1000, 0, 0], True
    start = time.monotonic()
    result = download(server.url, tmp_path / "data.bin", SHA256, len(CONTENT), 1)
    assert result.returncode == 1
    assert time.monotonic() - start < 30


def test_errors_say_what_is_wrong(server, tmp_path):
    path = tmp_path / "data.bin"
    assert "404" in download(server.url + "_", path).stderr
    assert "http://" in download("file:///etc/passwd", path).stderr
    assert "http://" in download("--version", path).stderr
    assert "64 digits" in download(server.url, path, "abc").stderr
    assert "curl is not installed" in download(server.url, path, PATH=str(tmp_path)).stderr
    (tmp_path / "folder").write_text("a file")
    assert "folder" in download(server.url, tmp_path / "folder" / "data.bin").stderr
    server.shutdown()
    server.server_close()
    assert "could not be had" in download(server.url, path).stderr
    assert sorted(os.listdir(tmp_path)) == ["folder"]
