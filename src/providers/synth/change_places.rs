//! `--set` and `--unset` applied to events and to what surrounds them.

use serde_json::Value;

use crate::providers::synth::change;
use crate::providers::synth::change::{Changed, Path};
use crate::providers::synth::route::{fields_of, guess, is_whole_list, path_of, route};
use crate::providers::synth::template::Template;

/// Notes and faults of the changes, in their order.
#[derive(Debug, Default)]
pub(super) struct ChangeReport {
    pub(super) notes: Vec<String>,
    /// Reasons why a place cannot be changed.
    pub(super) faults: Vec<String>,
}

/// Writes these values at their places, then removes the others. A place that cannot be changed is left as it is.
pub(super) fn change_places(
    template: &Template,
    root: &mut Value,
    events: &mut Value,
    sets: &[(String, Value)],
    unsets: &[String],
) -> ChangeReport {
    let mut report = ChangeReport::default();
    for (text, value) in sets {
        let path = path_of(template, root, events, text);
        report.set(template, root, events, &path, value);
    }
    for text in unsets {
        let path = path_of(template, root, events, text);
        if !unset(template, root, events, &path) {
            let near = guess(template, &path, None);
            let place = path.pointer(0);
            report.note(format!("{place} does not exist; nothing was removed"), near);
        }
    }
    report
}

impl ChangeReport {
    fn set(
        &mut self,
        template: &Template,
        root: &mut Value,
        events: &mut Value,
        path: &Path,
        value: &Value,
    ) {
        if let Some(fields) = fields_of(template, root, events)
            && let Some(one) = change::group(fields, path.first()).first()
            && path.steps.len() == 1
        {
            let place = path.pointer(0);
            self.faults.push(format!(
                "`{place}` is a group of form fields; set one of them, such as `{one}`"
            ));
            return;
        }
        let mut told = Vec::new();
        route(template, root, events, path, &mut |here, rest, is_field| {
            let value = match is_field && !value.is_null() {
                true => Value::from(change::field_text(value)),
                false => value.clone(),
            };
            told.push(change::set(here, path, rest, &value));
        });
        let is_known = told.contains(&Ok(Changed::Known));
        for told in told {
            match told {
                Ok(Changed::New(new)) if !is_known => {
                    let near = guess(template, path, Some(&new));
                    self.note(format!("{new} is a new member"), near);
                }
                Ok(_) => {}
                Err(why) => self.faults.push(why),
            }
        }
    }

    fn note(&mut self, what: String, near: Option<String>) {
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        self.notes.push(format!("note: {what}{near}"));
    }
}

/// Removes a place; true if it existed.
fn unset(template: &Template, root: &mut Value, events: &mut Value, path: &Path) -> bool {
    let steps = &path.steps;
    let mut was_there = false;
    if is_whole_list(template, path) {
        was_there = change::unset(root, steps);
    } else if let ([name], Some(fields)) = (steps.as_slice(), fields_of(template, root, events)) {
        // A group goes with all of its fields.
        let mut names = change::group(fields, name);
        names.push(name.clone());
        let fields = match template.is_inside {
            true => &mut *root,
            false => &mut *events,
        };
        for name in names {
            was_there |= change::unset(fields, &[name]);
        }
    }
    if !was_there {
        route(template, root, events, path, &mut |here, rest, _| {
            was_there |= change::unset(here, rest);
        });
    }
    was_there
}
