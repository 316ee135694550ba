"""The gRPC backend: two phones, two living people, one contract."""

import os as _os

# The judge multiplies small matrices. OpenBLAS would share each of them among all cores, whose threads then spin while
# they wait for more: measured at saturation on two cores, 40 of 138 ms of this process's CPU per verification. It reads
# this once, when NumPy is loaded, which every room of the server does later than this line.
_os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
