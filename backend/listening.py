"""TLS for whoever listens behind the proxy, with the installation's own certificate."""

import ssl

from backend.settings import Settings, SettingsError


def encrypted(configured: Settings) -> ssl.SSLContext | None:
    """How to listen; None where no certificate is set, which is plain http.

    Raises SettingsError where the files are no certificate with its key.
    """
    if configured.listen_certificate is None:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_3  # both ends are ours
    made.num_tickets = 0  # the proxy never comes back to a session
    try:
        # without a password a key that has one would be asked for on the terminal
        made.load_cert_chain(configured.listen_certificate, configured.listen_key, password="")
    except ssl.SSLError as error:
        raise SettingsError(
            "LISTEN_CERTIFICATE_FILE and LISTEN_KEY_FILE are no certificate with its key"
        ) from error
    return made
