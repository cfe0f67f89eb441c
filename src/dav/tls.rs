//! TLS: whom we trust, and why a certificate was not accepted, in plain words.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;
use sha2::{Digest as _, Sha256};

use super::digest::hex;
use super::error::{Error, ErrorKind};
use super::options::Tls;

/// The TLS configuration that the options ask for; reads the files that they name.
pub(super) fn config(options: &Tls) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let fingerprint = options.fingerprint.as_deref().map(read_fingerprint).transpose()?;
    if !options.verify && fingerprint.is_none() {
        return Err(usage("verify=false needs a fingerprint"));
    }
    let authorities = if options.verify { authorities(options, &provider)? } else { Authorities::NotAsked };
    let verifier = Checked { authorities, fingerprint, provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| usage("TLS can't be set up").caused_by(error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match (&options.client_cert, &options.client_key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(cert), Some(key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("client_key", key, error))?;
            let chain = certificates("client_cert", cert)?;
            let refused = |error| usage("client_cert and client_key can't be used").caused_by(error);
            builder.with_client_auth_cert(chain, key).map_err(refused)?
        }
        _ => return Err(usage("client_cert and client_key go together")),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Why a handshake failed, if `error` or a cause of it says that, as a sentence.
pub(super) fn reason(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(sentence(tls));
        }
        // What an I/O error carries is not among its causes.
        let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = carried.map(|carried| carried as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}

fn sentence(error: &rustls::Error) -> String {
    match error {
        rustls::Error::Other(OtherError(inner)) if inner.is::<Rejected>() => inner.to_string(),
        rustls::Error::AlertReceived(alert) => format!("the server broke off the TLS handshake ({alert:?})"),
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS on this port".to_owned(),
        other => format!("the TLS handshake failed ({other})"),
    }
}

fn authorities(options: &Tls, provider: &Arc<CryptoProvider>) -> Result<Authorities, Error> {
    let extra = match &options.ca_file {
        Some(file) => certificates("ca_file", file)?,
        None => Vec::new(),
    };
    match Verifier::new_with_extra_roots(extra, Arc::clone(provider)) {
        Ok(verifier) => Ok(Authorities::Asked(verifier)),
        Err(error) if options.ca_file.is_some() => Err(usage("ca_file can't be used").caused_by(error)),
        // A machine without any authorities can still speak plain http.
        Err(_) => Ok(Authorities::NoneInstalled),
    }
}

fn certificates(option: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(option, file, error))?;
    let found = read.collect::<Result<Vec<_>, _>>().map_err(|error| unreadable(option, file, error))?;
    if found.is_empty() {
        return Err(usage(&format!("{option}: there is no certificate in {}", file.display())));
    }
    Ok(found)
}

fn unreadable(option: &str, file: &Path, error: rustls::pki_types::pem::Error) -> Error {
    usage(&format!("{option}: can't read {}", file.display())).caused_by(error)
}

fn read_fingerprint(text: &str) -> Result<[u8; 32], Error> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let bad = || usage("fingerprint: a SHA-256 has 64 hexadecimal digits");
    let mut fingerprint = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(bad());
    }
    for (at, byte) in fingerprint.iter_mut().enumerate() {
        let pair = digits.get(at * 2..at * 2 + 2).ok_or_else(bad)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
    }
    Ok(fingerprint)
}

fn usage(what: &str) -> Error {
    Error::new(ErrorKind::Usage, what)
}

/// Asks the authorities, then compares the fingerprint, as far as each is wanted.
#[derive(Debug)]
struct Checked {
    authorities: Authorities,
    fingerprint: Option<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Authorities {
    Asked(Verifier),
    NotAsked,
    NoneInstalled,
}

/// Why a certificate was not accepted, as a sentence.
#[derive(Debug)]
struct Rejected(String);

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Rejected {}

impl Rejected {
    fn tls(why: String) -> rustls::Error {
        rustls::Error::Other(OtherError(Arc::new(Self(why))))
    }

    fn by_authorities(error: &rustls::Error, host: &ServerName<'_>, fingerprint: &str) -> rustls::Error {
        let why = match error {
            rustls::Error::InvalidCertificate(error) => match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "is not valid yet".to_owned()
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    format!("is for another host, not {}", host.to_str())
                }
                CertificateError::UnknownIssuer => "is self-signed or from an unknown authority".to_owned(),
                CertificateError::Revoked => "is revoked".to_owned(),
                // What is left of a self-signed one that calls itself an authority.
                CertificateError::Other(error) if error.to_string().contains("CaUsedAsEndEntity") => {
                    "is self-signed".to_owned()
                }
                other => format!("can't be accepted ({other})"),
            },
            other => format!("can't be accepted ({other})"),
        };
        Self::tls(format!("the server's certificate {why} (its SHA-256 is {fingerprint})"))
    }
}

impl ServerCertVerifier for Checked {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let actual = Sha256::digest(end_entity);
        let shown = hex(&actual);
        if self.fingerprint.is_some_and(|wanted| wanted.as_slice() != actual.as_slice()) {
            let why = format!("the server's certificate is not the pinned one (its SHA-256 is {shown})");
            return Err(Rejected::tls(why));
        }
        match &self.authorities {
            Authorities::Asked(authorities) => authorities
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map_err(|error| Rejected::by_authorities(&error, server_name, &shown)),
            Authorities::NotAsked => Ok(ServerCertVerified::assertion()),
            Authorities::NoneInstalled => {
                let why = "no certificate can be checked: this machine has no certificate authorities installed";
                Err(Rejected::tls(why.to_owned()))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_with_and_without_colons() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(read_fingerprint(&plain).unwrap(), [0xab; 32]);
        assert_eq!(read_fingerprint(&colons).unwrap(), [0xab; 32]);
        let error = read_fingerprint("abcd").unwrap_err();
        assert_eq!(error.to_string(), "fingerprint: a SHA-256 has 64 hexadecimal digits");
    }

    #[test]
    fn not_verifying_needs_a_fingerprint_and_files_are_named() {
        let blind = Tls { verify: false, ..Tls::default() };
        assert_eq!(config(&blind).unwrap_err().to_string(), "verify=false needs a fingerprint");
        let missing = Tls { ca_file: Some("/no/such.pem".into()), ..Tls::default() };
        assert_eq!(config(&missing).unwrap_err().to_string(), "ca_file: can't read /no/such.pem");
        let half = Tls { client_cert: Some("/x.pem".into()), ..Tls::default() };
        assert_eq!(config(&half).unwrap_err().to_string(), "client_cert and client_key go together");
    }
}
