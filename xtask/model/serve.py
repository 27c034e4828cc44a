"""Serves one GGUF file with llama.cpp on loopback: serve.py MODEL_DIR PORT."""

import pathlib
import sys
import time

import xllamacpp

weights = sorted(pathlib.Path(sys.argv[1]).glob("**/*.gguf"))
params = xllamacpp.CommonParams()
params.model.path = str(weights[0])
params.n_ctx = 8192  # for all slots together: 4096 tokens each
params.n_parallel = 2
params.sampling.penalty_repeat = 1.15  # else so small a model may never end
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[2])
server = xllamacpp.Server(params)
print(f"listening on {server.listening_address}", flush=True)
while True:
    time.sleep(3600)
