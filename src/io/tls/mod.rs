//! TLS for the client and the server, on rustls.

pub mod certificate_fetch;
pub mod server_certificate;
pub mod trust;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, OtherError,
    RootCertStore, ServerConfig, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

const HTTP_2: &[u8] = b"h2";

/// TLS connector of the client.
#[derive(Clone)]
pub(crate) struct Tls(TlsConnector);

impl Tls {
    /// Creates a connector that trusts the system's CAs, or Mozilla's if there are none; with `insecure`, any
    /// certificate.
    pub(crate) fn new(insecure: bool) -> Result<Self, rustls::Error> {
        // Given explicitly: the default provider of a process depends on who installs it first.
        let provider = Arc::new(ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = if insecure {
            Arc::new(AcceptAnyCertificate(Arc::clone(&provider)))
        } else {
            trusted(&provider)?
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Performs the TLS handshake with a host of this name.
    pub(crate) async fn open(&self, host: &str, tcp: TcpStream) -> io::Result<Wire> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "no certificate can be for such a name",
            )
        })?;
        Ok(Wire::Tls(Box::new(self.0.connect(name, tcp).await?.into())))
    }
}

/// TLS acceptor of the server.
#[derive(Clone)]
pub struct Host(TlsAcceptor);

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}

impl Host {
    /// Creates an acceptor for a certificate chain and its key; it offers HTTP/1.1 and HTTP/2.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Performs the TLS handshake; the flag is true if the client chose HTTP/2.
    pub(crate) async fn greet(&self, tcp: TcpStream) -> io::Result<(Wire, bool)> {
        let stream = self.0.accept(tcp).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
        Ok((Wire::Tls(Box::new(stream.into())), is_http2))
    }
}

/// True if the certificate covers all of these host names and addresses.
pub(crate) fn is_for(certificate: &CertificateDer<'_>, names: &[String]) -> bool {
    ParsedCertificate::try_from(certificate).is_ok_and(|certificate| {
        names.iter().all(|name| {
            ServerName::try_from(name.as_str())
                .is_ok_and(|name| verify_server_name(&certificate, &name).is_ok())
        })
    })
}

/// Loads the verifier of the system's CAs, or Mozilla's if there are none.
pub(crate) fn system() -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    of_system(&Arc::new(ring::default_provider()))
}

fn trusted(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    Ok(Arc::new(AcceptTrustedLeaf(of_system(provider)?)))
}

fn of_system(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    if let Ok(system) = rustls_platform_verifier::Verifier::new(Arc::clone(provider)) {
        return Ok(Arc::new(system));
    }
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let mozilla =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(mozilla.map_err(|error| rustls::Error::General(error.to_string()))?)
}

/// Error message for a failed handshake of the server.
pub(crate) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => "it hung up".into(),
        _ => reason(error).unwrap_or_else(|| error.to_string()),
    }
}

/// Error message for a TLS failure; none if the error is of another kind.
pub(crate) fn reason(error: &io::Error) -> Option<String> {
    Some(match of_tls(error)? {
        rustls::Error::InvalidCertificate(why) => {
            format!("certificate {} (`--insecure` accepts it)", fault(why))
        }
        rustls::Error::InvalidMessage(_) => "TLS: the other side does not speak it".into(),
        rustls::Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown,
        ) => "TLS: the other side does not trust the certificate".into(),
        rustls::Error::NoApplicationProtocol
        | rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            HTTP_2_ALONE.into()
        }
        rustls::Error::AlertReceived(why) => {
            format!(
                "TLS: the other side ended it: {}",
                spaced(&format!("{why:?}"))
            )
        }
        rustls::Error::PeerIncompatible(why) => {
            format!(
                "TLS: the other side is incompatible: {}",
                spaced(&format!("{why:?}"))
            )
        }
        rustls::Error::PeerMisbehaved(why) => {
            format!(
                "TLS: the other side misbehaves: {}",
                spaced(&format!("{why:?}"))
            )
        }
        other => format!("TLS: {other}"),
    })
}

/// Error message for a server without HTTP/1.1.
pub(crate) const HTTP_2_ALONE: &str =
    "the server does not speak HTTP/1.1, only HTTP/2 perhaps, which is not supported";

fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// True if the peer's certificate was rejected.
pub(crate) fn is_certificate(error: &io::Error) -> bool {
    matches!(of_tls(error), Some(rustls::Error::InvalidCertificate(_)))
}

/// True if a retry would fail in the same way.
pub(crate) fn is_final(error: &io::Error) -> bool {
    use rustls::Error::{AlertReceived, NoApplicationProtocol};
    is_certificate(error)
        || matches!(
            of_tls(error),
            Some(NoApplicationProtocol | AlertReceived(AlertDescription::NoApplicationProtocol))
        )
}

/// Splits the name of a rustls error into words: `UnsupportedCertVersion` becomes "unsupported cert version".
fn spaced(name: &str) -> String {
    let name = name.split(['(', ' ', '{']).next().unwrap_or_default();
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// Problem of a certificate, as a predicate: "has expired".
pub(crate) fn fault(why: &CertificateError) -> String {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet".into()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } if presented.is_empty() => nameless(expected),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name".into()
        }
        // A bad signature means that another CA of the same name signed it.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => UNTRUSTED.into(),
        CertificateError::Revoked => "was revoked".into(),
        // A self-signed certificate from `openssl req -x509` is marked as a CA.
        CertificateError::Other(why) if is_own_ca(why) => UNTRUSTED.into(),
        CertificateError::Other(why) => {
            format!("cannot be used: {}", spaced(&format!("{:?}", why.0)))
        }
        other => format!("cannot be used: {}", spaced(&format!("{other:?}"))),
    }
}

/// Fault of a certificate that has no name to compare, and the command that makes one for this host.
fn nameless(expected: &ServerName) -> String {
    let host = expected.to_str();
    let sort = match expected {
        ServerName::IpAddress(_) => "IP",
        _ => "DNS",
    };
    format!(
        "has no subject alternative name (SAN), and its common name does not count: make one for this host with \
         `openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN={host} -addext subjectAltName={sort}:{host} \
         -keyout key.pem -out cert.pem`"
    )
}

const UNTRUSTED: &str = "is not signed by a trusted CA";

/// True if the only problem of a certificate is that it is marked as a CA.
fn is_own_ca(why: &OtherError) -> bool {
    format!("{:?}", why.0) == "CaUsedAsEndEntity"
}

/// Byte stream of a connection, with or without TLS.
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Address of the peer.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        let tcp = match self {
            Wire::Plain(tcp) => tcp,
            Wire::Tls(tls) => tls.get_ref().0,
        };
        tcp.peer_addr().ok()
    }

    /// Certificates that the peer sent.
    pub(crate) fn certificates(&self) -> Vec<CertificateDer<'static>> {
        let shown = match self {
            Wire::Plain(_) => None,
            Wire::Tls(tls) => tls.get_ref().1.peer_certificates(),
        };
        shown.unwrap_or_default().to_vec()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_read(cx, into),
            Wire::Tls(tls) => Pin::new(tls).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Wire::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Wire::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Wire::Plain(tcp) => tcp.is_write_vectored(),
            Wire::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

/// Verifier that also accepts a certificate which is itself in the trust store, without a CA: one made by `openssl req
/// -x509`, or one trusted directly.
#[derive(Debug)]
struct AcceptTrustedLeaf(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for AcceptTrustedLeaf {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self
            .0
            .verify_server_cert(end_entity, intermediates, name, ocsp, now);
        let Err(rustls::Error::InvalidCertificate(why)) = &verdict else {
            return verdict;
        };
        let unsigned = match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => true,
            CertificateError::Other(why) => is_own_ca(why),
            _ => false,
        };
        if !unsigned || !trust::holds(end_entity) {
            return verdict;
        }
        // Name and validity are still checked.
        trust::is_current(end_entity, now)?;
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Verifier that accepts any certificate (`--insecure`).
#[derive(Debug)]
struct AcceptAnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
