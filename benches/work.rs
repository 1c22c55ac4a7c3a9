//! What one delivery costs, in nanoseconds: `cargo bench --bench work`.

use divan::{Bencher, black_box};
use webhook_cli::providers::{self, Keys, Template, Wish};
use webhook_cli::webhook::{Chance, Delivery, Fixture, Judge, Keyring, Seal};

fn main() {
    divan::main();
}

const PROVIDERS: [&str; 5] = ["generic", "sendgrid", "mailgun", "ses", "resend"];

fn signed(name: &str) -> (Delivery, Keys, Judge) {
    let provider = providers::find(name).unwrap();
    let keys = Keys::new(&Keyring::default(), None).unwrap();
    let now = "2026-11-23T19:20:01Z".parse().unwrap();
    let mut chance = Chance::seeded(1);
    let template = Template::new(provider, provider.row("click").unwrap(), None).unwrap();
    let (mut delivery, _) = template.fill(&Wish::default(), now, &mut chance);
    let seal = &mut Seal {
        at: now,
        url: "http://127.0.0.1/",
        chance: &mut chance,
    };
    providers::signing_scheme(provider, &delivery)
        .unwrap()
        .sign(&mut delivery, keys.test(provider).unwrap(), seal)
        .unwrap();
    (
        delivery,
        keys,
        Judge {
            now,
            tolerance: None,
            public_url: Some("http://127.0.0.1/".into()),
            topics: Vec::new(),
        },
    )
}

/// Recognise, decode and verify.
#[divan::bench(args = PROVIDERS)]
fn read(bencher: Bencher, name: &str) {
    let (delivery, keys, judge) = signed(name);
    bencher.bench(|| providers::read(black_box(&delivery), None, &keys, &judge));
}

/// Recognise and decode alone.
#[divan::bench(args = PROVIDERS)]
fn outline(bencher: Bencher, name: &str) {
    let (delivery, ..) = signed(name);
    bencher.bench(|| providers::outline(black_box(&delivery), None));
}

/// Compose and sign.
#[divan::bench(args = PROVIDERS)]
fn compose(bencher: Bencher, name: &str) {
    let provider = providers::find(name).unwrap();
    let (_, keys, judge) = signed(name);
    let template = Template::new(provider, provider.row("click").unwrap(), None).unwrap();
    let mut chance = Chance::seeded(1);
    bencher.bench_local(|| {
        let (mut delivery, _) = template.fill(&Wish::default(), judge.now, &mut chance);
        let seal = &mut Seal {
            at: judge.now,
            url: "http://127.0.0.1/",
            chance: &mut chance,
        };
        let scheme = providers::signing_scheme(provider, &delivery).unwrap();
        scheme
            .sign(&mut delivery, keys.test(provider).unwrap(), seal)
            .unwrap();
        delivery
    });
}

/// A line of a recording, written and read.
#[divan::bench]
fn line_written(bencher: Bencher) {
    let fixture = Fixture::new(signed("resend").0);
    bencher.bench(|| black_box(&fixture).to_line());
}

/// A line of a recording, read.
#[divan::bench]
fn line_read(bencher: Bencher) {
    let line = Fixture::new(signed("resend").0).to_line();
    bencher.bench(|| Fixture::read_line(black_box(line.as_bytes())));
}
