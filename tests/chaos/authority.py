"""An authority for certificates, as companies have them."""

import ssl
import subprocess

EXTENSIONS = """\
basicConstraints=critical,CA:FALSE
subjectAltName=IP:{address}
keyUsage=critical,digitalSignature
authorityKeyIdentifier=keyid
extendedKeyUsage=serverAuth
"""


def openssl(*words):
    """Run OpenSSL."""
    subprocess.run(['openssl', *map(str, words)], check=True, capture_output=True, stdin=subprocess.DEVNULL)


class Authority:
    """A certificate of its own, one for an address that it vouches for, and what a server needs to show that."""

    def __init__(self, folder, address):
        """Make keys and certificates in a folder."""
        self.certificate = folder / 'authority.pem'
        names = ('authority.key', 'server.key', 'server.csr', 'server.ext', 'server.pem')
        own_key, key, request, extensions, certificate = (folder / name for name in names)
        ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
        usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']
        openssl('req', '-x509', *usage, *ec, '-keyout', own_key, '-out', self.certificate, '-subj', '/CN=company', '-days', 2)
        openssl('req', *ec, '-keyout', key, '-out', request, '-subj', f'/CN={address}')
        extensions.write_text(EXTENSIONS.format(address=address))
        signed = ['-CA', self.certificate, '-CAkey', own_key, '-extfile', extensions, '-days', 2]
        openssl('x509', '-req', '-in', request, '-out', certificate, *signed)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)

    @property
    def trusted(self):
        """Give the variables by which this authority is the only one that is trusted."""
        return {'SSL_CERT_FILE': self.certificate, 'SSL_CERT_DIR': None}
