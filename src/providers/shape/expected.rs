//! Differences that are expected between any two deliveries: ids, times and signatures, and what proxies and clients
//! write.

use std::collections::HashSet;

use crate::providers::provider::{Provider, TimeField};
use crate::providers::shape::event_places::event_places;
use crate::webhook::diff::node::folded;
use crate::webhook::{Delivery, Document, Location};

/// Headers of clients and proxies that are new in each request.
const HEADERS: &[&str] = &[
    "age",
    "cf-connecting-ip",
    "cf-ipcountry",
    "cf-ray",
    "cf-visitor",
    "content-length",
    "date",
    "fly-request-id",
    "forwarded",
    "ngrok-trace-id",
    "request-id",
    "sentry-trace",
    "baggage",
    "tracestate",
    "traceparent",
    "true-client-ip",
    "via",
    "x-amz-cf-id",
    "x-amzn-trace-id",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
    "x-cloud-trace-context",
    "x-correlation-id",
    "x-envoy-expected-rq-timeout-ms",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-github-delivery",
    "x-real-ip",
    "x-request-id",
    "x-request-start",
    "x-trace-id",
    "x-vercel-id",
];

/// Headers and places at which a difference is expected.
#[derive(Debug, Default)]
pub struct Expected {
    headers: HashSet<String>,
    /// JSON pointers, indices folded.
    places: HashSet<String>,
}

impl Expected {
    /// Creates the set that all providers have in common: headers such as `Date` and `Content-Length`.
    pub fn new() -> Expected {
        Expected {
            headers: HEADERS.iter().map(|name| (*name).to_owned()).collect(),
            places: HashSet::new(),
        }
    }

    /// Adds what is expected of a delivery of this provider.
    pub fn add(&mut self, provider: &'static Provider, delivery: &Delivery) {
        for scheme in provider.schemes {
            let time = scheme.timestamp.map(|(location, _)| location);
            let locations = scheme.id.iter().chain(&time).chain([&scheme.signature]);
            for location in locations.chain(scheme.fresh) {
                self.add_location(location, delivery);
            }
        }
        for location in provider.ids {
            self.add_location(location, delivery);
        }
        let beside = provider.conduct.beside.iter();
        let beside = beside.flat_map(|it| it.headers);
        self.headers.extend(beside.map(|name| (*name).to_owned()));
        let Ok(document) = Document::of(delivery) else {
            return;
        };
        let fields = &provider.fields;
        let ids = [fields.message_id, fields.message_also, fields.unique];
        let ids = ids.into_iter().flatten().copied();
        let times = fields.at.iter().chain(fields.other_times);
        let code = provider.conduct.challenge().map(|it| it.code);
        let places: Vec<&str> = ids
            .chain(times.map(TimeField::pointer))
            .chain(code)
            .collect();
        for event in event_places(provider, &document) {
            let base = folded(&event.pointer);
            for place in &places {
                self.places.insert(format!("{base}{}", folded(place)));
            }
        }
    }

    fn add_location(&mut self, location: &Location, delivery: &Delivery) {
        match location {
            Location::Header(name) | Location::Item(name, _) => {
                self.headers.insert((*name).to_owned());
            }
            Location::Body(pointer) => {
                self.places.insert(folded(pointer));
            }
            Location::Field(name) => {
                self.places.insert(format!("/{name}"));
            }
            Location::All(locations) => {
                for location in *locations {
                    self.add_location(location, delivery);
                }
            }
            // Which headers it is in shows when it is removed.
            Location::Own(own) => {
                let mut without = delivery.clone();
                (own.remove)(&mut without);
                for (name, value) in delivery.headers.iter() {
                    if !without.headers.all(name.as_str()).any(|it| it == value) {
                        self.headers.insert(name.as_str().to_owned());
                    }
                }
            }
        }
    }

    /// True for a header that is expected to differ; its name is in lower case.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains(name)
    }

    /// True for a JSON pointer into the body, at or below a place that is expected to differ.
    pub fn has_place(&self, pointer: &str) -> bool {
        let place = folded(pointer);
        let mut here = place.as_str();
        while !here.is_empty() {
            if self.places.contains(here) {
                return true;
            }
            here = here.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        false
    }
}
