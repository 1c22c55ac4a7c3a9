//! `--edit`: selected deliveries are opened in the user's editor, one after another, before anything is sent.

use std::sync::Arc;

use crate::commands::replay::delivery_changer::DeliveryChanger;
use crate::commands::replay::plan::ReplayPlan;
use crate::commands::replay::queue::{QueuedFixture, ReplayQueue};
use crate::error::{Error, Result};
use crate::io::editor::Editor;
use crate::io::recording::reader::Source;
use crate::providers;
use crate::report::Reporter;
use crate::webhook::{Document, EditableFixture, Fault, Fixture, marked, without_marks};

/// Most deliveries that are edited in one run.
const MOST: usize = 10;

/// Times that an edit may be broken before it is given up: an editor that is a program would never end.
const TIMES: usize = 20;

/// Edits the deliveries of a queue, in which those remain that were changed; false if none was.
pub(super) fn edit(
    plan: &Arc<ReplayPlan>,
    report: &Arc<Reporter>,
    stack: &mut ReplayQueue,
) -> Result<bool> {
    let editor = Editor::find()?;
    let queued: Vec<QueuedFixture> = stack.by_ref().take(MOST + 1).collect();
    stack.counts().result(plan.skip_broken)?;
    if queued.is_empty() {
        return Ok(true);
    }
    if queued.len() > MOST {
        return Err(Error::usage(format!(
            "more than {MOST} deliveries are selected, and each is edited in a file of its own"
        ))
        .hint("`--last 1` selects one, and so does an address such as `hooks.ndjson:12`"));
    }
    let changer = DeliveryChanger::new(plan, report);
    let mut edited = Vec::new();
    for mut queued in queued {
        let item = &mut queued.item;
        let recorded = item.fixture.clone();
        let document = Document::of(&recorded.delivery).ok();
        let provider = providers::recognise(&recorded.delivery, document.as_ref());
        let provider = provider.map(|(provider, _)| provider);
        if provider.is_some() {
            // Without a secret, the work in the editor would be in vain.
            changer.signs(&recorded, provider, &item.source)?;
        }
        if !plan.changes.is_empty() {
            changer.change(&mut item.fixture.delivery, provider, &item.source)?;
        }
        let shown = EditableFixture::new(&item.fixture);
        let session = EditSession {
            editor: &editor,
            source: &item.source,
            shown: &shown,
            report,
        };
        match session.run()? {
            Some(saved) if is_other(&saved, &item.fixture) => {
                item.fixture = Fixture {
                    reply: recorded.reply.clone(),
                    answers: recorded.answers.clone(),
                    ..saved
                };
                item.recorded = Some(Box::new(recorded));
                edited.push(queued);
            }
            _ => report.note(&format!("{} was not changed; it is not sent", item.source)),
        }
    }
    let is_any = !edited.is_empty();
    stack.put_back(edited);
    Ok(is_any)
}

/// True if two fixtures differ in what is sent or expected.
fn is_other(saved: &Fixture, shown: &Fixture) -> bool {
    let texts = |fixture: &Fixture| {
        let rest = fixture.rest.iter();
        rest.map(|(name, raw)| (name.clone(), raw.get().to_owned()))
            .collect::<Vec<_>>()
    };
    saved.delivery != shown.delivery || texts(saved) != texts(shown)
}

/// Editing of one delivery.
struct EditSession<'a> {
    editor: &'a Editor,
    source: &'a Source,
    shown: &'a EditableFixture,
    report: &'a Reporter,
}

impl EditSession<'_> {
    /// Opens the editor until what is saved is a fixture. None if it is saved as it was, or empty; an error if it is
    /// saved again with the fault that is marked in it.
    fn run(&self) -> Result<Option<Fixture>> {
        let mut text = self.shown.text().to_owned();
        let mut fault: Option<Fault> = None;
        for _ in 0..TIMES {
            let saved = self.editor.edit(&self.source.to_string(), &text)?;
            let saved = String::from_utf8(saved).map_err(|_| {
                Error::input(format!(
                    "{}: what was saved is not UTF-8; nothing was sent",
                    self.source
                ))
            })?;
            let saved = without_marks(&saved);
            let is_same = saved == without_marks(&text);
            match &fault {
                _ if saved.trim().is_empty() => return Ok(None),
                Some(fault) if is_same => return Err(self.broken(fault)),
                None if is_same => return Ok(None),
                _ => {}
            }
            match self.shown.read(&saved) {
                Ok(fixture) => return Ok(Some(fixture)),
                Err(found) => {
                    self.report
                        .warn(&format!("{}: {found}; it is opened again", self.source));
                    text = marked(&saved, &found);
                    fault = Some(found);
                }
            }
        }
        let fault = fault.map(|fault| self.broken(&fault));
        Err(fault.unwrap_or_else(|| Error::input("nothing was edited")))
    }

    fn broken(&self, fault: &Fault) -> Error {
        Error::input(format!(
            "{}: what was saved is no valid fixture: {fault}; nothing was sent",
            self.source
        ))
    }
}
