//! Places that a path of `--set` or `--unset` leads to: in an event, in each of them, or in what is around them.

use serde_json::{Map, Value};

use crate::providers::provider::Envelope;
use crate::providers::synth::change;
use crate::providers::synth::change::Path;
use crate::providers::synth::guess::{exact_place, nearest_place, places};
use crate::providers::synth::template::Template;

/// The first event, without its wrapper.
fn first_of<'v>(template: &Template, events: &'v Value) -> &'v Value {
    let first = match events {
        Value::Array(list) => list.first().unwrap_or(&Value::Null),
        event => event,
    };
    template.provider.envelope.inside_of(first)
}

/// The fields of the form that a template is told by, if it is.
pub(super) fn fields_of<'v>(
    template: &Template,
    root: &'v Value,
    events: &'v Value,
) -> Option<&'v Map<String, Value>> {
    template.form()?;
    match template.is_inside {
        true => root.as_object(),
        false => events.as_object(),
    }
}

/// A place that the user names, as it is found in here.
pub(super) fn path_of(template: &Template, root: &Value, events: &Value, text: &str) -> Path {
    let path = Path::new(text, first_of(template, events));
    let is_event = template.is_inside && first_of(template, events).get(path.first()).is_some();
    match fields_of(template, root, events) {
        Some(fields) if !is_event => path.among_fields(fields, !template.is_inside),
        _ => path,
    }
}

/// Pointer to the events inside their envelope, if there is one.
fn events_at(template: &Template) -> Option<&'static str> {
    match template.provider.envelope {
        Envelope::Text(at, _) | Envelope::List(at) if template.is_inside && !at.is_empty() => {
            Some(at)
        }
        _ => None,
    }
}

/// True if a path leads to all the events inside their envelope.
pub(super) fn is_whole_list(template: &Template, path: &Path) -> bool {
    let rest = events_at(template).and_then(|at| path.behind(at));
    rest.is_some_and(<[String]>::is_empty)
}

/// The place of an example that may be meant by a path that leads to none, or by the pointer of what is new on its way.
pub(super) fn guess(template: &Template, path: &Path, new: Option<&str>) -> Option<String> {
    let first = first_of(template, &template.events);
    let mut all = places(first);
    // What stands around the events can be named too.
    all.extend(places(&template.root));
    let begun = new.map(|new| Path::new(new, &Value::Null).steps);
    // A pointer may have been meant, without the slash that begins one.
    let parts = path.steps.iter().flat_map(|step| step.split('/'));
    let parts: Vec<String> = parts.map(str::to_owned).collect();
    exact_place(&parts, &all)
        .filter(|_| parts != path.steps)
        .or_else(|| nearest_place(&parts, &all))
        .or_else(|| nearest_place(begun.as_deref()?, &all))
        .map(str::to_owned)
}

/// Applies an edit at every place that a path leads to: in each event, in the one that it numbers, or in the envelope.
/// The closure gets the value to edit, the rest of the path in it, and true if that value is a form field.
pub(super) fn route(
    template: &Template,
    root: &mut Value,
    events: &mut Value,
    path: &Path,
    change: &mut dyn FnMut(&mut Value, &[String], bool),
) {
    let envelope = &template.provider.envelope;
    change::expand(events);
    let is_field = |rest: &[String]| template.form().is_some() && rest.len() == 1;
    let first = first_of(template, events);
    let in_event = first.get(path.first()).is_some();
    if !in_event && template.is_inside {
        // As the whole body is told, the events where they stand.
        if let Some(rest) = events_at(template).and_then(|at| path.behind(at)) {
            return change(events, rest, false);
        }
        if root.get(path.first()).is_some() {
            return change(root, &path.steps, is_field(&path.steps));
        }
    }
    // Of a list, by its number, or one more.
    let is_number = path.first() == "-" || path.first().parse::<usize>().is_ok();
    if !in_event && events.is_array() && is_number {
        return change(events, &path.steps, false);
    }
    let fields = !template.is_inside && is_field(&path.steps);
    let list = match events {
        Value::Array(list) => list.as_mut_slice(),
        event => std::slice::from_mut(event),
    };
    for value in list {
        // A path may also name the wrapper of an event.
        let wrapped = !in_event && value.get(path.first()).is_some();
        let event = if wrapped {
            Some(value)
        } else {
            envelope.inside_mut(value)
        };
        if let Some(event) = event {
            change(event, &path.steps, fields);
        }
    }
}
