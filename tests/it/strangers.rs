//! Robustness of reading: any bytes yield a receipt and no panic, tested with damaged examples of each provider.

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use webhook_cli::providers;
use webhook_cli::providers::{Budget, Evidence, Keys, Overrides, Provider, Template};
use webhook_cli::webhook::{
    Delivery, Fixture, Headers, Keyring, Rng, Secret, SigningContext, Verdict, VerifyOptions,
};

fn judge() -> VerifyOptions {
    VerifyOptions {
        now: jiff::Timestamp::from_second(1_790_000_000).unwrap(),
        tolerance: None,
        public_url: Some("https://hooks.example.com/in".into()),
        topics: Vec::new(),
    }
}

thread_local! {
    // Made once: keys that nobody has signed with.
    static KEYS: Keys = {
        let text = "c29tZWJvZHkgZWxzZQ==";
        let takes = |provider: &&'static Provider| {
            let form = provider.schemes.first().map(|scheme| scheme.key);
            form.is_some_and(|form| form.key(&Secret::new(text)).is_some())
        };
        let secrets = providers::everyone().filter(takes);
        let secrets = secrets.map(|it| (Some(it.name.to_owned()), Secret::new(text)));
        Keys::new(&Keyring::new(secrets.collect()), None).unwrap()
    };
    static SIGNED: Vec<(&'static Provider, Delivery)> = signed();
}

/// A signed delivery of each provider's every kind, and one of each scheme.
fn signed() -> Vec<(&'static Provider, Delivery)> {
    let keys = Keys::new(&Keyring::default(), None).unwrap();
    let mut all = Vec::new();
    for provider in providers::everyone() {
        let mut rng = Rng::seeded(1);
        let events = provider.events.iter().filter(|row| !row.example.is_empty());
        let mut deliveries: Vec<Delivery> = events
            .map(|row| {
                let template = Template::new(provider, row, None).unwrap();
                template
                    .fill(&Overrides::default(), judge().now, &mut rng)
                    .0
            })
            .collect();
        if deliveries.is_empty() {
            let mut bare = Template::bare(provider).unchanged();
            bare.body = "a=1&b=2".into();
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            bare.headers.push(http::header::CONTENT_TYPE, kind);
            deliveries.push(bare);
        }
        for mut delivery in deliveries {
            let scheme = providers::signing_scheme(provider, &delivery);
            if let (Some(scheme), Some(key)) = (scheme, keys.test(provider)) {
                let seal = &mut SigningContext {
                    at: judge().now,
                    url: "https://hooks.example.com/in",
                    rng: &mut rng,
                };
                scheme.sign(&mut delivery, key, seal).unwrap();
            }
            all.push((provider, delivery));
        }
    }
    all
}

/// A way to damage a request.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte of the body, wherever that is.
    Byte(usize, u8),
    /// The body ends here.
    Cut(usize),
    /// These bytes stand there in the body.
    Insert(usize, Vec<u8>),
    /// A piece of the body stands there twice.
    Twice(usize, usize),
    /// The value of a header, whichever that is.
    Value(usize, Vec<u8>),
    /// A byte of a header's value.
    ValueByte(usize, usize, u8),
    /// A header is given twice.
    Repeat(usize),
    /// A header is gone.
    Remove(usize),
    /// One more header.
    Field(String, Vec<u8>),
    /// Another path.
    Path(String),
    /// Another method.
    Method(String),
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = || {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "[\\[\\]{}\":,;=. 0-9a-f\\\\+/-]{0,40}".prop_map(String::into_bytes),
            prop::sample::select(vec![
                &b""[..],
                b",",
                b"v1,",
                b"=",
                b"t=,v1=",
                b"sig1=(",
                b"\"",
                b"::",
                b"sha256=",
                b"\xff",
                b"[[[[[[[[",
                b"{\"a\":",
                b"1e999",
                b"-0",
                b"18446744073709551616",
                b"%%%",
                b"%00%ff",
                b"\\u0000",
                b"\\ud800",
            ])
            .prop_map(<[u8]>::to_vec),
        ]
    };
    let at = any::<usize>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        at().prop_map(Damage::Cut),
        (at(), bytes()).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (at(), at()).prop_map(|(at, size)| Damage::Twice(at, size)),
        (at(), bytes()).prop_map(|(at, bytes)| Damage::Value(at, bytes)),
        (at(), at(), any::<u8>()).prop_map(|(which, at, byte)| Damage::ValueByte(which, at, byte)),
        at().prop_map(Damage::Repeat),
        at().prop_map(Damage::Remove),
        ("[a-z-]{1,24}", bytes()).prop_map(|(name, bytes)| Damage::Field(name, bytes)),
        "/[!-~]{0,60}".prop_map(Damage::Path),
        "[A-Z]{1,9}".prop_map(Damage::Method),
    ]
}

impl Damage {
    fn befall(&self, delivery: &mut Delivery) {
        let mut body = delivery.body.to_vec();
        let mut fields: Vec<(HeaderName, HeaderValue)> = delivery.headers.iter().cloned().collect();
        let within = |at: usize, size: usize| if size == 0 { 0 } else { at % size };
        let which = |at: usize| within(at, fields.len());
        match self {
            Damage::Byte(at, byte) => {
                let at = within(*at, body.len());
                if let Some(old) = body.get_mut(at) {
                    *old = *byte;
                }
            }
            Damage::Cut(at) => body.truncate(within(*at, body.len())),
            Damage::Insert(at, bytes) => {
                let at = within(*at, body.len());
                body.splice(at..at, bytes.iter().copied());
            }
            Damage::Twice(at, size) => {
                let at = within(*at, body.len());
                let end = (at + within(*size, 200)).min(body.len());
                let piece = body[at..end].to_vec();
                body.splice(at..at, piece);
            }
            Damage::Value(at, bytes) => {
                let at = which(*at);
                if let (Some(field), Ok(value)) =
                    (fields.get_mut(at), HeaderValue::from_bytes(bytes))
                {
                    field.1 = value;
                }
            }
            Damage::ValueByte(field, at, byte) => {
                let field = which(*field);
                if let Some(field) = fields.get_mut(field) {
                    let mut value = field.1.as_bytes().to_vec();
                    let at = within(*at, value.len());
                    if let Some(old) = value.get_mut(at) {
                        *old = *byte;
                    }
                    if let Ok(value) = HeaderValue::from_bytes(&value) {
                        field.1 = value;
                    }
                }
            }
            Damage::Repeat(at) => fields.extend(fields.get(which(*at)).cloned()),
            Damage::Remove(at) => {
                let at = which(*at);
                if at < fields.len() {
                    fields.remove(at);
                }
            }
            Damage::Field(name, bytes) => {
                if let (Ok(name), Ok(value)) = (name.parse(), HeaderValue::from_bytes(bytes)) {
                    fields.push((name, value));
                }
            }
            Damage::Path(path) => {
                if let Ok(path) = path.parse() {
                    delivery.path = path;
                }
            }
            Damage::Method(method) => delivery.method = method.parse().unwrap(),
        }
        delivery.body = body.into();
        delivery.headers = fields.into_iter().collect::<Headers>();
    }
}

fn damaged(which: usize, damages: &[Damage]) -> (&'static Provider, Delivery) {
    let (provider, mut delivery) = SIGNED.with(|all| all[which % all.len()].clone());
    for damage in damages {
        damage.befall(&mut delivery);
    }
    (provider, delivery)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_is_damaged_is_read_and_never_taken_for_ours(
        which: usize,
        named: bool,
        damages in prop::collection::vec(damage(), 0..6),
    ) {
        let (provider, delivery) = damaged(which, &damages);
        let named = named.then_some(provider);
        let receipt = KEYS.with(|keys| providers::read(&delivery, named, keys, &judge()));
        prop_assert_ne!(receipt.signature.verdict, Verdict::Verified);
        let outline = providers::outline(&delivery, named);
        prop_assert_eq!(outline.provider, receipt.provider);
        prop_assert_eq!(outline.events.len(), receipt.events.len());
        // And it can be kept, and read again.
        let fixture = Fixture::new(delivery.clone());
        prop_assert_eq!(&Fixture::read_line(fixture.to_line().as_bytes()).unwrap().delivery, &delivery);
        prop_assert_eq!(&Fixture::read(fixture.to_pretty().as_bytes()).unwrap().delivery, &delivery);
    }

    #[test]
    fn whatever_is_damaged_is_explained_within_bounds(
        which: usize,
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let (provider, delivery) = damaged(which, &damages);
        let secret = Secret::new("c29tZWJvZHkgZWxzZQ==");
        let key = provider.schemes.first().and_then(|scheme| scheme.key.key(&secret));
        let case = Evidence {
            provider,
            keys: key.into_iter().collect(),
            secrets: vec![secret],
            others: Vec::new(),
            neighbours: vec![("another".into(), damaged(which, &[]).1)],
            delivery,
            verify_options: judge(),
        };
        let _ = providers::signed_text(&case);
        let _ = providers::explain(&case, &mut Budget::new(1 << 19));
    }

    #[test]
    fn a_raw_message_is_read_or_it_is_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let raw = [b"POST / HTTP/1.1\r\n", &bytes[..]].concat();
        for text in [&bytes, &raw] {
            if let Some(delivery) = Delivery::from_http(text) {
                let _ = providers::outline(&delivery, None);
            }
        }
    }
}
