//! Comparison of two deliveries: request line, headers, body, events.

use std::collections::HashMap;

use crate::webhook::diff::difference::{DeliveryPart, Difference, Side};
use crate::webhook::diff::node::{Content, Format, Node, step_into};
use crate::webhook::diff::trees::{HIDDEN, Repeats, Trees, aligned, by_line};
use crate::webhook::redact::sensitive::is_credential_parameter;
use crate::webhook::{Delivery, Event, Headers, MASK, is_credential_field, masked_path};

/// Most differences that are kept.
pub const MOST: usize = 1000;

/// One side of a comparison.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The request.
    pub delivery: &'a Delivery,
    /// Its content, decompressed if that is possible.
    pub content: Content,
    /// Name of its provider.
    pub provider: Option<&'a str>,
    /// Events in it.
    pub events: &'a [Event],
}

/// Differences that are expected between any two deliveries.
pub struct Rules<'a> {
    /// True for the name of a header, in lower case.
    pub header: &'a dyn Fn(&str) -> bool,
    /// True for a JSON pointer into the body.
    pub body: &'a dyn Fn(&str) -> bool,
}

/// Result of a comparison.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Differences in order, at most [`MOST`].
    pub differences: Vec<Difference>,
    /// Number of differences, those included that are not kept.
    pub count: usize,
    /// Number of expected differences that were left out.
    pub left_out: usize,
}

/// Compares two deliveries. Expected differences are counted, and kept only if `all`.
pub fn compare(left: &Subject, right: &Subject, rules: &Rules, all: bool) -> Comparison {
    let repeats = repeats(left, right, rules);
    let mut found = Comparison::default();
    let mut tell = |difference: Difference| {
        if difference.expected && !all {
            found.left_out += 1;
            return;
        }
        found.count += 1;
        if found.differences.len() < MOST {
            found.differences.push(difference);
        }
    };
    request(left, right, &mut tell);
    headers(
        &left.delivery.headers,
        &right.delivery.headers,
        rules,
        &repeats,
        &mut tell,
    );
    content(&left.content, &right.content, rules, &repeats, &mut tell);
    events(left, right, &repeats, &mut tell);
    found
}

/// Ids at the places that are expected to differ.
fn repeats(left: &Subject, right: &Subject, rules: &Rules) -> Repeats {
    let mut ids = Repeats::default();
    if let (Some(one), Some(other)) = (left.content.tree(), right.content.tree()) {
        let mut places = Vec::new();
        let none = Repeats::default();
        Trees::new(rules.body, &none, false, &mut |difference| {
            if difference.expected && difference.nth == 0 {
                places.push(difference.place);
            }
        })
        .nodes(&mut String::new(), 0, one, other);
        for place in places {
            let at = |node| Node::at(node, &place).and_then(Node::as_text);
            if let (Some(one), Some(other)) = (at(one), at(other)) {
                ids.add(one, other);
            }
        }
    }
    for (name, value) in left.delivery.headers.iter() {
        let name = name.as_str();
        let other = right.delivery.headers.text(name);
        if (rules.header)(name)
            && let (Ok(one), Some(other)) = (std::str::from_utf8(value.as_bytes()), other)
        {
            ids.add(one, other);
        }
    }
    ids
}

fn request(left: &Subject, right: &Subject, tell: &mut dyn FnMut(Difference)) {
    let (one, other) = (left.delivery, right.delivery);
    let mut differ = |place: &str, one: &str, other: &str| {
        if one != other {
            tell(Difference::of(
                DeliveryPart::Request,
                place,
                Some(Side::text(one)),
                Some(Side::text(other)),
            ));
        }
    };
    differ("method", one.method.as_str(), other.method.as_str());
    differ("path", one.path.path(), other.path.path());
    let query = |subject: &Subject| match subject.content {
        // It is the body.
        Content::Tree(_, Format::Query) => String::new(),
        _ => subject.delivery.path.query().unwrap_or_default().to_owned(),
    };
    let (one, other) = (query(left), query(right));
    if one == other {
        return;
    }
    let (mine, theirs) = (parameters(&one), parameters(&other));
    let side = |((name, _), value): &NumberedPair| match is_credential_parameter(name, value) {
        true => Side::text(MASK),
        false => Side::text(value),
    };
    let mut is_any = false;
    pairs(&mine, &theirs, |one, other| {
        is_any = true;
        let ((name, nth), _) = one.or(other).cloned().unwrap_or_default();
        let (one, other) = (one.map(side), other.map(side));
        let is_hidden = one == other;
        tell(Difference {
            nth,
            note: is_hidden.then(|| HIDDEN.to_owned()),
            ..Difference::of(DeliveryPart::Request, &format!("?{name}"), one, other)
        });
    });
    if !is_any {
        let text = |query: &str| {
            let path = format!("/?{query}");
            Some(Side::text(
                masked_path(&path).strip_prefix('/').unwrap_or_default(),
            ))
        };
        tell(Difference::of(
            DeliveryPart::Request,
            "query",
            text(&one),
            text(&other),
        ));
    }
}

/// Name and number of earlier ones of the name, and value.
type NumberedPair = ((String, usize), String);

fn parameters(query: &str) -> Vec<NumberedPair> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let pairs = form_urlencoded::parse(query.as_bytes()).map(|(name, value)| {
        let count = seen.entry(name.to_string()).or_default();
        *count += 1;
        ((name.to_string(), *count - 1), value.to_string())
    });
    pairs.collect()
}

/// Calls `differ` for each pair that differs, or that one side lacks.
fn pairs(
    left: &[NumberedPair],
    right: &[NumberedPair],
    mut differ: impl FnMut(Option<&NumberedPair>, Option<&NumberedPair>),
) {
    let index = |pairs: &[NumberedPair]| -> HashMap<(String, usize), usize> {
        let names = pairs.iter().enumerate();
        names.map(|(at, (name, _))| (name.clone(), at)).collect()
    };
    let (mine, theirs) = (index(left), index(right));
    for one in left {
        let other = theirs.get(&one.0).and_then(|at| right.get(*at));
        if other.is_none_or(|other| other.1 != one.1) {
            differ(Some(one), other);
        }
    }
    for other in right.iter().filter(|other| !mine.contains_key(&other.0)) {
        differ(None, Some(other));
    }
}

fn headers(
    left: &Headers,
    right: &Headers,
    rules: &Rules,
    repeats: &Repeats,
    tell: &mut dyn FnMut(Difference),
) {
    let fields = |headers: &Headers| -> Vec<NumberedPair> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let fields = headers.iter().map(|(name, value)| {
            let count = seen.entry(name.as_str().to_owned()).or_default();
            *count += 1;
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            ((name.as_str().to_owned(), *count - 1), value)
        });
        fields.collect()
    };
    pairs(&fields(left), &fields(right), |one, other| {
        let ((name, nth), _) = one.or(other).cloned().unwrap_or_default();
        let is_hidden = is_credential_field(&name);
        let side = |(_, value): &NumberedPair| match is_hidden {
            true => Side::text(MASK),
            false => Side::text(value),
        };
        let both = one.zip(other);
        let expected = (rules.header)(&name)
            || both.is_some_and(|((_, one), (_, other))| {
                repeats.explain(one, other)
                    || (name == "content-type" && without_boundary(one) == without_boundary(other))
            });
        tell(Difference {
            nth,
            expected,
            note: (is_hidden && both.is_some()).then(|| HIDDEN.to_owned()),
            ..Difference::of(DeliveryPart::Headers, &name, one.map(side), other.map(side))
        });
    });
}

/// Content type without the boundary of a multipart body, which is new in each request.
fn without_boundary(content_type: &str) -> String {
    let parts = content_type.split(';').filter(|part| {
        let name = part.trim_start().get(..9).unwrap_or_default();
        !name.eq_ignore_ascii_case("boundary=")
    });
    parts.collect::<Vec<_>>().join(";")
}

fn content(
    left: &Content,
    right: &Content,
    rules: &Rules,
    repeats: &Repeats,
    tell: &mut dyn FnMut(Difference),
) {
    match (left, right) {
        (Content::Tree(one, format), Content::Tree(other, other_format))
            if format.name() == other_format.name() =>
        {
            trees((one, format), (other, other_format), rules, repeats, tell);
        }
        (Content::Empty, Content::Empty) => {}
        (Content::Text(one), Content::Text(other)) => {
            by_line("", one, other).into_iter().for_each(|difference| {
                let texts = difference.left.as_ref().zip(difference.right.as_ref());
                let expected =
                    texts.is_some_and(|(one, other)| repeats.explain(&one.text, &other.text));
                tell(Difference {
                    expected,
                    ..difference
                });
            })
        }
        (Content::Binary(one), Content::Binary(other)) if one == other => {}
        (Content::Binary(one), Content::Binary(other)) => {
            let at = one.iter().zip(other).take_while(|(a, b)| a == b).count();
            tell(Difference {
                note: Some(format!("first difference at byte {}", at + 1)),
                ..Difference::of(
                    DeliveryPart::Body,
                    "",
                    Some(format_of(left)),
                    Some(format_of(right)),
                )
            });
        }
        (left, right) => tell(Difference::of(
            DeliveryPart::Body,
            "format",
            Some(format_of(left)),
            Some(format_of(right)),
        )),
    }
}

/// Compares two trees of the same format.
fn trees(
    (one, format): (&Node, &Format),
    (other, other_format): (&Node, &Format),
    rules: &Rules,
    repeats: &Repeats,
    tell: &mut dyn FnMut(Difference),
) {
    let mut is_any = false;
    let mut told = |difference| {
        is_any = true;
        tell(difference);
    };
    let masks = *format == Format::Query;
    let mut trees = Trees::new(rules.body, repeats, masks, &mut told);
    trees.nodes(&mut String::new(), 0, one, other);
    let layout = trees.layout;
    let note = match (format, other_format) {
        (Format::Json(one), Format::Json(other)) => layout.told(one, other),
        (Format::Form(one), Format::Form(other)) if one != other && !is_any => {
            Some("same fields, different bytes: order of fields, or encoding".into())
        }
        _ => None,
    };
    if let Some(note) = note {
        tell(Difference::noted(DeliveryPart::Body, "", note));
    }
}

fn format_of(content: &Content) -> Side {
    Side::text(&match content {
        Content::Empty => "no body".to_owned(),
        Content::Tree(_, format) => format.name().to_owned(),
        Content::Text(_) => "text".to_owned(),
        Content::Binary(bytes) => format!("{} bytes of binary data", bytes.len()),
    })
}

fn events(left: &Subject, right: &Subject, repeats: &Repeats, tell: &mut dyn FnMut(Difference)) {
    let side = |text: Option<&str>| text.map(Side::text);
    if left.provider != right.provider {
        let unknown = |name: Option<&str>| side(Some(name.unwrap_or("unknown")));
        tell(Difference::of(
            DeliveryPart::Events,
            "provider",
            unknown(left.provider),
            unknown(right.provider),
        ));
    }
    let (start, end) = aligned(left.events.len(), right.events.len(), |one, other| {
        let pair = left.events.get(one).zip(right.events.get(other));
        pair.is_some_and(|(one, other)| {
            let (one, other) = (fields(one), fields(other));
            one.iter().zip(&other).all(|(one, other)| {
                one.expected
                    || one.value == other.value
                    || one
                        .value
                        .as_ref()
                        .zip(other.value.as_ref())
                        .is_some_and(|(one, other)| repeats.explain(one, other))
            })
        })
    });
    for (at, event) in left.events.iter().enumerate() {
        // Of the events that are the same, ids and times are said with `--all`.
        let is_end = at + end >= left.events.len();
        let other = match is_end {
            true => (at + right.events.len()).checked_sub(left.events.len()),
            false => Some(at).filter(|at| at + end < right.events.len()),
        };
        let mut place = String::new();
        step_into(&mut place, &at.to_string());
        match other.and_then(|other| right.events.get(other)) {
            Some(other) => event_fields(&place, event, other, repeats, tell),
            None => tell(Difference::of(
                DeliveryPart::Events,
                &place,
                summary(event),
                None,
            )),
        }
    }
    for at in left.events.len().max(start + end)..right.events.len() {
        if let Some(event) = right.events.get(at - end) {
            let place = format!("/{}", at - end);
            tell(Difference::of(
                DeliveryPart::Events,
                &place,
                None,
                summary(event),
            ));
        }
    }
}

fn event_fields(
    place: &str,
    left: &Event,
    right: &Event,
    repeats: &Repeats,
    tell: &mut dyn FnMut(Difference),
) {
    for (one, other) in fields(left).into_iter().zip(fields(right)) {
        if one.value == other.value {
            continue;
        }
        let texts = one.value.as_ref().zip(other.value.as_ref());
        let expected =
            one.expected || texts.is_some_and(|(one, other)| repeats.explain(one, other));
        let side = |text: Option<String>| text.as_deref().map(Side::text);
        tell(Difference {
            expected,
            ..Difference::of(
                DeliveryPart::Events,
                &format!("{place}/{}", one.name),
                side(one.value),
                side(other.value),
            )
        });
    }
}

fn summary(event: &Event) -> Option<Side> {
    let recipient = event.recipient.as_deref().unwrap_or_default();
    Some(Side::text(
        format!("{} {recipient}", event.kind.name()).trim_end(),
    ))
}

/// Field of an event.
struct EventField {
    name: &'static str,
    value: Option<String>,
    /// True for an id or a time.
    expected: bool,
}

fn fields(event: &Event) -> [EventField; 8] {
    let field = |name, value: Option<String>, expected| EventField {
        name,
        value,
        expected,
    };
    [
        field("kind", Some(event.kind.name().to_owned()), false),
        field("native", Some(event.native.clone()), false),
        field("recipient", event.recipient.clone(), false),
        field("message_id", event.message_id.clone(), true),
        field("at", event.at.map(|at| at.to_string()), true),
        field("url", event.url.clone(), false),
        field("bounce", event.bounce.map(|it| it.name().to_owned()), false),
        field("reason", event.reason.clone(), false),
    ]
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, Method};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{Comparison, Rules, Subject, compare};
    use crate::webhook::diff::difference::{DeliveryPart, Difference, Side};
    use crate::webhook::diff::node::{Content, Node};
    use crate::webhook::{Delivery, Headers};

    fn delivery(content_type: &'static str, body: impl Into<Bytes>) -> Delivery {
        let mut headers = Headers::new();
        headers.push(
            HeaderName::from_static("content-type"),
            HeaderValue::from_static(content_type),
        );
        Delivery {
            method: Method::POST,
            path: "/".parse().unwrap(),
            headers,
            body: body.into(),
        }
    }

    fn json(body: &str) -> Delivery {
        delivery("application/json", body.to_owned())
    }

    fn compared(left: &Delivery, right: &Delivery, expected: &[&str], all: bool) -> Comparison {
        let subject = |delivery| Subject {
            delivery,
            content: Content::of(delivery),
            provider: None,
            events: &[],
        };
        let rules = Rules {
            header: &|name| expected.contains(&name),
            body: &|place| expected.contains(&place),
        };
        compare(&subject(left), &subject(right), &rules, all)
    }

    /// Places with what is left and right of them.
    fn told(left: &str, right: &str) -> Vec<String> {
        let found = compared(&json(left), &json(right), &[], false);
        let text = |side: &Option<Side>| side.as_ref().map_or("", |it| &it.text).to_owned();
        let told = found.differences.iter().map(|it| match &it.note {
            Some(note) => format!("{} {note}", it.place),
            None => format!("{} {}|{}", it.place, text(&it.left), text(&it.right)),
        });
        told.collect()
    }

    #[test]
    fn values_differ_by_place_and_numbers_as_they_are_written() {
        for (left, right, wanted) in [
            ("{\"a\":1.10}", "{\"a\":1.1}", vec!["/a 1.10|1.1"]),
            ("{\"a\":1}", "{\"a\":\"1\"}", vec!["/a 1|\"1\""]),
            (
                "{\"a/b\":{\"~\":null}}",
                "{\"a/b\":{}}",
                vec!["/a~1b/~0 null|"],
            ),
            ("[1,2,3]", "[0,1,2,3]", vec!["/0 |0"]),
            ("[1,2,3]", "[1,3]", vec!["/1 2|"]),
            (
                "[{\"i\":1},{\"i\":2},{\"i\":3}]",
                "[{\"i\":1},{\"i\":3}]",
                vec!["/1 {\"i\":2}|"],
            ),
            ("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":3}", vec!["/a 2|3"]),
            ("1", "{}", vec![" 1|{}"]),
            (
                "{\"t\":\"{\\\"a\\\":1}\"}",
                "{\"t\":\"{\\\"a\\\":2}\"}",
                vec!["/t/a 1|2"],
            ),
            (
                "{\"t\":\"a\\nb\\n\"}",
                "{\"t\":\"a\\nc\\n\"}",
                vec!["/t b\n|c\n"],
            ),
        ] {
            assert_eq!(told(left, right), wanted, "{left} {right}");
        }
    }

    #[test]
    fn the_same_values_in_different_bytes_are_a_difference_with_its_cause() {
        let same = " same values, different bytes: ";
        for (left, right, cause) in [
            ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", "order of members"),
            ("{\"a\":1}", "{\"a\": 1}", "white space"),
            ("{\"a\":1}\r\n", "{\"a\":1}", "white space at the end"),
            ("[\"/\"]", "[\"\\/\"]", "escapes"),
        ] {
            assert_eq!(told(left, right), [format!("{same}{cause}")]);
            assert_eq!(told(right, left), [format!("{same}{cause}")]);
        }
        let inner = told("{\"t\":\"{\\\"a\\\":1}\"}", "{\"t\":\"{ \\\"a\\\":1}\"}");
        assert_eq!(inner, [format!("/t{same}white space")]);
    }

    #[test]
    fn what_is_expected_is_left_out_also_where_another_text_repeats_it() {
        let left = json("{\"id\":\"<aaaaaaaa@x>\",\"reason\":\"queued as aaaaaaaa\",\"n\":1}");
        let right = json("{\"id\":\"<bbbbbbbb@x>\",\"reason\":\"queued as bbbbbbbb\",\"n\":2}");
        let found = compared(&left, &right, &["/id"], false);
        let places: Vec<&str> = found.differences.iter().map(|it| &*it.place).collect();
        assert_eq!((places, found.left_out), (vec!["/n"], 2));
        let all = compared(&left, &right, &["/id"], true);
        assert_eq!((all.count, all.left_out), (3, 0));
    }

    #[test]
    fn forms_differ_by_field_and_a_boundary_is_new_in_each_request() {
        let form = |boundary: &str, value: &str| {
            format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n{value}\r\n--{boundary}--\r\n"
            )
        };
        let one = delivery("multipart/form-data; boundary=one", form("one", "1"));
        let two = delivery("multipart/form-data; boundary=two", form("two", "2"));
        let found = compared(&one, &two, &[], false);
        assert_eq!((found.count, found.left_out), (1, 1));
        assert_eq!(
            found.differences[0],
            Difference::of(
                DeliveryPart::Body,
                "/a",
                Some(Side::text("1")),
                Some(Side::text("2"))
            )
        );
    }

    #[test]
    fn depth_and_size_have_bounds() {
        let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(
            compared(&json(&deep("1")), &json(&deep("2")), &[], false).count,
            1
        );
        let long = |sign: &str| {
            let values: Vec<String> = (1..40_000).map(|it| format!("{sign}{it}")).collect();
            format!("[{}]", values.join(","))
        };
        let found = compared(&json(&long("")), &json(&long("-")), &[], false);
        assert_eq!(
            (found.count, found.differences.len()),
            (39_999, super::MOST)
        );
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            "[a\n~/é]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ab~/0]{0,2}", inner), 0..4).prop_map(Value::from_iter),
            ]
        })
    }

    fn mirrored(it: &Difference) -> Difference {
        Difference {
            left: it.right.clone(),
            right: it.left.clone(),
            line: it.line.map(|(one, other)| (other, one)),
            ..it.clone()
        }
    }

    fn sorted(mut all: Vec<Difference>) -> Vec<Difference> {
        all.sort_by_key(|it| format!("{it:?}"));
        all
    }

    proptest! {
        #[test]
        fn a_delivery_is_like_itself_and_differences_have_two_ends(one in value(), other in value()) {
            let (left, right) = (json(&one.to_string()), json(&other.to_string()));
            prop_assert_eq!(compared(&left, &left, &[], true).count, 0);
            let there = compared(&left, &right, &[], false);
            prop_assert_eq!(there.count == 0, left == right);
            let back = compared(&right, &left, &[], false);
            let mirrored = back.differences.iter().map(mirrored).collect();
            prop_assert_eq!(sorted(there.differences), sorted(mirrored));
        }

        #[test]
        fn every_difference_is_at_a_place_that_exists(one in value(), other in value()) {
            let (left, right) = (json(&one.to_string()), json(&other.to_string()));
            let (mine, theirs) = (Content::of(&left), Content::of(&right));
            for it in compared(&left, &right, &[], false).differences {
                for (side, content) in [(&it.left, &mine), (&it.right, &theirs)] {
                    let there = content.tree().unwrap().at(&it.place);
                    match side {
                        Some(side) if it.line.is_some() => {
                            let text = there.and_then(Node::as_text).unwrap();
                            prop_assert!(text.contains(&side.text));
                        }
                        Some(side) => prop_assert_eq!(&there.unwrap().to_json(9999), &side.text),
                        None => {}
                    }
                }
            }
        }

        #[test]
        fn any_bytes_are_compared(
            one in prop::collection::vec(any::<u8>(), 0..60), other in "[\\[\\]{}\",:ab0-9=&%\r\n-]{0,60}",
            kind in 0..4usize,
        ) {
            let kind = [
                "application/json",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=a",
                "text/plain",
            ][kind];
            let (left, right) = (delivery(kind, one), delivery(kind, other));
            prop_assert_eq!(compared(&left, &left, &[], true).count, 0);
            prop_assert_eq!(compared(&right, &right, &[], true).count, 0);
            let there = compared(&left, &right, &[], false);
            prop_assert_eq!(there.count, compared(&right, &left, &[], false).count);
        }
    }
}
