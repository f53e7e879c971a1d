#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Stands in for globes.fcgi where the supervisor is tested: answers every FastCGI request on fd 0 with its pid and
arguments, and ends at SIGTERM as its own default is."""

import os
import socket
import struct
import sys

STDIN, STDOUT, END = 5, 6, 3


def receive(connection, n):
    data = b""
    while len(data) < n:
        piece = connection.recv(n - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def answer(connection):
    while True:
        _, kind, _, length, padding, _ = struct.unpack(">BBHHBB", receive(connection, 8))
        receive(connection, length + padding)
        if kind == STDIN and length == 0:
            break
    text = f"Status: 200\r\nContent-Type: text/plain\r\n\r\n{os.getpid()} {' '.join(sys.argv[1:])}\n"
    connection.sendall(record(STDOUT, text.encode()) + record(STDOUT, b"") + record(END, bytes(8)))


listening = socket.socket(fileno=0)
while True:
    accepted, _ = listening.accept()
    with accepted:
        try:
            answer(accepted)
        except EOFError:
            pass
