//! Certificates for the tests' own servers.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// An authority of our own.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a server shows.
pub struct Shown {
    pub config: Arc<ServerConfig>,
    pub certificate: CertificateDer<'static>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
        Self { issuer: issuer.expect("an authority") }
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for `host` whose server lets in only who shows a certificate of this authority.
    pub fn certify_for_known(&self, host: &str) -> Shown {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("our own authority");
        let known = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let known = known.build().expect("a verifier");
        let key = KeyPair::generate().expect("a key");
        let certificate = params(host, false).signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        let secret = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(known)
            .with_single_cert(vec![certificate.clone()], secret)
            .expect("a certificate with its key");
        Shown { config: Arc::new(config), certificate }
    }

    /// A certificate for a client and its key, as PEM.
    pub fn certify_client(&self) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let certificate = params("alice", false).signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// A certificate for `host`, expired long ago if so wanted.
    pub fn certify(&self, host: &str, expired: bool) -> Shown {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(host, expired).signed_by(&key, &self.issuer).expect("a certificate");
        shown(certificate.der().clone(), &key)
    }
}

pub fn self_signed(host: &str) -> Shown {
    let key = KeyPair::generate().expect("a key");
    let certificate = params(host, false).self_signed(&key).expect("a certificate");
    shown(certificate.der().clone(), &key)
}

fn params(host: &str, expired: bool) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
    if expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    params
}

fn shown(certificate: CertificateDer<'static>, key: &KeyPair) -> Shown {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a certificate with its key");
    Shown { config: Arc::new(config), certificate }
}
