#!/usr/bin/env python3
"""PyTorch on the CPU as a peer: see protocol.mjs for what it reads and answers.

`--threads` is what torch.set_num_threads gets, `--blas-threads` how many OpenBLAS may use: it does not ask PyTorch.
Needs Debian's python3-torch, and libopenblas0-pthread for a fair matmul.
"""
import json
import os
import sys
import time


def option(name):
    """The number after an option."""
    return int(sys.argv[sys.argv.index(name) + 1])


THREADS, BLAS_THREADS = option('--threads'), option('--blas-threads')
# OpenBLAS reads its settings when it is loaded. The other two make it slower than what it finds by itself.
os.environ['OPENBLAS_NUM_THREADS'] = str(BLAS_THREADS)
for setting in ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'):
    os.environ.pop(setting, None)

import torch
import torch.nn as nn
import torch.nn.functional as F

WARM_UP_RUNS, WARM_UP_SECONDS, SLOW_SECONDS = 20, 0.5, 2.0


class RowLSTM(nn.Module):
    """[N, 28, 28] -> LSTM 128 -> dense 10."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(28, 128, batch_first=True)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class ConvLSTM(nn.Module):
    """conv 16 3x3 same, relu, pool 2, conv 32 3x3 same, relu, pool 2, rows -> LSTM 128, dense 10."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.lstm = nn.LSTM(7 * 32, 128, batch_first=True)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        z = F.max_pool2d(F.relu(self.conv2(F.max_pool2d(F.relu(self.conv1(x)), 2))), 2)
        return self.head(self.lstm(z.permute(0, 2, 3, 1).reshape(len(x), 7, -1))[0][:, -1])


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Linear(128, 10),
    )


def training(model, x, y):
    optimizer = torch.optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def prediction(model, x):
    def step():
        with torch.no_grad():
            model(x)

    return step


def matmul():
    a, b = torch.randn(512, 512), torch.randn(512, 512)
    return lambda: a @ b


def sigmoid():
    v = torch.randn(1_000_000)
    return lambda: torch.sigmoid(v)


def tiny_mlp():
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    return training(model, torch.randn(4, 2), torch.randint(0, 2, (4,)))


def images():
    return torch.randn(64, 1, 28, 28)


def classes(count):
    return torch.randint(0, 10, (count,))


WORK = {
    'matmul-512': matmul,
    'sigmoid-1M': sigmoid,
    'lstm-train-b128-t28-h128': lambda: training(RowLSTM(), torch.randn(128, 28, 28), classes(128)),
    'lstm-predict-b128-t28-h128': lambda: prediction(RowLSTM(), torch.randn(128, 28, 28)),
    'cnn-train-b64': lambda: training(cnn(), images(), classes(64)),
    'cnn-predict-b64': lambda: prediction(cnn(), images()),
    'conv-lstm-train-b64': lambda: training(ConvLSTM(), images(), classes(64)),
    'tiny-mlp-train-b4': tiny_mlp,
}


def timed(step):
    """Milliseconds of one run."""
    start = time.perf_counter()
    step()
    return (time.perf_counter() - start) * 1e3


def run(name, samples, ready):
    if name not in WORK:
        return {'cannot': 'not offered'}
    times = []
    if name not in ready:
        step = WORK[name]()
        first = timed(step)
        if first > SLOW_SECONDS * 1e3:
            times.append(first)
        else:
            end = time.perf_counter() + WARM_UP_SECONDS
            for _ in range(WARM_UP_RUNS - 1):
                if time.perf_counter() > end:
                    break
                step()
        ready[name] = step
    while len(times) < samples:
        times.append(timed(ready[name]))
    return {'times': times}


def answer(value):
    print(json.dumps(value), flush=True)


def main():
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    device = 'cpu' if THREADS == BLAS_THREADS else 'cpu, threads in BLAS only'
    about = {
        'library': 'pytorch',
        'version': torch.__version__,
        'device': device,
        'threads': max(THREADS, BLAS_THREADS),
    }
    answer({'ready': about})
    ready = {}
    for line in sys.stdin:
        _, name, samples = line.split()
        try:
            answer({'name': name, **run(name, int(samples), ready)})
        except Exception as error:
            answer({'name': name, 'cannot': str(error).split('\n')[0]})


if __name__ == '__main__':
    main()
