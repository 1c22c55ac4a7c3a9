//! The catalogue as text to read: tables of providers, one provider's page, the fields of an example.

use crate::providers::{
    self, ALL, Batch, Fact, Handshake, Origin, Page, Provider, Row, SCHEMES, Standing,
};
use crate::webhook::{Algorithm, Fixture, Kind, Recipe};

/// Where lines are broken.
const WIDTH: usize = 100;

/// How far the text behind a label is indented.
const LABEL: usize = 17;

/// A line for each provider, then one for each scheme.
pub fn overview() -> String {
    let mut table = vec![["provider", "signed with", "events", "kinds"].map(str::to_owned)];
    table.extend(ALL.iter().map(|provider| {
        let name = provider.name.to_owned();
        [
            name,
            signed_with(provider),
            events(provider),
            kinds(provider),
        ]
    }));
    let mut out = columns(&table);
    let mut table = vec![["scheme", "signed with", "over"].map(str::to_owned)];
    table.extend(SCHEMES.iter().map(|scheme| {
        let covered = recipes(scheme).first().map(|one| listed(&one.covers()));
        [
            scheme.name.to_owned(),
            signed_with(scheme),
            covered.unwrap_or_default(),
        ]
    }));
    out.push('\n');
    out += &columns(&table);
    out += "\nOf events, a request tells so many. More of each: `webhook-cli events sendgrid`\n";
    out
}

/// All that is known of one provider, but its examples.
pub fn page(provider: &Provider) -> String {
    let mut out = format!("{}\n", provider.title);
    let mut say = |label: &str, text: &str| {
        out += &folded(
            &format!("  {label:<width$}{text}", width = LABEL - 2),
            LABEL,
        );
    };
    say("documented at", provider.docs);
    for (at, text) in signing(provider).iter().enumerate() {
        say(if at == 0 { "signed with" } else { "" }, text);
    }
    let habits = &provider.habits;
    say("batching", &fact(&habits.batching, ""));
    say("success", &fact(&habits.success, ""));
    say("retries", &fact(&habits.retries, ""));
    say("timeout", &fact(&habits.timeout, " s"));
    if !provider.conduct.handshake.is_empty() {
        let asked: Vec<String> = provider.conduct.handshake.iter().map(handshake).collect();
        say("handshake", &asked.join(", "));
    }
    if !provider.bounces.is_empty() {
        let names: Vec<&str> = provider.bounces.iter().map(|bounce| bounce.name).collect();
        say("bounces", &names.join(", "));
    }
    out.push('\n');
    for row in sendable(provider) {
        let class = row
            .bounce
            .map(|class| format!("  {}", class.name()))
            .unwrap_or_default();
        out += &format!("  {:<12} {}{class}\n", row.kind.name(), row.native);
    }
    if provider.rows.is_empty() {
        let name = provider.name;
        out += &format!(
            "  It has no kinds. To sign a body of yours: `webhook-cli send --data BODY --scheme {name}`\n"
        );
    }
    let doubts: String = doubts(provider)
        .iter()
        .filter(|doubt| !doubt.habit)
        .map(told)
        .collect();
    if !doubts.is_empty() {
        out += &format!("\n  Of its fields, not confirmed:\n{doubts}");
    }
    out
}

/// What is assumed or not confirmed of a provider.
pub fn unconfirmed(provider: &Provider) -> String {
    let doubts: String = doubts(provider).iter().map(told).collect();
    if doubts.is_empty() {
        return format!("{}\n  nothing\n\n", provider.title);
    }
    format!("{}\n{doubts}\n", provider.title)
}

/// The fields of a row's example by where they are known from, the surest first, and the pages.
pub fn provenance(provider: &Provider, row: &Row) -> String {
    let mut groups: Vec<(&Origin, Vec<String>)> = Vec::new();
    for (place, origin) in known(provider, row) {
        let same = |one: &Origin| {
            (one.standing, one.page, one.doubt) == (origin.standing, origin.page, origin.doubt)
        };
        match groups.iter_mut().find(|(one, _)| same(one)) {
            Some((_, places)) => places.push(place),
            None => groups.push((origin, vec![place])),
        }
    }
    groups.sort_by_key(|(origin, _)| (!origin.doubt.is_empty(), origin.standing));
    let mut pages: Vec<&Page> = Vec::new();
    let mut out = String::new();
    for (origin, places) in &groups {
        let mut line = format!("  {}", origin.standing.name());
        if let Some(page) = origin.page {
            let known = pages.iter().position(|one| *one == page);
            line += &format!(" [{}]", known.unwrap_or(pages.len()) + 1);
            if known.is_none() {
                pages.push(page);
            }
        }
        line += match (origin.doubt, origin.standing) {
            ("", _) => "",
            (_, Standing::Assumed) => ": ",
            (_, Standing::Documented | Standing::Captured) => ", not confirmed: ",
        };
        out += &folded(&(line + origin.doubt), 4);
        out += &folded(&format!("    {}", places.join("  ")), 4);
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
    out += "\n  This is about the fields, their places and forms. The values are invented.\n";
    out
}

/// The places of a row's example that hold a value, with what is known of each.
pub fn known(provider: &Provider, row: &Row) -> Vec<(String, &'static Origin)> {
    let fields = provider.fields(row).into_iter();
    fields
        .filter_map(|place| {
            let origin = provider.origins_of(row, &place).first().copied()?;
            Some((place, origin))
        })
        .collect()
}

/// The rows that have an example.
pub fn sendable(provider: &Provider) -> impl Iterator<Item = &'static Row> {
    provider.rows.iter().filter(|row| !row.example.is_empty())
}

/// The bytes of an example: the body, or the query where that tells the event.
pub fn payload(row: &Row) -> Vec<u8> {
    // An example that could not be read would have failed the tests.
    let Ok(Fixture { delivery, .. }) = Fixture::read(row.example.as_bytes()) else {
        return Vec::new();
    };
    match delivery.told_by_query() {
        Some(query) => query.as_bytes().to_vec(),
        None => delivery.body.to_vec(),
    }
}

/// Something that is not sure.
pub struct Doubt {
    /// The places in the examples, or the habit.
    pub what: &'static [&'static str],
    /// Whether it is about how the provider delivers.
    pub habit: bool,
    /// The rows, by their native names; all if empty.
    pub rows: &'static [&'static str],
    /// How sure we are.
    pub standing: Standing,
    /// What is in doubt, or why it is assumed.
    pub reason: &'static str,
}

/// All that is not sure of a provider.
pub fn doubts(provider: &Provider) -> Vec<Doubt> {
    let habits = &provider.habits;
    let facts: [(&'static [&'static str], _); 4] = [
        (&["batching"], habits.batching.doubt()),
        (&["success"], habits.success.doubt()),
        (&["retries"], habits.retries.doubt()),
        (&["timeout"], habits.timeout.doubt()),
    ];
    let facts = facts.into_iter().filter_map(|(what, doubt)| {
        Some(Doubt {
            what,
            habit: true,
            rows: &[],
            standing: Standing::Documented,
            reason: doubt?,
        })
    });
    let origins = provider.origins.iter().filter(|one| !one.doubt.is_empty());
    let fields = origins.map(|origin| Doubt {
        what: origin.places,
        habit: false,
        rows: origin.rows,
        standing: origin.standing,
        reason: origin.doubt,
    });
    facts.chain(fields).collect()
}

/// Each way of signing once, although recipes may share it.
pub fn recipes(provider: &Provider) -> Vec<&'static Recipe> {
    let mut seen: Vec<&'static Recipe> = Vec::new();
    for recipe in provider.schemes.iter().copied() {
        let same = |one: &&Recipe| alike(one, recipe) && one.signature == recipe.signature;
        if !seen.iter().any(same) {
            seen.push(recipe);
        }
    }
    seen
}

fn alike(one: &Recipe, other: &Recipe) -> bool {
    one.algorithm.name() == other.algorithm.name()
        && one.covers() == other.covers()
        && one.uncovered == other.uncovered
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
        Batch::Some => "1 or more".into(),
    }
}

/// The kinds that a provider has, in the fewest words.
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
            lines.push("nothing; it carries the credentials that you demand".into());
            continue;
        }
        let places: Vec<String> = these.iter().map(|one| one.signature.name()).collect();
        let (by, covered) = (first.algorithm.name(), listed(&first.covers()));
        let mut line = format!(
            "{by} over {covered}; it stands in {}",
            places.join(", or in ")
        );
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

fn told(doubt: &Doubt) -> String {
    let what: Vec<&str> = doubt.what.iter().map(|place| spoken(place)).collect();
    let mut line = format!("  {}", what.join(", "));
    if !doubt.rows.is_empty() {
        line += &format!(" of {}", doubt.rows.join(", "));
    }
    line += if doubt.standing == Standing::Assumed {
        ", assumed: "
    } else {
        ": "
    };
    folded(&(line + doubt.reason), 4)
}

fn handshake(asked: &Handshake) -> String {
    match asked {
        Handshake::Head => "a HEAD that wants success".into(),
        Handshake::Get => "a GET that wants success".into(),
        Handshake::Options => "an OPTIONS that asks for consent".into(),
        Handshake::EmptyBatch => "a batch without events".into(),
        Handshake::Event(native) => format!("`{native}`"),
    }
}

/// A place in words, where a pattern alone says nothing.
fn spoken(place: &'static str) -> &'static str {
    match place {
        "" => "the whole request",
        "/" | "/*" => "the body",
        place => place,
    }
}

/// Words with commas and an `and`.
fn listed(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Lines in columns, as wide as they need to be; the last is folded.
fn columns<const N: usize>(table: &[[String; N]]) -> String {
    let width = |at: usize| {
        let cells = table.iter().filter_map(|cells| cells.get(at));
        cells.map(String::len).max().unwrap_or_default() + 2
    };
    let indent = (0..N - 1).map(width).sum();
    let mut out = String::new();
    for cells in table {
        let mut line = String::new();
        for (at, cell) in cells.iter().enumerate() {
            line += &format!(
                "{cell:width$}",
                width = if at + 1 == N { 0 } else { width(at) }
            );
        }
        out += &folded(line.trim_end(), indent);
    }
    out
}

/// A line broken between words where it is too long, the rest indented.
fn folded(line: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        let len = word.trim_end().chars().count();
        if column + len > WIDTH && column > indent {
            out.truncate(out.trim_end().len());
            out += &format!("\n{:indent$}", "");
            column = indent;
        }
        out += word;
        column += word.chars().count();
    }
    out + "\n"
}

#[cfg(test)]
mod tests {
    use super::{folded, listed};

    #[test]
    fn long_lines_are_broken_between_words() {
        let line = format!("  label  {}", "word ".repeat(30).trim_end());
        let text = folded(&line, 9);
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
