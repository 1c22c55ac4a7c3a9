//! Certificates fetched over the network, for schemes that sign with them, and checked against the system's trusted
//! CAs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;

use crate::io::client::Client;
use crate::io::tls;
use crate::webhook::{Outcome, Secret, Target};

/// Largest certificate file read, in bytes, with the rest of its chain.
const LARGEST: usize = 64 << 10;

/// Most certificates of a chain.
const MOST: usize = 16;

/// Timeout for fetching a certificate, from the DNS lookup to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// Certificate with the intermediate certificates that may lead to a root.
#[derive(Debug)]
pub struct Chain {
    first: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
    text: String,
}

impl Chain {
    /// Fetches a certificate: over TLS only, without following redirects, and at most 64 KiB. The certificates of the
    /// TLS server itself are added as possible intermediates.
    pub async fn fetch(client: &Client, target: &Target) -> Result<Chain, String> {
        let fetched = tokio::time::timeout(PATIENCE, fetch(client, target)).await;
        let (pem, shown) = fetched.map_err(|_| format!("no response within {PATIENCE:?}"))??;
        Chain::read(&pem, shown)
    }

    fn read(pem: &[u8], shown: Vec<CertificateDer<'static>>) -> Result<Chain, String> {
        const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
        const END: &str = "-----END CERTIFICATE-----";
        let none = || String::from("it is no certificate in PEM");
        let text = std::str::from_utf8(pem).map_err(|_| none())?;
        let start = text.find(BEGIN).ok_or_else(none)?;
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find(END).ok_or_else(none)? + END.len();
        let mut all = CertificateDer::pem_slice_iter(pem).take(MOST);
        let first = all.next().and_then(Result::ok).ok_or_else(none)?;
        Ok(Chain {
            first,
            others: all.filter_map(Result::ok).chain(shown).take(MOST).collect(),
            text: format!("{}\n", rest.get(..end).unwrap_or_default()),
        })
    }

    /// Checks that the certificate was valid at the time `at` and issued by one of `issuers`, whatever its name.
    pub fn is_issued_by(&self, issuers: &Chain, at: Timestamp) -> Result<(), String> {
        let mut roots = RootCertStore::empty();
        let all = std::iter::once(&issuers.first).chain(&issuers.others);
        roots.add_parsable_certificates(all.cloned());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // A client verifier checks the issuer only, and no server name.
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| error.to_string())?;
        let checked = verifier.verify_client_cert(&self.first, &self.others, moment(at));
        checked.map(drop).map_err(|error| match error {
            rustls::Error::InvalidCertificate(error) => tls::fault(&error),
            error => error.to_string(),
        })
    }

    /// The certificate in PEM, as a verification key.
    pub fn secret(&self) -> Secret {
        Secret::new(self.text.as_str())
    }
}

async fn fetch(
    client: &Client,
    target: &Target,
) -> Result<(Bytes, Vec<CertificateDer<'static>>), String> {
    if !target.tls {
        return Err("it is not fetched without TLS".into());
    }
    let words = |error: hyper::Error| error.to_string();
    let wire = client.dial(target).await;
    let wire = wire.map_err(|outcome| match outcome {
        Outcome::Unreachable(why) | Outcome::Impossible(why) => why.to_string(),
        Outcome::TimedOut(_) | Outcome::Answered { .. } => "no connection".into(),
    })?;
    let shown = wire.certificates();
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await.map_err(words)?;
    let request = Request::get(target.path.as_str())
        .header(header::HOST, target.authority())
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(words)?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the response is {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), LARGEST).collect().await;
        let body =
            body.map_err(|_| format!("it is larger than {} KiB, or was cut", LARGEST >> 10))?;
        Ok((body.to_bytes(), shown))
    };
    // The connection is polled until there is a response, and not beyond.
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        done = &mut exchange => done,
        _ = connection => exchange.await,
    }
}

fn moment(at: Timestamp) -> UnixTime {
    let second = u64::try_from(at.as_second()).unwrap_or(0);
    UnixTime::since_unix_epoch(Duration::from_secs(second))
}

/// CAs that this system trusts.
pub struct Trust(Arc<dyn ServerCertVerifier>);

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

impl Trust {
    /// Loads the system's trusted CAs, or Mozilla's if there are none.
    pub fn of_system() -> Result<Trust, String> {
        let verifier = tls::system().map_err(|error| format!("TLS: {error}"))?;
        Ok(Trust(verifier))
    }

    /// Checks that a certificate was valid at the time `at`, for one of `names`, and issued by a trusted CA.
    pub fn check(&self, chain: &Chain, names: &[String], at: Timestamp) -> Result<(), String> {
        let at = moment(at);
        let mut why = String::from("it is for no name");
        for name in names {
            let name = ServerName::try_from(name.clone())
                .map_err(|_| format!("`{name}` is no name for a certificate"))?;
            let checked = self
                .0
                .verify_server_cert(&chain.first, &chain.others, &name, &[], at);
            match checked {
                Ok(_) => return Ok(()),
                Err(rustls::Error::InvalidCertificate(error)) => {
                    why = format!("it {}", tls::fault(&error))
                }
                Err(error) => why = error.to_string(),
            }
        }
        Err(why)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::client::WebPkiServerVerifier;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{RootCertStore, ServerConfig};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::{Chain, LARGEST, Trust};
    use crate::io::client::{Client, Settings};
    use crate::webhook::{KeyForm, Target};

    type Issuer = CertifiedIssuer<'static, KeyPair>;

    fn authority(by: Option<&Issuer>) -> Issuer {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        // CAs of one name would be confused with each other.
        let name = format!("{:?}", key.public_key_raw());
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        match by {
            None => CertifiedIssuer::self_signed(params, key).unwrap(),
            Some(by) => CertifiedIssuer::signed_by(params, key, by).unwrap(),
        }
    }

    fn leaf(name: &str, by: &Issuer) -> (String, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, by).unwrap().pem(), key)
    }

    fn trust(root: &Issuer) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        Trust(verifier.build().unwrap())
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_without_a_san_is_said_to_have_none_with_the_line_that_makes_one() {
        let root = authority(None);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let name = rcgen::DnType::CommonName;
        params.distinguished_name.push(name, "sns.amazonaws.com");
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &root).unwrap().pem();
        let chain = Chain::read(pem.as_bytes(), Vec::new()).unwrap();
        let now = moment("2026-06-01T00:00:00Z");
        for (host, addition) in [
            (
                "sns.amazonaws.com",
                "-addext subjectAltName=DNS:sns.amazonaws.com ",
            ),
            ("127.0.0.1", "-addext subjectAltName=IP:127.0.0.1 "),
        ] {
            let why = trust(&root).check(&chain, &[host.to_owned()], now);
            let why = why.unwrap_err();
            assert!(why.contains("no subject alternative name"), "{why}");
            assert!(why.contains(addition), "{why}");
        }
    }

    #[test]
    fn a_certificate_is_trusted_for_its_names_in_its_time_and_by_who_signed_it() {
        let root = authority(None);
        let (pem, _) = leaf("sns.amazonaws.com", &root);
        let chain = Chain::read(pem.as_bytes(), Vec::new()).unwrap();
        let names = ["sns.eu-central-1.amazonaws.com", "sns.amazonaws.com"].map(str::to_owned);
        let now = moment("2026-06-01T00:00:00Z");
        let check = |trust: &Trust, names: &[String], at| trust.check(&chain, names, at);
        assert_eq!(check(&trust(&root), &names, now), Ok(()));
        for (trust, names, at, why) in [
            (trust(&root), &names[..1], now, "another name"),
            (trust(&root), &names[..0], now, "no name"),
            (
                trust(&authority(None)),
                &names[..],
                now,
                "not signed by a trusted CA",
            ),
            (
                trust(&root),
                &names[..],
                moment("2027-01-02T00:00:00Z"),
                "expired",
            ),
            (
                trust(&root),
                &names[..],
                moment("2025-12-31T00:00:00Z"),
                "not valid yet",
            ),
            (
                trust(&root),
                &names[..],
                moment("1969-12-31T00:00:00Z"),
                "not valid yet",
            ),
        ] {
            let said = check(&trust, names, at).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_link_to_the_root_may_come_with_it_or_with_the_server() {
        let root = authority(None);
        let between = authority(Some(&root));
        let (pem, _) = leaf("sns.amazonaws.com", &between);
        let names = ["sns.amazonaws.com".to_owned()];
        let now = moment("2026-06-01T00:00:00Z");
        let with = format!("{pem}{}", between.pem());
        for (pem, shown, holds) in [
            (&with, Vec::new(), true),
            (&pem, vec![between.der().clone()], true),
            (&pem, Vec::new(), false),
        ] {
            let chain = Chain::read(pem.as_bytes(), shown).unwrap();
            assert_eq!(trust(&root).check(&chain, &names, now).is_ok(), holds);
        }
        for none in [
            "",
            "x",
            "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
        ] {
            assert!(Chain::read(none.as_bytes(), Vec::new()).is_err(), "{none}");
        }
    }

    #[test]
    fn a_certificate_is_issued_by_an_authority_and_not_by_itself() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/scaleway.json");
        let vectors: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let read = |name: &str| {
            let pem = vectors["secrets"][name].as_str().unwrap();
            Chain::read(pem.as_bytes(), Vec::new()).unwrap()
        };
        let issuers = read("chain");
        let now = moment("2026-09-21T14:13:20Z");
        for good in ["main", "rotated"] {
            assert_eq!(read(good).is_issued_by(&issuers, now), Ok(()), "{good}");
        }
        let said = read("rogue").is_issued_by(&issuers, now).unwrap_err();
        assert!(said.contains("is not signed by a trusted CA"), "{said}");
        let late = moment("2060-01-01T00:00:00Z");
        let said = read("main").is_issued_by(&issuers, late).unwrap_err();
        assert!(said.contains("expired"), "{said}");
    }

    #[test]
    fn a_key_is_made_of_the_certificate_alone() {
        let pem = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/ses/test-certificate.pem"
        ));
        let whole = format!(
            "{}{pem}",
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/fixtures/ses/test-key.pem"
            ))
        );
        let chain = Chain::read(whole.as_bytes(), Vec::new()).unwrap();
        assert!(!chain.secret().reveal().contains("PRIVATE"));
        assert!(KeyForm::Rsa.key(&chain.secret()).is_some());
    }

    /// Result of fetching from a server that sends this response.
    async fn answered(answer: Vec<u8>) -> Result<Chain, String> {
        let root = authority(None);
        let (pem, key) = leaf("localhost", &root);
        let chain = Chain::read(pem.as_bytes(), Vec::new()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![chain.first],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let mut tls = acceptor.accept(tcp).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(tls.read_u8().await.unwrap());
            }
            assert!(head.starts_with(b"GET /a.pem HTTP/1.1\r\n"));
            // The client may have closed the connection after reading enough.
            let _ = tls.write_all(&answer).await;
            let _ = tls.shutdown().await;
        };
        let client = Client::new(Settings {
            insecure: true,
            ..Settings::default()
        });
        let target = Target::parse(&format!("https://localhost:{port}/a.pem")).unwrap();
        let (_, fetched) = tokio::join!(serve, Chain::fetch(&client, &target));
        fetched
    }

    #[tokio::test]
    async fn what_is_fetched_is_an_answer_of_200_and_of_64_kib_at_most() {
        let (pem, _) = leaf("sns.amazonaws.com", &authority(None));
        let with = |status: &str, body: &[u8]| {
            let head = format!(
                "HTTP/1.1 {status}\r\nlocation: https://localhost/b.pem\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            [head.as_bytes(), body].concat()
        };
        assert!(answered(with("200 OK", pem.as_bytes())).await.is_ok());
        let long = [pem.as_bytes(), &vec![b'\n'; LARGEST]].concat();
        for (answer, why) in [
            (
                with("302 Found", pem.as_bytes()),
                "the response is 302 Found",
            ),
            (with("404 Not Found", b""), "the response is 404 Not Found"),
            (with("200 OK", b"hello"), "no certificate"),
            (with("200 OK", &long), "larger than 64 KiB"),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".to_vec(),
                "was cut",
            ),
            (b"nonsense".to_vec(), ""),
        ] {
            let said = answered(answer).await.unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        let plain = Target::parse("http://localhost:1/a.pem").unwrap();
        let client = Client::new(Settings::default());
        let said = Chain::fetch(&client, &plain).await.unwrap_err();
        assert!(said.contains("without TLS"));
    }
}
