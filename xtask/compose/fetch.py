"""Fetches one Debian package, checks it, and takes one file out of it.

    fetch.py SHA256 MEMBER TARGET URL...

Exit code 3: no URL has it. Anything else that is not 0: it came and is not what was asked for.
"""

import hashlib
import io
import lzma
import os
import sys
import tarfile
import urllib.request

BYTES_MAX = 64 * 1024 * 1024
WAIT_S = 60


def fetched(urls):
    for url in urls:
        try:
            with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
                return answer.read(BYTES_MAX)
        except OSError as error:
            print(f"{url}: {error}", file=sys.stderr)
    sys.exit(3)


def data_of(package):
    """The file `data.tar.xz` of an `ar` archive: a magic, then headers of 60 bytes and contents, each even."""
    at = 8
    while at < len(package):
        name = package[at : at + 16].decode().strip().rstrip("/")
        size = int(package[at + 48 : at + 58])
        if name == "data.tar.xz":
            return package[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    sys.exit("the package has no data.tar.xz")


def main():
    sha256, member, target, *urls = sys.argv[1:]
    package = fetched(urls)
    found = hashlib.sha256(package).hexdigest()
    if found != sha256:
        sys.exit(f"the package has the SHA-256 {found}, and not {sha256}")
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(data_of(package)))) as files:
        program = files.extractfile(member).read()
    with open(target, "wb") as file:
        file.write(program)
    os.chmod(target, 0o755)


main()
