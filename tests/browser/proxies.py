"""A proxy with TLS in front of the console, as an operator sets one up: nginx or Caddy."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

HOST: Final = "console.test"
_START_WITHIN_S: Final = 15.0
#: The examples that docs/operations.md shows; only names, ports and folders are put in their place.
_DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
_NGINX_AROUND: Final = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/site.conf;
}}
"""
_CADDY_AROUND: Final = """
{{
  admin off
  auto_https disable_redirects
  default_bind 127.0.0.1
}}
import {folder}/site.conf
"""
#: How each is started, and the file it is told by.
PROXIES: Final = {
    "nginx": (_NGINX_AROUND, "nginx.conf", ("-c", "{file}")),
    "caddy": (_CADDY_AROUND, "Caddyfile", ("run", "--adapter", "caddyfile", "--config", "{file}")),
}


def _certificate(folder: Path) -> None:
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    named = f"-subj /CN={HOST} -addext subjectAltName=DNS:{HOST} -keyout key.pem -out cert.pem"
    subprocess.run(
        ["openssl", *made.split(), *named.split()],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def _site(example: Path, folder: Path, port: int, tls_port: int) -> str:
    """The example with this test's names in it; each of them must be there."""
    text = example.read_text(encoding="utf-8")
    public = "console.example.com"
    places = {
        "/etc/ssl/console": str(folder),
        "127.0.0.1:8501": f"127.0.0.1:{port}",
        "listen 443 ssl": f"listen 127.0.0.1:{tls_port} ssl",
        f"\nhttps://{public} {{": f"\nhttps://{HOST}:{tls_port} {{",
        public: HOST,
    }
    for old, new in places.items():
        text = text.replace(old, new)
    assert str(tls_port) in text
    assert f"127.0.0.1:{port}" in text
    return text


def found(name: str) -> str | None:
    """Where the proxy is, None where it or what makes its certificate is not on this machine."""
    return shutil.which(name) if shutil.which("openssl") else None


@contextmanager
def in_front_of(port: int, name: str, folder: Path, tls_port: int) -> Iterator[None]:
    """The proxy at work on ``tls_port``, with a certificate of its own making."""
    _certificate(folder)
    text, file, arguments = PROXIES[name]
    # Started by root it would give its rights up, and with them the way into the test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / file).write_text(text.format(folder=folder, user=user))
    (folder / "site.conf").write_text(_site(_DEPLOY / file, folder, port, tls_port))
    log = (folder / f"{name}.out").open("wb")
    process = subprocess.Popen(
        [name, *(part.format(file=folder / file) for part in arguments)],
        cwd=folder,
        env={"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        give_up_at = time.monotonic() + _START_WITHIN_S
        while not _listens(tls_port):
            said = (folder / f"{name}.out").read_text()
            assert process.poll() is None, said
            assert time.monotonic() < give_up_at, said
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
