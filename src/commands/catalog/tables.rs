//! Catalogue as text: table of providers, page of one provider, provenance of an example's fields.

use crate::commands::catalog::facts::{
    UnconfirmedFact, alike, doubts, inbound_doubts, known, recipes, sendable, undocumented,
};
use crate::providers;
use crate::providers::{
    ALL, Batch, Confidence, EventDef, Fact, Handshake, Page, Provenance, Provider, SCHEMES,
};
use crate::report::text::wrap;
use crate::report::{Palette, Role};
use crate::webhook::{Algorithm, Kind};

/// Colours and width of a page.
#[derive(Clone, Copy)]
pub(crate) struct PageStyle<'a> {
    /// Colours.
    pub palette: &'a Palette,
    /// Width of prose, in columns.
    pub width: usize,
}

/// Indent of the text after a label, in columns.
const LABEL: usize = 17;

/// Returns a table with a line for each provider, then one with a line for each scheme.
pub(crate) fn overview(look: PageStyle) -> String {
    let mut table = vec![["provider", "signed with", "events", "kinds"].map(str::to_owned)];
    table.extend(ALL.iter().map(|one| {
        let name = one.name.to_owned();
        [name, signed_with(one), events(one), kinds(one)]
    }));
    let mut out = columns(&table, look);
    let mut table = vec![["scheme", "signed with", "over"].map(str::to_owned)];
    table.extend(SCHEMES.iter().map(|one| {
        let covered = recipes(one).first().map(|scheme| listed(&scheme.covers()));
        let name = one.name.to_owned();
        [name, signed_with(one), covered.unwrap_or_default()]
    }));
    out.push('\n');
    out += &columns(&table, look);
    out + "\nThe number of events is that of one request. Details: `webhook-cli events sendgrid`\n"
}

/// Returns the page of a provider: everything except its examples.
pub(crate) fn page(provider: &Provider, look: PageStyle) -> String {
    let mut out = title(provider, look);
    for (label, text) in facts(provider) {
        let line = format!("  {label:<width$}{text}", width = LABEL - 2);
        out += &lead(look, Role::Dim, LABEL, &look.folded(&line, LABEL));
    }
    out.push('\n');
    for row in sendable(provider) {
        let class = row.bounce.map(|class| format!("  {}", class.name()));
        let older =
            Some(row.version).filter(|it| provider.versions().iter().skip(1).any(|one| one == it));
        let version = older.map(|version| format!("  (version {version})"));
        let line = format!(
            "  {:<12} {}{}{}\n",
            row.kind.name(),
            row.native,
            class.unwrap_or_default(),
            version.unwrap_or_default()
        );
        out += &lead(look, Role::Kind, 14, &line);
    }
    if provider.events.is_empty() && !provider.docs.is_empty() {
        let name = provider.name;
        out += "  It has no kinds. To sign your own body: ";
        out += &format!("`webhook-cli send --data BODY --scheme {name}`\n");
    }
    let fields = doubts(provider).into_iter().filter(|doubt| !doubt.habit);
    let fields: String = fields.map(|doubt| told(&doubt, look)).collect();
    if !fields.is_empty() {
        out += &format!("\n  Unconfirmed fields:\n{fields}");
    }
    out
}

/// Returns the claims about a provider that are assumed, unconfirmed or not documented.
pub(crate) fn unconfirmed(provider: &Provider, look: PageStyle) -> String {
    let mut out = title(provider, look);
    for doubt in doubts(provider) {
        out += &told(&doubt, look);
    }
    let silent = undocumented(provider);
    if !silent.is_empty() {
        out += &format!("  not documented: {}\n", silent.join(", "));
    }
    if out.lines().count() == 1 {
        out += "  nothing\n";
    }
    out + "\n"
}

/// Returns the fields of an example by provenance, the most certain first, and the pages that they come from.
pub(crate) fn provenance(provider: &Provider, row: &EventDef, look: PageStyle) -> String {
    let mut pages: Vec<&Page> = Vec::new();
    let mut out = String::new();
    for (origin, places) in groups(provider, row) {
        let mut line = format!("  {}", origin.confidence.name());
        let sure = origin.doubt.is_empty();
        let len = line.len();
        if let Some(page) = origin.page {
            let at = pages.iter().position(|one| *one == page);
            line += &format!(" [{}]", at.unwrap_or(pages.len()) + 1);
            pages.extend(at.is_none().then_some(page));
        }
        line += match origin.confidence {
            _ if sure => "",
            Confidence::Assumed => ": ",
            Confidence::Documented | Confidence::Captured => ", not confirmed: ",
        };
        let role = if sure { Role::Good } else { Role::Warn };
        out += &lead(look, role, len, &look.folded(&(line + origin.doubt), 4));
        out += &look.folded(&format!("    {}", places.join("  ")), 4);
    }
    if row.kind == Kind::Inbound {
        for doubt in inbound_doubts(provider) {
            let line = look.folded(&format!("  not confirmed: {doubt}"), 4);
            out += &lead(look, Role::Warn, "  not confirmed".len(), &line);
        }
    }
    out.push('\n');
    for (at, page) in pages.iter().enumerate() {
        let when = if page.read.len() == 10 {
            "read on"
        } else {
            "as of"
        };
        out += &format!(
            "  [{}] {}, {when} {}\n      {}\n",
            at + 1,
            page.title,
            page.read,
            page.url
        );
    }
    out + "\n  Confirmed are the fields, their places and formats. The values are invented.\n"
}

/// Groups the locations in an example by provenance, the most certain first.
fn groups(provider: &Provider, row: &EventDef) -> Vec<(&'static Provenance, Vec<String>)> {
    let mut groups: Vec<(&Provenance, Vec<String>)> = Vec::new();
    for (place, origin) in known(provider, row) {
        let of = |one: &Provenance| (one.confidence, one.page, one.doubt);
        match groups.iter_mut().find(|(one, _)| of(one) == of(origin)) {
            Some((_, places)) => places.push(place),
            None => groups.push((origin, vec![place])),
        }
    }
    groups.sort_by_key(|(origin, _)| (!origin.doubt.is_empty(), origin.confidence));
    groups
}

fn title(provider: &Provider, look: PageStyle) -> String {
    format!("{}\n", look.palette.paint(Role::Bold, provider.title))
}

/// Returns the labels of a provider's page with their texts.
fn facts(provider: &Provider) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let documented = !provider.docs.is_empty();
    if documented {
        facts.push(("documented at", provider.docs.to_owned()));
    }
    for (at, text) in signing(provider).into_iter().enumerate() {
        facts.push((if at == 0 { "signed with" } else { "" }, text));
    }
    let habits = &provider.habits;
    // A custom scheme from the command line belongs to no provider, so nothing is known about its delivery.
    if documented {
        facts.push(("batching", fact(&habits.batching, "")));
        facts.push(("success", fact(&habits.success, "")));
        facts.push(("retries", fact(&habits.retries, "")));
        facts.push(("timeout", fact(&habits.timeout, " s")));
    }
    if let Some((newest, older)) = provider.versions().split_first() {
        let older: Vec<String> = older
            .iter()
            .map(|version| format!("{version} (`--native-version {version}`)"))
            .collect();
        facts.push((
            "versions",
            format!("{newest}, which is sent; {}", older.join(", ")),
        ));
    }
    let asked: Vec<String> = provider.conduct.handshake.iter().map(handshake).collect();
    let bounces: Vec<&str> = provider.bounces.iter().map(|bounce| bounce.name).collect();
    for (label, text) in [
        ("handshake", asked.join(", ")),
        ("bounces", bounces.join(", ")),
    ] {
        if !text.is_empty() {
            facts.push((label, text));
        }
    }
    facts
}

fn signed_with(provider: &Provider) -> String {
    let mut names: Vec<&str> = recipes(provider)
        .iter()
        .map(|one| one.algorithm.name())
        .collect();
    names.dedup();
    match names.as_slice() {
        [] | ["credentials"] => "nothing".into(),
        names => names.join(", "),
    }
}

fn events(provider: &Provider) -> String {
    match provider.conduct.batch {
        Batch::Never if provider.habits.batching == Fact::NotDocumented => "unknown".into(),
        Batch::Never => "1".into(),
        Batch::UpTo(most) => format!("1 to {most}"),
        Batch::Some | Batch::InList => "1 or more".into(),
    }
}

/// Returns the kinds of a provider as the shorter list: all of them, or all except a few.
fn kinds(provider: &Provider) -> String {
    let has = providers::kinds_of(provider);
    let all = || Kind::ALL.into_iter().filter(|kind| *kind != Kind::Other);
    let missing: Vec<&str> = all()
        .map(Kind::name)
        .filter(|name| !has.contains(name))
        .collect();
    match missing.len() {
        0 => "all".to_owned(),
        1..=4 => format!("all but {}", missing.join(", ")),
        _ => has
            .iter()
            .copied()
            .filter(|name| *name != "other")
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn signing(provider: &Provider) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = recipes(provider);
    while let Some(first) = rest.first().copied() {
        let (these, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| alike(one, first));
        rest = others;
        if first.algorithm == Algorithm::Credentials {
            lines.push("nothing; it sends the credentials that you configure".into());
            continue;
        }
        let places: Vec<String> = these.iter().map(|one| one.signature.name()).collect();
        let (by, covered) = (first.algorithm.name(), listed(&first.covers()));
        let over = if covered.is_empty() {
            String::new()
        } else {
            format!(" over {covered}")
        };
        let mut line = format!("{by}{over}; location: {}", places.join(", or in "));
        if let Some(uncovered) = first.uncovered {
            line += &format!(" ({uncovered})");
        }
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push("nothing".into());
    }
    lines
}

fn fact<T: std::fmt::Display>(fact: &Fact<T>, unit: &str) -> String {
    match fact {
        Fact::NotDocumented => "not documented".into(),
        Fact::Documented(said) => format!("{said}{unit}"),
        Fact::Unconfirmed(said, doubt) => format!("{said}{unit} (not confirmed: {doubt})"),
    }
}

fn told(doubt: &UnconfirmedFact, look: PageStyle) -> String {
    let what: Vec<&str> = doubt.what.iter().map(|place| spoken(place)).collect();
    let mut line = format!("  {}", what.join(", "));
    if !doubt.rows.is_empty() {
        line += &format!(" of {}", doubt.rows.join(", "));
    }
    if doubt.confidence == Confidence::Assumed {
        line += ", assumed";
    }
    let text = look.folded(&format!("{line}: {}", doubt.reason), 4);
    lead(look, Role::Warn, line.len(), &text)
}

fn handshake(asked: &Handshake) -> String {
    match asked {
        Handshake::Head => "a HEAD that must get 2xx".into(),
        Handshake::Get => "a GET that must get 2xx".into(),
        Handshake::Options => "an OPTIONS that asks for consent".into(),
        Handshake::EmptyBatch => "a batch without events".into(),
        Handshake::Event(native) => format!("`{native}`"),
        Handshake::Challenge(challenge) => match challenge.answer {
            Some(member) => format!(
                "`{}`, whose code must be returned as `{member}` with 200",
                challenge.event
            ),
            None => format!(
                "`{}`, whose code some webhooks expect as the whole response",
                challenge.event
            ),
        },
    }
}

/// Returns a location in words where its pattern alone says nothing.
fn spoken(place: &'static str) -> &'static str {
    match place {
        "" => "the whole request",
        "/" | "/*" => "the body",
        place => place,
    }
}

/// Joins words with commas and `and`.
fn listed(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Aligns cells in columns as wide as their content; the last is folded. The first row is the header.
fn columns<const N: usize>(table: &[[String; N]], look: PageStyle) -> String {
    let width = |at: usize| {
        let cells = table.iter().filter_map(|cells| cells.get(at));
        cells.map(String::len).max().unwrap_or_default() + 2
    };
    let indent = (0..N - 1).map(width).sum();
    let mut out = String::new();
    for (number, cells) in table.iter().enumerate() {
        let mut line = String::new();
        for (at, cell) in cells.iter().enumerate() {
            line += &format!(
                "{cell:width$}",
                width = if at + 1 == N { 0 } else { width(at) }
            );
        }
        let text = look.folded(line.trim_end(), indent);
        out += &match number {
            0 => lead(look, Role::Dim, text.len(), &text),
            _ => lead(look, Role::Kind, width(0), &text),
        };
    }
    out
}

/// Paints the first `len` bytes of a text.
fn lead(look: PageStyle, role: Role, len: usize, text: &str) -> String {
    match text.split_at_checked(len) {
        Some((head, rest)) => look.palette.paint(role, head) + rest,
        None => text.to_owned(),
    }
}

impl PageStyle<'_> {
    /// Folds a line of prose between words; further lines are indented.
    fn folded(self, line: &str, indent: usize) -> String {
        let indent = if indent > self.width / 2 { 4 } else { indent };
        wrap::prose(line, 0, indent, self.width) + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::{PageStyle, listed};
    use crate::report::Palette;

    #[test]
    fn long_lines_are_broken_between_words() {
        let line = format!("  label  {}", "word ".repeat(30).trim_end());
        let look = PageStyle {
            palette: &Palette::plain(),
            width: 100,
        };
        let text = look.folded(&line, 9);
        assert!(text.lines().count() == 2 && text.lines().all(|line| line.len() <= 100));
        assert!(text.lines().nth(1).unwrap().starts_with("         word"));
        assert_eq!(text.split_whitespace().count(), 31);
        assert_eq!(
            listed(&["id", "timestamp", "body"]),
            "id, timestamp and body"
        );
        assert_eq!(listed(&["body"]), "body");
    }
}
