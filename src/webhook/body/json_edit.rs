//! Edits that turn JSON into other JSON: what is equal keeps its bytes, with its white space, escapes and digits.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::webhook::body::json::{Style, as_verbatim, write, write_escaped};
use crate::webhook::body::json_cursor::Span;
use crate::webhook::body::json_node::{JsonNode, NodeKind, NodeMember};
use crate::webhook::body::text_edit::{DecodedText, TextEdit, edited};

/// JSON text that reads as this value, with as few changes as that takes.
pub(crate) fn with_value(text: &str, new: &Value, styles: &[Style]) -> Result<String, String> {
    let differences = |text: &str| Ok(edits(text, &JsonNode::read(text)?, new, styles));
    let changed = edited(text, differences(text)?);
    match differences(&changed) {
        Ok::<_, String>(left) if left.is_empty() => Ok(changed),
        _ => Err("its JSON cannot be changed without writing all of it anew".into()),
    }
}

/// Returns the edits after which a text reads as `new`; none if it does already. `styles` are those of new values: of
/// this text, of JSON in its strings, and so on.
pub(crate) fn edits(text: &str, node: &JsonNode, new: &Value, styles: &[Style]) -> Vec<TextEdit> {
    let (style, inner) = match styles.split_first() {
        Some((style, inner)) => (*style, inner),
        None => (Style::COMPACT, styles),
    };
    let mut out = Vec::new();
    let style = Style {
        between: style.comma,
        end: "",
        lines: false,
        ..style
    };
    TextComparison { text, style, inner }.value(node, new, &mut out);
    out
}

/// Returns the edits of the text of a string or a field that is JSON, as is the new text; none if one of them is not.
pub(crate) fn inner_edits(old: &str, new: &str, styles: &[Style]) -> Option<Vec<TextEdit>> {
    let is_json = |text: &str| text.trim_start().starts_with(['{', '[']);
    if !is_json(old) || !is_json(new) {
        return None;
    }
    let node = JsonNode::read(old).ok()?;
    let new = JsonNode::read(new).and_then(|it| it.value(new)).ok()?;
    Some(edits(old, &node, &new, styles))
}

/// Removes and inserts items of a list, with their separators. `empty` is where the first item goes if there is none;
/// an insertion names the item that it follows.
pub(crate) fn rearrange(
    items: &[Span],
    kept: &[bool],
    inserts: Vec<(Option<usize>, String)>,
    (empty, separator): (usize, &str),
    out: &mut Vec<TextEdit>,
) {
    let joined = |inserts: Vec<(Option<usize>, String)>| {
        let texts: Vec<String> = inserts.into_iter().map(|(_, text)| text).collect();
        texts.join(separator)
    };
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        return out.push((empty..empty, joined(inserts)));
    };
    if !kept.contains(&true) {
        return out.push((first.start..last.end, joined(inserts)));
    }
    let mut before: Option<usize> = None;
    for (at, item) in items.iter().enumerate() {
        if kept.get(at) == Some(&true) {
            if before.is_none() && at > 0 {
                out.push((first.start..item.start, String::new()));
            }
            before = Some(item.end);
        } else if let Some(end) = before {
            out.push((end..item.end, String::new()));
            before = Some(item.end);
        }
    }
    for (after, text) in inserts {
        match after.and_then(|at| items.get(at)) {
            Some(item) => out.push((item.end..item.end, format!("{separator}{text}"))),
            None => out.push((first.start..first.start, format!("{text}{separator}"))),
        }
    }
}

/// Comparison of a text with the value that it should have.
struct TextComparison<'a> {
    text: &'a str,
    style: Style,
    inner: &'a [Style],
}

impl TextComparison<'_> {
    fn value(&self, node: &JsonNode, new: &Value, out: &mut Vec<TextEdit>) {
        let raw = node.raw(self.text);
        let mut replace = || out.push((node.span.clone(), write(new, &self.style)));
        match (&node.kind, new) {
            _ if as_verbatim(new).is_some() => {
                if as_verbatim(new) != Some(raw) {
                    replace();
                }
            }
            (NodeKind::Map(members), Value::Object(new)) => self.members(node, members, new, out),
            (NodeKind::List(values), Value::Array(new)) => self.values(node, values, new, out),
            (NodeKind::Text(old), Value::String(new)) if old == new => {}
            (NodeKind::Text(old), Value::String(text)) => {
                match self.in_string(node, raw, old, text) {
                    Some(edits) => out.extend(edits),
                    None => replace(),
                }
            }
            (_, Value::Null | Value::Bool(_) | Value::Number(_))
                if raw == write(new, &Style::COMPACT) => {}
            _ => replace(),
        }
    }

    /// Edits of JSON that stands in a string.
    fn in_string(&self, node: &JsonNode, raw: &str, old: &str, new: &str) -> Option<Vec<TextEdit>> {
        let edits = inner_edits(old, new, self.inner)?;
        let decoded = DecodedText::of_json(raw).filter(|it| it.text == old)?;
        let encode = |text: &str| {
            let mut out = String::new();
            write_escaped(&mut out, text, &self.style);
            out
        };
        let start = node.span.start;
        let outer = edits.into_iter().map(|edit| {
            let (range, text) = decoded.outer(edit, &encode);
            (start + range.start..start + range.end, text)
        });
        Some(outer.collect())
    }

    fn members(
        &self,
        node: &JsonNode,
        members: &[NodeMember],
        new: &Map<String, Value>,
        out: &mut Vec<TextEdit>,
    ) {
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, member) in members.iter().enumerate() {
            places.entry(&member.name).or_default().push(at);
        }
        let firsts = new
            .keys()
            .filter_map(|name| places.get(name.as_str())?.first());
        if !firsts.is_sorted() {
            let text = write(&Value::Object(new.clone()), &self.style);
            return out.push((node.span.clone(), text));
        }
        let (mut after, mut inserts) = (None, Vec::new());
        for (name, value) in new {
            let Some(places) = places.get(name.as_str()) else {
                inserts.push((after, self.member(members, name, value)));
                continue;
            };
            after = places.last().copied();
            let begun = out.len();
            // Of repeated members the last counts; if it changes, all do, because some readers take the first.
            for at in places.iter().rev() {
                if let Some(member) = members.get(*at) {
                    self.value(&member.value, value, out);
                }
                if out.len() == begun {
                    break;
                }
            }
        }
        let spans = members.iter().map(|it| it.named.start..it.value.span.end);
        let kept = members.iter().map(|it| new.contains_key(&it.name));
        self.rearrange(
            node,
            &spans.collect::<Vec<_>>(),
            &kept.collect::<Vec<_>>(),
            inserts,
            out,
        );
    }

    /// Text of a new member, with the colon of its neighbours.
    fn member(&self, members: &[NodeMember], name: &str, value: &Value) -> String {
        let colon = members.first().and_then(|it| {
            let colon = it.named.end..it.value.span.start;
            self.text.get(colon)
        });
        let name = write(&Value::from(name), &self.style);
        let value = write(value, &self.style);
        format!("{name}{}{value}", colon.unwrap_or(self.style.colon))
    }

    fn values(&self, node: &JsonNode, old: &[JsonNode], new: &[Value], out: &mut Vec<TextEdit>) {
        let is_same = |(old, new): (&JsonNode, &Value)| {
            let mut edits = Vec::new();
            self.value(old, new, &mut edits);
            edits.is_empty()
        };
        let shorter = old.len().min(new.len());
        let (start, end) = if old.len() == new.len() {
            (0, 0)
        } else {
            let start = old.iter().zip(new).take_while(|it| is_same(*it)).count();
            let ends = old.iter().rev().zip(new.iter().rev());
            let ends = ends.take(shorter - start).take_while(|it| is_same(*it));
            (start, ends.count())
        };
        // Between the equal values at both ends, one after the other is compared.
        let compared = start..shorter - end;
        for (old, new) in old.iter().zip(new).take(compared.end).skip(compared.start) {
            self.value(old, new, out);
        }
        let spans: Vec<Span> = old.iter().map(|it| it.span.clone()).collect();
        let kept: Vec<bool> = (0..old.len())
            .map(|at| at < compared.end || at >= old.len() - end)
            .collect();
        let added = new.iter().take(new.len() - end).skip(compared.end);
        let inserts = added.map(|value| {
            let after = compared.end.checked_sub(1);
            (after, write(value, &self.style))
        });
        self.rearrange(node, &spans, &kept, inserts.collect(), out);
    }

    fn rearrange(
        &self,
        node: &JsonNode,
        items: &[Span],
        kept: &[bool],
        inserts: Vec<(Option<usize>, String)>,
        out: &mut Vec<TextEdit>,
    ) {
        if inserts.is_empty() && !kept.contains(&false) {
            return;
        }
        let empty = node.span.start + 1;
        let separator = match items {
            [first, second, ..] => self.text.get(first.end..second.start).map(str::to_owned),
            [only] => {
                let before = self.text.get(empty..only.start);
                let space = before.filter(|space| !space.is_empty());
                space.map(|space| format!(",{space}"))
            }
            [] => None,
        };
        let separator = separator.unwrap_or_else(|| self.style.comma.to_owned());
        rearrange(items, kept, inserts, (empty, &separator), out);
    }
}

#[cfg(test)]
mod tests {
    use super::{edited, edits, inner_edits};
    use crate::webhook::body::json_node::JsonNode;
    use crate::webhook::{Style, verbatim};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn changed(text: &str, change: impl Fn(&mut Value)) -> String {
        let node = JsonNode::read(text).unwrap();
        let mut new = node.value(text).unwrap();
        change(&mut new);
        let edits = edits(text, &node, &new, &[Style::COMPACT, Style::SPACED]);
        edited(text, edits)
    }

    #[test]
    fn one_value_changes_and_no_other_byte() {
        let text =
            "{ \"n\" : 1.10,\n\t\"t\":\"caf\\u00e9\\/\", \"l\" :[1 ,{\"x\":-0}], \"n2\":1e2 }\r\n";
        for (pointer, new, old, wanted) in [
            ("/n", json!(2), "1.10", "2"),
            ("/t", json!("é"), "\"caf\\u00e9\\/\"", "\"é\""),
            ("/l/1/x", verbatim("1.0"), "-0", "1.0"),
            ("/l/0", json!(null), "[1 ,", "[null ,"),
            ("/n2", json!({"a": [1]}), "1e2", "{\"a\":[1]}"),
        ] {
            let out = changed(text, |it| *it.pointer_mut(pointer).unwrap() = new.clone());
            assert_eq!(out, text.replacen(old, wanted, 1));
        }
        assert_eq!(changed(text, |_| {}), text);
    }

    #[test]
    fn members_come_and_go_with_their_separators() {
        let with =
            |text: &str, name: &str, value: Value| changed(text, |it| it[name] = value.clone());
        for (text, wanted) in [
            ("{}", "{\"z\":7}"),
            ("{ }", "{\"z\":7 }"),
            ("{\"a\":1}", "{\"a\":1,\"z\":7}"),
            ("{\n  \"a\": 1\n}", "{\n  \"a\": 1,\n  \"z\": 7\n}"),
            (
                "{\"a\" : 1, \"b\" : 2}",
                "{\"a\" : 1, \"b\" : 2, \"z\" : 7}",
            ),
        ] {
            assert_eq!(with(text, "z", json!(7)), wanted);
            let back = changed(wanted, |it| {
                it.as_object_mut().unwrap().shift_remove("z").unwrap();
            });
            assert_eq!(back, text);
        }
        let text = "{\"a\": 1, \"b\": 2,\"c\":3}";
        let without = |names: &[&str]| {
            changed(text, |it| {
                it.as_object_mut()
                    .unwrap()
                    .retain(|name, _| !names.contains(&name.as_str()));
            })
        };
        assert_eq!(without(&["a"]), "{\"b\": 2,\"c\":3}");
        assert_eq!(without(&["b"]), "{\"a\": 1,\"c\":3}");
        assert_eq!(without(&["c"]), "{\"a\": 1, \"b\": 2}");
        assert_eq!(without(&["a", "b"]), "{\"c\":3}");
        assert_eq!(without(&["a", "c"]), "{\"b\": 2}");
        assert_eq!(without(&["b", "c"]), "{\"a\": 1}");
        assert_eq!(without(&["a", "b", "c"]), "{}");
    }

    #[test]
    fn values_of_a_list_come_and_go() {
        let text = "[{\"a\": 1}, {\"a\": 2}, 3.0]";
        let with = |new: Value| {
            changed(text, |it| {
                let old = it.as_array().unwrap().clone();
                let new = new.as_array().unwrap().iter().map(|at| match at.as_u64() {
                    Some(at) => old[at as usize].clone(),
                    None => at.clone(),
                });
                *it = new.collect();
            })
        };
        for (new, wanted) in [
            (json!([0, 1]), "[{\"a\": 1}, {\"a\": 2}]"),
            (json!([1, 2]), "[{\"a\": 2}, 3.0]"),
            (json!([0, 2]), "[{\"a\": 1}, 3.0]"),
            (json!([2]), "[3.0]"),
            (json!([]), "[]"),
            (
                json!([0, 1, 2, "x", "y"]),
                "[{\"a\": 1}, {\"a\": 2}, 3.0, \"x\", \"y\"]",
            ),
            (
                json!(["x", 0, 1, 2]),
                "[\"x\", {\"a\": 1}, {\"a\": 2}, 3.0]",
            ),
            (
                json!([0, "x", 1, 2]),
                "[{\"a\": 1}, \"x\", {\"a\": 2}, 3.0]",
            ),
            (json!([0, {"a": 9}, 2]), "[{\"a\": 1}, {\"a\": 9}, 3.0]"),
        ] {
            assert_eq!(with(new), wanted);
        }
        assert_eq!(changed("[ ]", |it| *it = json!([1, 2])), "[1,2 ]");
    }

    #[test]
    fn json_in_a_string_is_changed_where_it_stands() {
        let text = r#"{"m":"{\"a\" : \"\\u00e9\\/\",\"b\":[1.10]}\n","x":"\u00e9"}"#;
        let inner = "{\"a\":\"é/\",\"b\":[1.10,\"é\"]}";
        let out = changed(text, |it| it["m"] = json!(inner));
        assert_eq!(out, text.replace("[1.10]", "[1.10, \\\"é\\\"]"));
        let out = changed(text, |it| it["m"] = json!("plain"));
        assert_eq!(out, r#"{"m":"plain","x":"\u00e9"}"#);
        assert!(inner_edits("{}", "text", &[]).is_none());
    }

    #[test]
    fn repeated_members_change_together_and_stay_as_they_are_together() {
        let text = "{\"a\":1,\"b\":0,\"a\":2}";
        assert_eq!(
            changed(text, |it| it["b"] = json!(5)),
            "{\"a\":1,\"b\":5,\"a\":2}"
        );
        assert_eq!(
            changed(text, |it| it["a"] = json!(5)),
            "{\"a\":5,\"b\":0,\"a\":5}"
        );
        let none = changed(text, |it| {
            it.as_object_mut().unwrap().shift_remove("a");
        });
        assert_eq!(none, "{\"b\":0}");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..4i64).prop_map(Value::from),
            "[a-c\\\\\"{é]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-d]", inner.clone()), 0..5)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
                inner.prop_map(|it| Value::from(it.to_string())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_becomes_any_other(old in any_json(), new in any_json(), pretty: bool) {
            let text = match pretty {
                true => serde_json::to_string_pretty(&old).unwrap(),
                false => old.to_string(),
            };
            let node = JsonNode::read(&text).unwrap();
            prop_assert!(edits(&text, &node, &old, &[]).is_empty());
            let out = edited(&text, edits(&text, &node, &new, &[]));
            let read: Value = serde_json::from_str(&out).unwrap();
            prop_assert_eq!(read, new, "{} {}", text, out);
        }
    }
}
