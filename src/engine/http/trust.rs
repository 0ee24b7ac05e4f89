//! Trusted certificates: the system's or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, and those of `c3.toml`.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tempfile::NamedTempFile;

use super::HttpError;

const FILE: &str = "SSL_CERT_FILE";
const FOLDER: &str = "SSL_CERT_DIR";
/// The variable of pip.
pub const PIP: &str = "PIP_CERT";
const CURL: &str = "CURL_CA_BUNDLE";

/// The variables that name a file of certificates to trust: for OpenSSL and uv, pip, Requests, curl and R,
/// Amazon's clients.
pub const VARIABLES: [&str; 5] = [FILE, PIP, "REQUESTS_CA_BUNDLE", CURL, "AWS_CA_BUNDLE"];

/// Characters of a line in PEM.
const LINE: usize = 64;

/// Files of certificates trusted besides the system's.
static ADDED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Certificates in DER form.
type Certificates = BTreeSet<Vec<u8>>;

/// Adds a file of trusted certificates in PEM format for all requests of this program. It is read when
/// needed.
pub fn trust(path: &Path) {
    ADDED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
}

/// All trusted certificates in PEM format, if some aren't the system's: containers need to get them.
pub fn beyond_system() -> Result<Option<Vec<u8>>, HttpError> {
    if added().is_empty() && !replaces_system() {
        return Ok(None);
    }
    let certificates = trusted()?;
    let is_own = !certificates.is_subset(&of_system());
    Ok(is_own.then(|| pem(&certificates)))
}

/// A temporary file with all trusted certificates, for programs on this machine.
#[derive(Debug)]
pub struct Bundle {
    file: Option<NamedTempFile>,
    /// The variables that name it.
    names: Vec<&'static str>,
}

impl Bundle {
    /// Writes the file if `c3.toml` names certificates, for every program; it includes those named by
    /// variables of single programs. Programs find all other certificates themselves.
    pub fn for_programs() -> Result<Self, HttpError> {
        if added().is_empty() {
            Ok(Self { file: None, names: Vec::new() })
        } else {
            Self::write(VARIABLES.into())
        }
    }

    /// The same for package installers: pip and R use their own variables only.
    pub fn for_installers() -> Result<Self, HttpError> {
        let unset: Vec<_> = [PIP, CURL].into_iter().filter(|name| variable(name).is_none()).collect();
        if added().is_empty() && replaces_system() && !unset.is_empty() {
            return Self::write(unset);
        }
        Self::for_programs()
    }

    fn write(names: Vec<&'static str>) -> Result<Self, HttpError> {
        let mut certificates = trusted()?;
        let paths = VARIABLES.iter().filter_map(|name| variable(name));
        // Whoever is told a file that can't be read finds out; it may not even be started.
        let known = paths.filter_map(|path| read(Path::new(&path), "").ok());
        certificates.extend(known.flat_map(binary));
        let file = tempfile::Builder::new().prefix("c3-certificates-").suffix(".pem").tempfile();
        let written = file.and_then(|mut file| file.write_all(&pem(&certificates)).map(|()| file));
        let failed = |error: io::Error| HttpError::Certificates {
            path: env::temp_dir(),
            named_by: "the system",
            reason: error.to_string(),
        };
        Ok(Self { file: Some(written.map_err(failed)?), names })
    }

    /// The variables that name it.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.file.iter().flat_map(|file| self.names.iter().map(|name| (*name, file.path())))
    }
}

/// Whether variables replace the system's certificates.
fn replaces_system() -> bool {
    [FILE, FOLDER].iter().any(|name| variable(name).is_some())
}

fn added() -> BTreeSet<PathBuf> {
    ADDED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The TLS configuration with the trusted certificates.
pub(super) fn tls() -> Result<ClientConfig, HttpError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted()?.into_iter().map(CertificateDer::from));
    install_provider();
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// Installs the crypto provider of TLS.
pub(in crate::engine) fn install_provider() {
    // A provider that is installed already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn trusted() -> Result<Certificates, HttpError> {
    if let Some(path) = variable(FILE) {
        read(Path::new(&path), "`SSL_CERT_FILE`")?;
    }
    // What else can't be read doesn't keep the rest from being trusted: systems have many odd files.
    let mut certificates = binary(rustls_native_certs::load_native_certs().certs);
    for path in added() {
        certificates.extend(binary(read(&path, "`ca-certificates`")?));
    }
    Ok(certificates)
}

/// The system's certificates, whatever variables say.
fn of_system() -> Certificates {
    let folders = openssl_probe::candidate_cert_dirs();
    let read = |folder| rustls_native_certs::load_certs_from_paths(None, Some(folder)).certs;
    folders.flat_map(|folder| binary(read(folder))).collect()
}

fn binary(certificates: Vec<CertificateDer<'static>>) -> Certificates {
    certificates.into_iter().map(|certificate| certificate.to_vec()).collect()
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The certificates in a file, at least one.
fn read(path: &Path, named_by: &'static str) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let failed = |reason: String| HttpError::Certificates { path: path.to_owned(), named_by, reason };
    let text = fs::read(path).map_err(|error| failed(error.to_string()))?;
    let read = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let certificates = read.map_err(|error| failed(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    match roots.add_parsable_certificates(certificates.clone()) {
        (0, _) => Err(failed("there is no certificate in it".to_owned())),
        _ => Ok(certificates),
    }
}

fn pem(certificates: &Certificates) -> Vec<u8> {
    let mut text = String::new();
    for certificate in certificates {
        let encoded = STANDARD.encode(certificate);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for at in (0..encoded.len()).step_by(LINE) {
            text.push_str(&encoded[at..encoded.len().min(at + LINE)]);
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Fault;

    #[test]
    fn files_without_certificates_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pem");
        assert!(matches!(read(&path, "`x`"), Err(HttpError::Certificates { .. })));
        for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(&path, text).unwrap();
            let error = read(&path, "`x`").unwrap_err();
            assert!(error.to_string().contains("x.pem`, which `x` names"), "{error}");
            assert!(error.hint().unwrap().contains("PEM"));
        }
    }

    #[test]
    fn default_certificates_are_not_passed_to_programs() {
        assert_eq!(Bundle::for_programs().unwrap().variables().count(), 0);
    }

    #[test]
    fn certificates_round_trip() {
        let certificates = binary(rustls_native_certs::load_native_certs().certs);
        let text = pem(&certificates);
        let read = CertificateDer::pem_slice_iter(&text).map(Result::unwrap).collect();
        assert_eq!(binary(read), certificates);
    }
}
