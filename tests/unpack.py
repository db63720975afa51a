"""unpack.py PACK DIR: the files of a payload (runtime/guest/pack.h) as a folder, as a guest has them."""
import os
import sys

pack, root = sys.argv[1:]
data = open(pack, "rb").read()
head, _, _ = data.partition(b"\n\n")
for line in head.split(b"\n")[1:]:
    target = None
    if line.startswith(b"link "):
        target, _, path = line[len(b"link "):].partition(b"\t")
    else:
        mode, size, offset, _, path = line.split(b" ", 4)
    path = os.fsencode(root) + path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if target is not None:
        os.symlink(target, path)
        continue
    with open(path, "wb") as out:
        out.write(data[int(offset):int(offset) + int(size)])
    os.chmod(path, int(mode, 8))
