"""A client of VNC, as far as the tests need one: it logs in and takes a picture."""

import socket
import struct

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

VNC_AUTHENTICATION = 2
RAW = 0


def received(connection, size):
    """Receive that many bytes."""
    data = b''
    while len(data) < size:
        piece = connection.recv(size - len(data))
        assert piece, 'the server has closed the connection'
        data += piece
    return data


def answer(challenge, password):
    """Encrypt a challenge by DES with the first eight letters of a password, each byte's bits the other way round."""
    key = bytes(int(f'{byte:08b}'[::-1], 2) for byte in password.encode()[:8].ljust(8, b'\0'))
    encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()
    return encryptor.update(challenge) + encryptor.finalize()


def greeted(host, port):
    """Connect, and give the connection and the ways to log in that the server offers."""
    connection = socket.create_connection((host, port), timeout=30)
    assert received(connection, 12).startswith(b'RFB 003.00')
    connection.sendall(b'RFB 003.008\n')
    [count] = received(connection, 1)
    return connection, list(received(connection, count))


def logged_in(host, port, password):
    """Log in and give the connection, or None if the password is refused."""
    connection, _ = greeted(host, port)
    connection.sendall(bytes([VNC_AUTHENTICATION]))
    connection.sendall(answer(received(connection, 16), password))
    [result] = struct.unpack('>I', received(connection, 4))
    if result == 0:
        return connection
    connection.close()
    return None


def picture(connection):
    """Give the screen: width, height and the pixels, four bytes each."""
    connection.sendall(b'\x01')  # others may stay
    width, height = struct.unpack('>HH', received(connection, 4))
    received(connection, 16)
    received(connection, *struct.unpack('>I', received(connection, 4)))
    connection.sendall(struct.pack('>BxxxBBBBHHHBBBxxx', 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))
    connection.sendall(struct.pack('>BxHi', 2, 1, RAW))
    connection.sendall(struct.pack('>BBHHHH', 3, 0, 0, 0, width, height))
    screen = bytearray(4 * width * height)
    missing = width * height
    while missing > 0:
        missing -= update(connection, screen, width)
    return width, height, bytes(screen)


def update(connection, screen, width):
    """Take one message of the server's and give how many pixels it has brought."""
    [kind] = received(connection, 1)
    if kind != 0:
        skip(connection, kind)
        return 0
    [rectangles] = struct.unpack('>xH', received(connection, 3))
    return sum(rectangle(connection, screen, width) for _ in range(rectangles))


def skip(connection, kind):
    """Pass over a bell or the server's clipboard."""
    assert kind in (2, 3), f'message {kind}'
    if kind == 3:
        received(connection, struct.unpack('>xxxI', received(connection, 7))[0])


def rectangle(connection, screen, full):
    """Take one part of the screen and give its size."""
    left, top, width, height, encoding = struct.unpack('>HHHHi', received(connection, 12))
    assert encoding == RAW
    for row in range(top, top + height):
        at = 4 * (row * full + left)
        screen[at : at + 4 * width] = received(connection, 4 * width)
    return width * height
